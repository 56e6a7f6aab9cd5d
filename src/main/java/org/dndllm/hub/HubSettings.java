package org.dndllm.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dndllm.InvalidInputException;

/**
 * Where the hub and its cache are, by the environment variables that the hub's own tools read: {@code HF_ENDPOINT},
 * {@code HF_HOME}, {@code HF_HUB_CACHE}, {@code HF_TOKEN}, {@code HF_TOKEN_PATH}, {@code HF_HUB_OFFLINE} and
 * {@code XDG_CACHE_HOME}. An empty variable counts as unset.
 *
 * @param endpoint address of the hub, without a slash at the end
 * @param cache folder that holds the repositories' folders
 * @param token the user's secret, if any
 * @param tokenFile where a token is looked for when no variable has it
 * @param offline whether the network must not be touched
 */
public record HubSettings(URI endpoint, Path cache, Optional<AccessToken> token, Path tokenFile, boolean offline) {
    private static final String PUBLIC_HUB = "https://huggingface.co";
    private static final Set<String> YES = Set.of("1", "true", "yes", "on");

    /** Settings of this process. */
    public static HubSettings fromEnvironment() {
        return of(System.getenv(), Path.of(System.getProperty("user.home", ".")));
    }

    /**
     * Settings of an environment.
     *
     * @param home the user's home folder
     * @throws InvalidInputException when a variable or the token file is malformed
     */
    static HubSettings of(Map<String, String> environment, Path home) {
        Path base = path(environment, "HF_HOME", home)
                .orElseGet(() -> path(environment, "XDG_CACHE_HOME", home)
                        .orElseGet(() -> home.resolve(".cache"))
                        .resolve("huggingface"));
        Path tokenFile = path(environment, "HF_TOKEN_PATH", home).orElseGet(() -> base.resolve("token"));
        boolean offline = value(environment, "HF_HUB_OFFLINE")
                .map(text -> YES.contains(text.toLowerCase(Locale.ROOT)))
                .orElse(false);
        return new HubSettings(
                endpoint(value(environment, "HF_ENDPOINT").orElse(PUBLIC_HUB)),
                path(environment, "HF_HUB_CACHE", home)
                        .orElseGet(() -> base.resolve("hub"))
                        .toAbsolutePath(),
                value(environment, "HF_TOKEN")
                        .map(text -> new AccessToken(text, "HF_TOKEN"))
                        .or(() -> readToken(tokenFile)),
                tokenFile,
                offline);
    }

    /** The same, but never touching the network. */
    public HubSettings withoutNetwork() {
        return new HubSettings(endpoint, cache, token, tokenFile, true);
    }

    /** The address of a path on the hub. */
    URI address(String path) {
        return URI.create(endpoint + path);
    }

    /** Whether an address is the hub's own, so that it may see the token. */
    boolean isHub(URI address) {
        return endpoint.getScheme().equalsIgnoreCase(address.getScheme())
                && endpoint.getHost().equalsIgnoreCase(address.getHost())
                && port(endpoint) == port(address);
    }

    private static int port(URI address) {
        if (address.getPort() >= 0) {
            return address.getPort();
        }
        return "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
    }

    private static URI endpoint(String text) {
        try {
            URI endpoint = new URI(text.replaceAll("/+$", ""));
            boolean web =
                    "http".equalsIgnoreCase(endpoint.getScheme()) || "https".equalsIgnoreCase(endpoint.getScheme());
            if (web && endpoint.getHost() != null && endpoint.getQuery() == null && endpoint.getFragment() == null) {
                return endpoint;
            }
        } catch (URISyntaxException e) {
            throw new InvalidInputException("environment", "HF_ENDPOINT", notAnAddress(text), e);
        }
        throw new InvalidInputException("environment", "HF_ENDPOINT", notAnAddress(text));
    }

    private static String notAnAddress(String text) {
        return "'" + RepoPath.printable(text)
                + "' is not an address of a hub; expected such as http://host:port, or unset it";
    }

    private static Optional<AccessToken> readToken(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(file).strip())
                    .filter(text -> !text.isEmpty())
                    .map(text -> new AccessToken(text, file.toString()));
        } catch (IOException e) {
            throw new InvalidInputException(
                    file.toString(), "token", "cannot be read (" + e + "); mend it, remove it or set HF_TOKEN", e);
        }
    }

    private static Optional<String> value(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(text -> !text.isEmpty());
    }

    private static Optional<Path> path(Map<String, String> environment, String name, Path home) {
        return value(environment, name)
                .map(text -> text.equals("~") || text.startsWith("~/") ? home + text.substring(1) : text)
                .map(Path::of);
    }
}
