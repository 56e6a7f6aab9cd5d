package org.dndllm.serve.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dndllm.format.JsonValue;

/**
 * Chromium under Playwright's driver, which npm fetches once into {@code target/browser}. Tests that need it skip, with the
 * reason, on a machine that lacks Chromium, Node.js, npm or a registry.
 *
 * @param driver folder of the unpacked driver
 */
record Browser(Path chromium, Path node, Path driver) {
    private static final Path ROOT =
            Path.of(System.getProperty("dnd.root", ".")).toAbsolutePath().normalize();
    private static final Path SCRIPTS = ROOT.resolve("src/test/browser");
    private static final String PACKAGE = "playwright-core@1.65.1";
    private static final String INTEGRITY =
            "hqPpz7blSMPxWVdoeE1yiBSzXsKiVOd2k+kjCvmUywD2GPO2Dd9HfcWnq9NN0GHbNZDFgZ9JfBFr+X5/BLo0qw==";
    private static final List<String> CHROMIUM =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    /** As root and without a network: nothing of Chromium's own may be fetched either. */
    static final List<String> FLAGS = List.of(
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync");

    /** A line that a script printed. */
    record Check(String name, boolean ok, String detail) {
        private static Check of(String line) {
            JsonValue.Obj json = JsonValue.parse(line, line).asObject(line);
            return new Check(json.string("name"), json.bool("ok"), json.string("detail"));
        }
    }

    /** What a program printed and how it ended. */
    private record Ended(int code, String out, String err) {}

    /** Skips the test where something is missing. */
    static Browser orSkip() {
        Path chromium = Optional.ofNullable(System.getenv("DND_CHROMIUM"))
                .map(Path::of)
                .or(() -> CHROMIUM.stream()
                        .map(Browser::find)
                        .flatMap(Optional::stream)
                        .findFirst())
                .orElseGet(() -> abort("no Chromium on the PATH; install it, or name it with DND_CHROMIUM"));
        return new Browser(chromium, nodeOrSkip(), fetchDriver());
    }

    /** Node.js alone, for what needs no browser. */
    static Path nodeOrSkip() {
        return find("node").orElseGet(() -> abort("no node on the PATH; install Node.js"));
    }

    private static Optional<Path> find(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Path fetchDriver() {
        Path folder = ROOT.resolve("target/browser").resolve(PACKAGE.replace('@', '-'));
        if (Files.isRegularFile(folder.resolve("package/package.json"))) {
            return folder.resolve("package");
        }
        Path npm = find("npm").orElseGet(() -> abort("no npm on the PATH; install Node.js with npm"));
        try {
            Files.createDirectories(folder);
            Ended fetched = run(folder, 120, npm.toString(), "pack", PACKAGE, "--silent");
            if (fetched.code() != 0) {
                abort("npm cannot fetch " + PACKAGE + ": " + fetched.err().strip());
            }
            Path archive = folder.resolve(fetched.out().strip());
            assertThat(sha512(archive)).as("integrity of %s", PACKAGE).isEqualTo(INTEGRITY);
            Ended unpacked = run(folder, 60, "tar", "-xzf", archive.toString());
            assertThat(unpacked.code()).as(unpacked.err()).isZero();
            return folder.resolve("package");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String sha512(Path file) throws IOException {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-512").digest(Files.readAllBytes(file));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** Runs a script of {@code src/test/browser} to its end. */
    static List<Check> checks(Path node, String script, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(node.toString(), SCRIPTS.resolve(script).toString()));
        command.addAll(List.of(arguments));
        Ended ended = run(SCRIPTS, 240, command.toArray(String[]::new));
        assertThat(ended.code())
                .as("%s: %s%s", script, ended.err(), ended.out())
                .isZero();
        return ended.out()
                .lines()
                .filter(line -> line.startsWith("{"))
                .map(Check::of)
                .toList();
    }

    private static Ended run(Path folder, int seconds, String... command) {
        try {
            Path out = Files.createTempFile("out", ".txt");
            Path err = Files.createTempFile("err", ".txt");
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor();
            }
            Ended result = new Ended(
                    ended ? process.exitValue() : -1,
                    Files.readString(out, StandardCharsets.UTF_8),
                    Files.readString(err, StandardCharsets.UTF_8) + (ended ? "" : "ended after " + seconds + " s"));
            Files.delete(out);
            Files.delete(err);
            return result;
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
