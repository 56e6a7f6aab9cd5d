package org.dndllm.hub;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/** The two questions that a download asks the hub: which files are there, and what is a file's hash and size. */
final class HubApi {
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final int LONGEST_LISTING = 64 << 20;

    private final HubHttp http;
    private final HubSettings settings;
    private final Wait wait;

    HubApi(HubHttp http, HubSettings settings, Wait wait) {
        this.http = http;
        this.settings = settings;
        this.wait = wait;
    }

    /**
     * A repository at a revision.
     *
     * @param commit the commit that the revision names now
     * @param names its files, each safe as a path below a folder
     */
    record Listing(String commit, List<String> names) {}

    static boolean isCommit(String text) {
        return COMMIT.matcher(text).matches();
    }

    /** @throws InvalidInputException when there is no such repository or revision, or the answer is malformed */
    Listing list(RepoId repo, String revision) {
        String path = repo.apiPath(revision);
        String source = settings.address(path).toString();
        byte[] json = new Retry(repo + " at " + revision, wait).untilDone(() -> {
            try (HubHttp.Answer answer = http.get(path, Map.of())) {
                if (answer.status() != 200) {
                    throw http.refusal(repo, answer, "revision '" + revision + "'");
                }
                return answer.body().all(LONGEST_LISTING);
            } catch (IOException e) {
                throw new InvalidInputException(source, "listing", "has " + e.getMessage() + "; is it a hub?", e);
            }
        });
        JsonValue.Obj root = JsonValue.parse(json, source).asObject(source);
        String commit = root.string("sha");
        if (!isCommit(commit)) {
            throw new InvalidInputException(
                    source, "sha", "'" + RepoPath.printable(commit) + "' is no commit; expected 40 hexadecimal digits");
        }
        List<String> names = root.array("siblings").objects().stream()
                .map(sibling -> sibling.string("rfilename"))
                .toList();
        names.forEach(name -> refuseUnsafe(source, name));
        return new Listing(commit, names);
    }

    private static void refuseUnsafe(String source, String name) {
        if (!RepoPath.isSafe(name)) {
            throw new InvalidInputException(
                    source,
                    "rfilename",
                    "'" + RepoPath.printable(name)
                            + "' could lead out of the cache or has no form on this system; nothing was fetched,"
                            + " do not trust this repository");
        }
    }

    /** @throws InvalidInputException when there is no such file, or the hub does not say its hash and size */
    RemoteFile describe(RepoId repo, String commit, String name) {
        String path = repo.filePath(commit, name);
        return new Retry(repo + "/" + name, wait).untilDone(() -> {
            try (HubHttp.Answer answer = http.head(path)) {
                if (answer.status() >= 400) {
                    throw http.refusal(repo, answer, "file '" + RepoPath.printable(name) + "'");
                }
                return new RemoteFile(name, hash(answer, path), size(answer, path));
            }
        });
    }

    private ContentHash hash(HubHttp.Answer answer, String path) {
        Optional<String> etag = answer.header("x-linked-etag").or(() -> answer.header("etag"));
        return etag.flatMap(ContentHash::ofEtag)
                .orElseThrow(() -> new InvalidInputException(
                        settings.address(path).toString(),
                        "ETag",
                        etag.map(text -> "'" + RepoPath.printable(text) + "' is no hash")
                                        .orElse("is missing")
                                + ", so the content could not be verified; expected SHA-256 or git's SHA-1, check"
                                + " HF_ENDPOINT"));
    }

    private long size(HubHttp.Answer answer, String path) {
        return answer.header("x-linked-size")
                // the length of a redirect's own body says nothing of the file
                .or(() -> answer.status() == 200 ? answer.header("content-length") : Optional.empty())
                .filter(text -> text.matches("[0-9]{1,18}"))
                .map(Long::parseLong)
                .orElseThrow(() -> new InvalidInputException(
                        settings.address(path).toString(),
                        "X-Linked-Size",
                        "is missing or no number; expected the file's bytes there or in Content-Length, check"
                                + " HF_ENDPOINT"));
    }
}
