package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dndllm.engine.Nano;
import org.dndllm.format.Sha256;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Servers that are killed while they write their store. */
@Timeout(value = 1800, unit = TimeUnit.SECONDS)
class ServeStoreKillIT {
    private static final int KILLS = 20;
    private static final List<String> ADAPTERS = List.of("first-upper", "last-doubled", "second-same");
    private static final BaseShape SHAPE = BaseOption.shape(Nano.BASE.toString());
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    Path folder;

    @Test
    void store_killedAtRandomMoments_everyAdapterIsWholeAndTheServerStarts() throws Exception {
        Path store = Files.createDirectories(folder.resolve("store"));
        long seed = 31;
        Random random = new Random(seed);
        int writesCut = 0;

        for (int kill = 1; kill <= KILLS; kill++) {
            String when = "seed %d, kill %d".formatted(seed, kill);
            Set<String> before = wholeAdapters(store, when);
            try (ServeProcess server = start(store)) {
                assertThat(served(server)).as(when).isEqualTo(before);
                assertThat(temporaries(store)).as(when).isZero(); // the start has cleared them away
                killWhileLoading(server, store, random);
            }
            writesCut += temporaries(store) > 0 ? 1 : 0;
        }

        assertThat(wholeAdapters(store, "seed " + seed)).hasSize(ADAPTERS.size());
        assertThat(writesCut).as("seed %d: kills that fell into a write", seed).isPositive();
    }

    /** Replaces adapters one after the other; every second kill waits for a write to begin, the others come anywhere. */
    private static void killWhileLoading(ServeProcess server, Path store, Random random) throws Exception {
        AtomicInteger loads = new AtomicInteger();
        int enough = 1 + random.nextInt(4);
        boolean inWrite = random.nextBoolean();
        long delay = TimeUnit.MICROSECONDS.toNanos(random.nextInt(inWrite ? 2_000 : 30_000));
        Thread loader = Thread.ofVirtual().start(() -> load(server, loads));
        while (loader.isAlive() && loads.get() < enough) {
            LockSupport.parkNanos(100_000);
        }
        while (inWrite && loader.isAlive() && temporaries(store) == 0) {
            Thread.onSpinWait();
        }
        LockSupport.parkNanos(delay);
        server.kill();
        loader.join();
        assertThat(loads.get()).isGreaterThanOrEqualTo(enough);
    }

    private static void load(ServeProcess server, AtomicInteger loads) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (true) {
                String name = ADAPTERS.get(loads.get() % ADAPTERS.size());
                int status = server.post(
                                client,
                                "/v1/load_lora_adapter",
                                "{\"lora_name\":\"%s\",\"lora_path\":\"%s\",\"load_inplace\":true}"
                                        .formatted(name, name))
                        .statusCode();
                if (status != 200) {
                    throw new AssertionError("status " + status);
                }
                loads.incrementAndGet();
            }
        } catch (IOException e) {
            return; // killed
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static ServeProcess start(Path store) throws IOException {
        Map<String, String> environment = Map.of(
                "DND_ALLOW_RUNTIME_LORA_UPDATING",
                "true",
                "DND_LORA_ADAPTER_ROOT",
                Nano.SET.resolve("adapters").toString());
        // a base of its own has no generator by default, and starts the sooner
        return ServeProcess.start(
                List.of(), environment, List.of("-m", Nano.BASE.toString(), "--store", store.toString()));
    }

    private static Set<String> served(ServeProcess server) throws IOException, InterruptedException {
        Set<String> names = new TreeSet<>();
        try (HttpClient client = HttpClient.newHttpClient()) {
            JSON.readTree(server.get(client, "/v1/lora_adapters").body())
                    .get("data")
                    .forEach(card -> names.add(card.get("name").asString()));
        }
        return names;
    }

    /** Names in the store; every folder that has one must hold exactly what its card says, in both forms. */
    private static Set<String> wholeAdapters(Path store, String when) throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> entries = Files.list(store)) {
            for (Path entry : entries.filter(each -> !isHidden(each)).toList()) {
                JsonNode card = JSON.readTree(Files.readString(entry.resolve("card.json")));
                String name = card.get("name").asString();
                assertThat(entry.getFileName().toString())
                        .as(when)
                        .isEqualTo(name + "@" + card.get("generation").asString());
                assertThat(Sha256.of(entry.resolve("adapter.gguf")))
                        .as("%s: %s", when, entry)
                        .isEqualTo(card.get("sha256").asString());
                assertThat(PeftAdapter.read(entry, SHAPE))
                        .as("%s: %s", when, entry)
                        .isNotNull();
                names.add(name);
            }
        }
        return names;
    }

    private static long temporaries(Path store) throws IOException {
        try (Stream<Path> entries = Files.list(store)) {
            return entries.filter(each -> each.getFileName().toString().endsWith(".tmp"))
                    .count();
        }
    }

    private static boolean isHidden(Path entry) {
        return entry.getFileName().toString().startsWith(".");
    }
}
