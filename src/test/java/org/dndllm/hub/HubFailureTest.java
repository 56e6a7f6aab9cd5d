package org.dndllm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dndllm.hub.PullFixture.MODEL;
import static org.dndllm.hub.PullFixture.REPO;
import static org.dndllm.hub.PullFixture.random;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Cut connections, broken servers, wrong content, a full disk: what is refused, what is kept, what a user reads. */
class HubFailureTest {
    private static final byte[] WEIGHTS = random(300_000);
    private static final String HASH = HubServer.sha256(WEIGHTS);
    private static final String FILE = "model.gguf";

    @TempDir
    Path cache;

    private HubServer server;
    private PullFixture fixture;

    @BeforeEach
    void start() throws IOException {
        server = HubServer.withModel(REPO).large(FILE, WEIGHTS);
        fixture = new PullFixture(server, cache);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void cutConnection_goesOnWhereItWas() {
        server.on(HubServer::isContent, 1, server.cutAfter(100_000));

        Pulled pulled = fixture.pull();

        assertThat(pulled.path()).hasBinaryContent(WEIGHTS);
        assertThat(server.contentRequests()).hasSize(2);
        assertThat(server.contentRequests().getFirst().range()).isEmpty();
        assertThat(server.contentRequests().getLast().range()).matches("bytes=[1-9]\\d*-");
        assertThat(fixture.pauses).containsExactly(Duration.ofMillis(500));
    }

    /** Each piece brings something, so no number of cuts is too many. */
    @Test
    void cutAgainAndAgain_withProgress_arrives() {
        server.on(HubServer::isContent, 12, server.cutAfter(20_000));

        assertThat(fixture.pull().path()).hasBinaryContent(WEIGHTS);
        assertThat(fixture.pauses).hasSize(12).containsOnly(Duration.ofMillis(500));
    }

    @Test
    void cutForGood_givesUpKeepsThePartAndTheNextPullGoesOn() throws IOException {
        server.on(HubServer::isContent, 1, server.cutAfter(100_000)).on(HubServer::isContent, 4, server.cutAfter(0));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("owner/model/model.gguf")
                .hasMessageContaining("5 times in a row")
                .hasMessageContaining("is kept");
        assertThat(fixture.tree()).containsExactly("blobs/" + HASH + ".dnd.incomplete");
        long kept = Files.size(fixture.partial(WEIGHTS));
        assertThat(kept).isBetween(1L, 100_000L);

        Pulled pulled = new PullFixture(server, cache).pull();

        assertThat(pulled.path()).hasBinaryContent(WEIGHTS);
        assertThat(server.contentRequests().getLast().range()).isEqualTo("bytes=" + kept + "-");
        assertThat(fixture.partial(WEIGHTS)).doesNotExist();
    }

    @Test
    void resume_serverIgnoresRange_startsAgain() throws IOException {
        leavePart(Arrays.copyOf(WEIGHTS, 70_000));
        server.on(HubServer::isContent, 1, HubServer.bytes(WEIGHTS));

        assertThat(fixture.pull().path()).hasBinaryContent(WEIGHTS);
        assertThat(server.contentRequests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes 5-9/10", "bytes 70000-299999/300001", "pages 1-2/3", ""})
    void resume_serverSendsAnotherPart_startsAgain(String range) throws IOException {
        leavePart(Arrays.copyOf(WEIGHTS, 70_000));
        server.on(HubServer::isContent, 1, exchange -> {
            if (!range.isEmpty()) {
                exchange.getResponseHeaders().set("Content-Range", range);
            }
            exchange.sendResponseHeaders(206, 5);
            exchange.getResponseBody().write(new byte[5]);
        });

        assertThat(fixture.pull().path()).hasBinaryContent(WEIGHTS);
        assertThat(server.contentRequests().getLast().range()).isEmpty();
    }

    @Test
    void resume_serverRefusesTheRange_startsAgain() throws IOException {
        leavePart(Arrays.copyOf(WEIGHTS, 70_000));
        server.on(HubServer::isContent, 1, HubServer.status(416));

        assertThat(fixture.pull().path()).hasBinaryContent(WEIGHTS);
    }

    @Test
    void resume_spoiledPart_isFetchedAnew() throws IOException {
        leavePart(new byte[70_000]);

        assertThat(fixture.pull().path()).hasBinaryContent(WEIGHTS);
        assertThat(server.contentRequests())
                .extracting(HubServer.Request::range)
                .containsExactly("bytes=70000-", "");
    }

    @Test
    void resume_partLongerThanTheFile_isFetchedAnew() throws IOException {
        leavePart(new byte[WEIGHTS.length + 1]);

        assertThat(fixture.pull().path()).hasBinaryContent(WEIGHTS);
    }

    @Test
    void resume_wholePart_isVerifiedAndTaken() throws IOException {
        leavePart(WEIGHTS);

        assertThat(fixture.pull().path()).hasBinaryContent(WEIGHTS);
        assertThat(server.contentRequests()).isEmpty();
    }

    private void leavePart(byte[] bytes) throws IOException {
        Files.createDirectories(fixture.partial(WEIGHTS).getParent());
        Files.write(fixture.partial(WEIGHTS), bytes);
    }

    @Test
    void wrongContent_isRefusedAndNothingStays() throws IOException {
        byte[] wrong = WEIGHTS.clone();
        wrong[12_345] ^= 1;
        server.on(HubServer::isContent, 9, HubServer.bytes(wrong));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("owner/model/model.gguf")
                .hasMessageContaining("SHA-256")
                .hasMessageContaining(HASH);
        assertThat(fixture.tree()).isEmpty();
    }

    @Test
    void wrongContentOfASmallFile_isRefusedByItsGitHash() throws IOException {
        server.small("vocab.txt", "a\nb\n".getBytes(StandardCharsets.UTF_8));
        server.on(
                request -> request.path().startsWith("/moved/") && !HubServer.isHead(request),
                9,
                HubServer.bytes("a\nc\n".getBytes(StandardCharsets.UTF_8)));

        assertThatThrownBy(() -> fixture.pull("vocab.txt"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("git SHA-1");
        assertThat(fixture.tree()).isEmpty();
    }

    @Test
    void contentLongerThanNamed_isRefusedAndNothingStays() throws IOException {
        server.on(HubServer::isContent, 9, HubServer.bytes(random(WEIGHTS.length + 1)));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("longer than the 300000 bytes");
        assertThat(fixture.tree()).isEmpty();
    }

    @Test
    void contentShorterThanNamed_isAskedForAgainAndGivenUp() {
        server.on(HubServer::isContent, 99, exchange -> {
            if (exchange.getRequestHeaders().containsKey("Range")) {
                HubServer.status(416).answer(exchange);
            } else {
                HubServer.bytes(Arrays.copyOf(WEIGHTS, 10)).answer(exchange);
            }
        });

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("5 times in a row");
        assertThat(server.contentRequests()).hasSizeLessThan(10);
    }

    @Test
    void oneOfSeveralFiles_wrong_othersAreKeptAndTheRevisionKeepsItsOldMeaning() throws IOException {
        server.large("bad", random(99));
        server.on(request -> request.path().contains(HubServer.sha256(random(99))), 9, exchange -> {
            HubServer.bytes(new byte[99]).answer(exchange);
        });
        Files.createDirectories(fixture.repo().resolve("refs"));
        String old = "f".repeat(40);
        Files.writeString(fixture.repo().resolve("refs/main"), old);

        assertThatThrownBy(fixture::pull).isInstanceOf(InvalidInputException.class);

        assertThat(fixture.repo().resolve("refs/main")).hasContent(old);
        assertThat(fixture.shown("bad")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({
        "429, 7, 7000",
        "503, 3, 3000",
        "500, '', 500",
        "502, soon, 500",
        "504, '', 500",
        "408, '', 500",
        "503, 'Thu, 01 Jan 1970 00:00:00 GMT', 0",
    })
    void busyServer_isAskedAgainAfterThePauseItWants(int status, String retryAfter, long milliseconds) {
        for (Predicate<HubServer.Request> kind :
                List.<Predicate<HubServer.Request>>of(HubServer::isListing, HubServer::isHead, HubServer::isContent)) {
            server.on(
                    kind,
                    1,
                    retryAfter.isEmpty()
                            ? HubServer.status(status)
                            : HubServer.status(status, "Retry-After", retryAfter));
        }

        assertThat(fixture.pull().path()).hasBinaryContent(WEIGHTS);
        assertThat(fixture.pauses).hasSize(3).containsOnly(Duration.ofMillis(milliseconds));
    }

    @Test
    void busyServer_date_isWaitedFor() {
        String soon = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(60));
        server.on(HubServer::isListing, 1, HubServer.status(429, "Retry-After", soon));

        fixture.pull();

        assertThat(fixture.pauses.getFirst()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(60));
    }

    @Test
    void busyServer_forGood_isGivenUpAfterGrowingPauses() {
        server.on(HubServer::isListing, 99, HubServer.status(429));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("owner/model at main")
                .hasMessageContaining("answers 429");
        assertThat(fixture.pauses).extracting(Duration::toMillis).containsExactly(500L, 1000L, 2000L, 4000L);
    }

    @Test
    void busyServer_wantsTooLongAPause_isGivenUpAtOnce() {
        server.on(HubServer::isListing, 99, HubServer.status(429, "Retry-After", "3600"));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("3600 s");
        assertThat(fixture.pauses).isEmpty();
    }

    @Test
    void silentServer_isNotWaitedForForEver() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        server.on(HubServer::isContent, 1, exchange -> {
            exchange.sendResponseHeaders(200, WEIGHTS.length);
            exchange.getResponseBody().write(WEIGHTS, 0, 1000);
            exchange.getResponseBody().flush();
            quietly(release);
        });

        Pulled pulled = fixture.patience(Duration.ofSeconds(2)).pull();
        release.countDown();

        assertThat(pulled.path()).hasBinaryContent(WEIGHTS);
        assertThat(server.contentRequests().getLast().range()).isEqualTo("bytes=1000-");
    }

    @Test
    void silentServer_beforeTheAnswer_isNotWaitedForForEver() {
        CountDownLatch release = new CountDownLatch(1);
        server.on(HubServer::isListing, 1, exchange -> quietly(release));

        Pulled pulled = fixture.patience(Duration.ofSeconds(2)).pull();
        release.countDown();

        assertThat(pulled.path()).hasBinaryContent(WEIGHTS);
    }

    private static void quietly(CountDownLatch latch) {
        try {
            boolean released = latch.await(300, TimeUnit.SECONDS);
            assertThat(released).isTrue();
        } catch (InterruptedException serverStops) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void noServer_saysWhichHost() {
        server.close();

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("127.0.0.1")
                .hasMessageContaining("check the network");
    }

    @Test
    void interrupt_endsThePullAndKeepsThePart() throws Exception {
        CountDownLatch half = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        server.on(HubServer::isContent, 1, exchange -> {
            exchange.sendResponseHeaders(200, WEIGHTS.length);
            exchange.getResponseBody().write(WEIGHTS, 0, 1000);
            exchange.getResponseBody().flush();
            quietly(release);
        });
        Thread puller = Thread.ofPlatform()
                .start(() -> assertThatThrownBy(() -> fixture.hub()
                                .pull(new PullRequest(MODEL, "main", FileSelection.ALL), 1, (done, total) -> {
                                    if (done > 0) {
                                        half.countDown();
                                    }
                                }))
                        .isInstanceOf(EnvironmentException.class)
                        .hasMessageContaining("stopped"));
        assertThat(half.await(300, TimeUnit.SECONDS)).isTrue();

        puller.interrupt();

        assertThat(puller.join(Duration.ofSeconds(300))).isTrue();
        release.countDown();
        assertThat(fixture.partial(WEIGHTS)).hasSize(1000);
    }

    @Test
    void fullDisk_whileWriting_saysSoKeepsThePartAndGoesOnLater() throws IOException {
        AtomicInteger left = new AtomicInteger(100_000);
        fixture.disk(new PullFixture.RealDisk() {
            @Override
            public void write(FileChannel channel, ByteBuffer bytes) throws IOException {
                if (left.addAndGet(-bytes.remaining()) < 0) {
                    throw new IOException("No space left on device");
                }
                super.write(channel, bytes);
            }
        });

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("No space left on device")
                .hasMessageContaining("300000 bytes")
                .hasMessageContaining("free space");
        assertThat(fixture.tree()).containsExactly("blobs/" + HASH + ".dnd.incomplete");
        assertThat(fixture.pauses).isEmpty();
        assertThat(new PullFixture(server, cache).pull().path()).hasBinaryContent(WEIGHTS);
    }

    @Test
    void fullDisk_knownBefore_isSaidBeforeTheFirstByte() {
        fixture.disk(new PullFixture.RealDisk() {
            @Override
            public long usableBytes(Path folder) {
                return 200_000;
            }
        });

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("200000 bytes left")
                .hasMessageContaining("HF_HOME");
        assertThat(server.contentRequests()).isEmpty();
    }
}
