package org.dndllm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dndllm.hub.PullFixture.MODEL;
import static org.dndllm.hub.PullFixture.REPO;
import static org.dndllm.hub.PullFixture.random;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.dndllm.EnvironmentException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a pull leaves in the cache, from a server that behaves. */
class HubPullTest {
    private static final byte[] CONFIG = "{\"a\": 1}\n".getBytes(StandardCharsets.UTF_8);
    private static final byte[] WEIGHTS = random(300_000);

    @TempDir
    Path cache;

    private HubServer server;
    private PullFixture fixture;

    @BeforeEach
    void start() throws IOException {
        server = HubServer.withModel(REPO).small("config.json", CONFIG).large("sub dir/model.gguf", WEIGHTS);
        fixture = new PullFixture(server, cache);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void pull_wholeRepository_leavesTheStandardLayout() throws IOException {
        Pulled pulled = fixture.pull();

        String config = HubServer.gitSha1(CONFIG);
        String weights = HubServer.sha256(WEIGHTS);
        String snapshot = "snapshots/" + HubServer.COMMIT;
        assertThat(fixture.tree())
                .containsExactlyInAnyOrder(
                        "blobs/" + config,
                        "blobs/" + weights,
                        snapshot + "/config.json",
                        snapshot + "/sub dir/model.gguf",
                        "refs/main");
        assertThat(fixture.blob(weights)).hasBinaryContent(WEIGHTS);
        assertThat(fixture.repo().resolve("refs/main")).hasContent(HubServer.COMMIT);
        assertThat(Files.readSymbolicLink(fixture.shown("config.json"))).isEqualTo(Path.of("../../blobs/" + config));
        assertThat(Files.readSymbolicLink(fixture.shown("sub dir/model.gguf")))
                .isEqualTo(Path.of("../../../blobs/" + weights));
        assertThat(fixture.shown("sub dir/model.gguf")).hasBinaryContent(WEIGHTS);
        assertThat(pulled.path()).isEqualTo(fixture.repo().resolve(snapshot));
        assertThat(pulled.downloadedBytes()).isEqualTo(CONFIG.length + WEIGHTS.length);
    }

    @Test
    void pull_again_fetchesAndLocksNothing() throws IOException {
        fixture.pull();
        Files.move(cache.resolve(".locks"), cache.resolve("locks before"));

        Pulled again = fixture.pull();

        assertThat(cache.resolve(".locks")).doesNotExist();
        assertThat(again.downloadedBytes()).isZero();
        assertThat(again.bytes()).isEqualTo(CONFIG.length + WEIGHTS.length);
        assertThat(server.contentRequests()).hasSize(1);
    }

    @Test
    void pull_exactName_onlyThatFileAndItsPath() {
        Pulled pulled = fixture.pull("sub dir/model.gguf");

        assertThat(pulled.path()).isEqualTo(fixture.shown("sub dir/model.gguf"));
        assertThat(fixture.shown("config.json")).doesNotExist();
    }

    @Test
    void pull_modelInParts_pathOfTheFirst() {
        server.large("m-00002-of-00002.gguf", random(10)).large("m-00001-of-00002.gguf", random(11));
        FileSelection parts = FileSelection.of(List.of(), List.of("m-*.gguf"));

        Pulled pulled = fixture.pull(new PullRequest(MODEL, "main", parts));

        assertThat(pulled.path()).isEqualTo(fixture.shown("m-00001-of-00002.gguf"));
    }

    @Test
    void pull_emptyFile_isThere() {
        server.small("empty", new byte[0]);

        Pulled pulled = fixture.pull("empty");

        assertThat(pulled.path()).exists().isEmptyFile();
    }

    @Test
    void pull_revisions_nameTheCommit() throws IOException {
        for (String revision : List.of("v1.0", "refs/pr/1", HubServer.COMMIT)) {
            fixture.pull(new PullRequest(MODEL, revision, FileSelection.ALL));
        }

        assertThat(fixture.repo().resolve("refs/v1.0")).hasContent(HubServer.COMMIT);
        assertThat(fixture.repo().resolve("refs/refs/pr/1")).hasContent(HubServer.COMMIT);
        assertThat(fixture.tree()).filteredOn(path -> path.startsWith("refs/")).hasSize(2);
    }

    @Test
    void pull_dataset_hasItsOwnAddressesAndFolder() throws IOException {
        try (HubServer other = HubServer.withDataset("owner/set").large("a/x.bin", WEIGHTS)) {
            RepoId set = new RepoId(RepoType.DATASET, "owner/set");

            Pulled pulled = new PullFixture(other, cache).pull(new PullRequest(set, "main", FileSelection.ALL));

            assertThat(pulled.path()).hasBinaryContent(WEIGHTS);
            assertThat(cache.resolve("datasets--owner--set/refs/main")).exists();
        }
    }

    @Test
    void pull_tokenGoesToTheHubAndNotToTheContentServer() {
        fixture.token("hf_secret").pull();

        assertThat(server.requests())
                .filteredOn(HubServer.Request::fromHub)
                .extracting(HubServer.Request::authorization)
                .containsOnly("Bearer hf_secret");
        assertThat(server.contentRequests())
                .extracting(HubServer.Request::authorization)
                .containsOnly("");
    }

    @Test
    void pull_withoutSymbolicLinks_copies() throws IOException {
        Disk noLinks = new PullFixture.RealDisk() {
            @Override
            public void link(Path link, Path target) {
                throw new UnsupportedOperationException("no links here");
            }
        };

        fixture.disk(noLinks).pull();
        Pulled again = fixture.pull();

        assertThat(fixture.shown("sub dir/model.gguf"))
                .hasBinaryContent(WEIGHTS)
                .matches(path -> !Files.isSymbolicLink(path));
        assertThat(again.downloadedBytes()).isZero();
    }

    /** huggingface_hub without links moves the content into the snapshot and leaves no blob. */
    @Test
    void pull_snapshotWithoutBlob_isTaken() throws IOException {
        Files.createDirectories(fixture.shown("config.json").getParent());
        Files.write(fixture.shown("config.json"), CONFIG);

        assertThat(fixture.pull("config.json").downloadedBytes()).isZero();
    }

    @Test
    void pull_blobCutShortByAnotherTool_isFetchedAgain() throws IOException {
        fixture.pull();
        Path blob = fixture.blob(HubServer.sha256(WEIGHTS));
        Files.write(blob, new byte[5]);

        fixture.pull();

        assertThat(fixture.shown("sub dir/model.gguf")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void pull_severalFiles_atTheSameTime() {
        CyclicBarrier together = new CyclicBarrier(3);
        List<byte[]> contents = List.of(random(20), random(21), random(22));
        for (byte[] content : contents) {
            server.large("n" + content.length, content);
        }
        server.on(HubServer::isContent, 3, exchange -> {
            try {
                together.await(300, TimeUnit.SECONDS); // passes only when three are served at once
            } catch (Exception e) {
                throw new IOException(e);
            }
            HubServer.bytes(server.contentOf(exchange)).answer(exchange);
        });

        Pulled pulled = fixture.pull("n20", "n21", "n22");

        assertThat(pulled.files()).extracting(PulledFile::name).containsExactly("n20", "n21", "n22");
        assertThat(fixture.pauses).isEmpty();
    }

    @Test
    void pull_sameFileByTwoThreads_isFetchedOnce() throws Exception {
        CountDownLatch started = new CountDownLatch(2);
        server.on(HubServer::isHead, 2, exchange -> {
            started.countDown();
            await(started); // both know that the file is missing before either fetches it
            byte[] size = String.valueOf(WEIGHTS.length).getBytes(StandardCharsets.UTF_8);
            HubServer.status(
                            200,
                            "X-Linked-Etag",
                            HubServer.sha256(WEIGHTS),
                            "X-Linked-Size",
                            new String(size, StandardCharsets.UTF_8))
                    .answer(exchange);
        });
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Pulled>> both = threads.invokeAll(
                    List.of(() -> fixture.pull("sub dir/model.gguf"), () -> fixture.pull("sub dir/model.gguf")));

            assertThat(both.get(0).get().path())
                    .isEqualTo(both.get(1).get().path())
                    .hasBinaryContent(WEIGHTS);
        }
        assertThat(server.contentRequests()).hasSize(1);
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            assertThat(latch.await(300, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void pull_progress_growsToTheTotal() {
        List<Long> seen = Collections.synchronizedList(new ArrayList<>());

        fixture.hub().pull(new PullRequest(MODEL, "main", FileSelection.ALL), 2, (done, total) -> {
            assertThat(total).isEqualTo(CONFIG.length + WEIGHTS.length);
            seen.add(done);
        });

        assertThat(seen).isSorted().last().isEqualTo((long) CONFIG.length + WEIGHTS.length);
    }

    @Test
    void offline_afterAPull_findsWithoutAsking() {
        fixture.pull();
        int asked = server.requests().size();
        PullFixture offline = new PullFixture(server, cache).offline();

        Pulled whole = offline.pull();
        Pulled one = offline.pull("sub dir/model.gguf");

        assertThat(whole.files()).extracting(PulledFile::name).containsExactly("config.json", "sub dir/model.gguf");
        assertThat(one.path()).hasBinaryContent(WEIGHTS);
        assertThat(one.offline()).isTrue();
        assertThat(server.requests()).hasSize(asked);
    }

    @Test
    void offline_notInTheCache_saysWhatIsThereAndWhatForbidsToFetch() {
        fixture.offline();
        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining(REPO)
                .hasMessageContaining("nothing of it")
                .hasMessageContaining("HF_HUB_OFFLINE");

        new PullFixture(server, cache).pull("config.json");
        assertThatThrownBy(() -> fixture.pull("sub dir/model.gguf"))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("sub dir/model.gguf")
                .hasMessageContaining("which has config.json");
    }
}
