package org.dndllm.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** A hub client over an empty cache, with pauses that are counted instead of waited. */
final class PullFixture {
    static final String REPO = "owner/model";
    static final RepoId MODEL = new RepoId(RepoType.MODEL, REPO);
    static final long SEED = 20260101;

    final Path cache;
    final List<Duration> pauses = new CopyOnWriteArrayList<>();
    private final URI endpoint;
    private Optional<AccessToken> token = Optional.empty();
    private Disk disk = Disk.REAL;
    private boolean offline;
    private Duration patience = Duration.ofSeconds(120);

    PullFixture(HubServer server, Path cache) {
        this.endpoint = server.address();
        this.cache = cache;
    }

    PullFixture token(String value) {
        token = Optional.of(new AccessToken(value, "HF_TOKEN"));
        return this;
    }

    PullFixture disk(Disk given) {
        disk = given;
        return this;
    }

    PullFixture offline() {
        offline = true;
        return this;
    }

    PullFixture patience(Duration given) {
        patience = given;
        return this;
    }

    Hub hub() {
        HubSettings settings = new HubSettings(endpoint, cache, token, cache.resolve("token"), offline);
        return Hub.of(settings, disk, pauses::add, patience);
    }

    Pulled pull(String... names) {
        return pull(new PullRequest(MODEL, PullRequest.MAIN, FileSelection.of(List.of(names), List.of())));
    }

    Pulled pull(PullRequest request) {
        return hub().pull(request, 3, PullProgress.NONE);
    }

    Path repo() {
        return cache.resolve("models--owner--model");
    }

    Path blob(String hash) {
        return repo().resolve("blobs").resolve(hash);
    }

    Path partial(byte[] content) {
        return blob(HubServer.sha256(content) + ".dnd.incomplete");
    }

    Path shown(String name) {
        return repo().resolve("snapshots").resolve(HubServer.COMMIT).resolve(name);
    }

    /** Every file and link of the repository, relative, sorted. */
    List<String> tree() throws IOException {
        if (!Files.exists(repo())) {
            return List.of();
        }
        try (Stream<Path> entries = Files.walk(repo())) {
            return entries.filter(path -> !Files.isDirectory(path))
                    .map(path -> repo().relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(SEED + length).nextBytes(bytes);
        return bytes;
    }

    /** The real disk but for what a test overrides. */
    static class RealDisk implements Disk {
        @Override
        public long usableBytes(Path folder) throws IOException {
            return Disk.REAL.usableBytes(folder);
        }

        @Override
        public void write(FileChannel channel, ByteBuffer bytes) throws IOException {
            Disk.REAL.write(channel, bytes);
        }

        @Override
        public void link(Path link, Path target) throws IOException {
            Disk.REAL.link(link, target);
        }
    }
}
