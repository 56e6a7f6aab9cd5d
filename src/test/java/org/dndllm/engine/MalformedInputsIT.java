package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.TaskFolder;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufValue;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.BaseShape;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One live model with an adapter attached, while bad input comes in through every front door: each is refused with the
 * file and the field named, and the live model computes the same numbers as before, to the bit.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MalformedInputsIT {
    private static final ContextOptions SMALL =
            ContextOptions.DEFAULT.withContextLength(64).withThreads(1).withBatch(16);
    private static final int[] PROMPT = {5, 17, 42, 99};
    /** Of which the spoilt adapters and models know the extents: hidden 64, 4 heads of 16, 2 KV heads. */
    private static final BaseShape SHAPE = new BaseShape(BaseShape.QWEN2, 2, 64, 4, 2, 16, 160, 655, true);

    private static final int ADAPTER_MUTANTS = 1_500;
    private static final int MODEL_MUTANTS = 300;

    @TempDir
    static Path folder;

    private byte[] soundModel;
    private byte[] soundAdapter;
    private LlamaModel live;
    private LlamaContext context;
    private List<LoraAdapter> loaded;
    private float[] expected; // [V] after PROMPT, with the adapter

    @BeforeAll
    void openLiveModel() throws Exception {
        Path base = base();
        soundModel = Files.readAllBytes(base);
        live = LlamaModel.open(base, ModelOptions.CPU);
        soundAdapter = SoundAdapter.bytes(live.shape(), 4, 11);
        context = live.newContext(SMALL);
        float[] plain = logits();
        context.attach(AdapterSet.of(live.loadAdapter(MemorySegment.ofArray(soundAdapter), "sound")));
        loaded = live.adapters();
        expected = logits();
        assertThat(expected).isNotEqualTo(plain);
    }

    @AfterAll
    void close() {
        live.close();
    }

    private Path base() {
        TaskFolder tasks = TaskFolder.open(Nano.TASKS);
        String text = Stream.of("reverse", "first-letter", "addition", "larger", "choice", "plural")
                .flatMap(name -> tasks.task(name).train().stream())
                .flatMap(item -> Stream.of(item.prompt(), item.response()))
                .collect(Collectors.joining("\n"));
        Path base = folder.resolve("base.gguf");
        SyntheticVocabulary vocabulary = SyntheticVocabulary.train(text, 1024);
        SyntheticBase.write(base, SHAPE, vocabulary, GgmlType.F16, 2506_16406L, "dnd-nano-base");
        return base;
    }

    private float[] logits() {
        context.clear();
        context.decode(PROMPT);
        return context.logits();
    }

    @AfterEach
    void liveModelIsAsBefore() {
        assertThat(live.adapters()).isEqualTo(loaded);
        assertThat(logits()).isEqualTo(expected);
    }

    Stream<MalformedInput> inputs() {
        byte[] wide = SoundAdapter.bytes(SoundAdapter.WIDER, 4, 12);
        return Stream.of(
                        MalformedModels.of(folder, soundModel),
                        MalformedAdapters.of(folder, soundAdapter, soundModel, wide),
                        MalformedPeft.of(folder, live.shape()),
                        MalformedTensorFiles.safetensors(folder),
                        MalformedTensorFiles.torch(folder),
                        MalformedPrompts.of(folder),
                        MalformedBundles.of(folder, Nano.BUNDLE))
                .flatMap(List::stream);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("inputs")
    void open_malformed_refusedNamingFileAndField(MalformedInput input) {
        assertThatThrownBy(() -> input.door().open(live))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(input.source())
                .hasMessageContaining(input.field());
    }

    @Test
    void inputs_byKind_areAsManyAsPromised() {
        Map<String, Integer> counts = new HashMap<>();
        inputs().forEach(input -> counts.merge(input.kind(), 1, Integer::sum));
        assertThat(counts.get("model")).isGreaterThanOrEqualTo(35);
        assertThat(counts.get("adapter")).isGreaterThanOrEqualTo(60);
        assertThat(counts.get("PEFT")).isGreaterThanOrEqualTo(20);
        assertThat(counts.get("safetensors")).isGreaterThanOrEqualTo(15);
        assertThat(counts.get("torch")).isGreaterThanOrEqualTo(15);
        assertThat(counts.get("prompts")).isGreaterThanOrEqualTo(10);
        assertThat(counts.get("bundle")).isGreaterThanOrEqualTo(10);
        assertThat(inputs().map(MalformedInput::toString))
                .doesNotHaveDuplicates()
                .hasSizeGreaterThanOrEqualTo(150);
    }

    @Test
    void embedding_modelThatAsksForPooling_isTheTokensOwnState() {
        ContextOptions states =
                new ContextOptions(64, false, 16, 16, 1, 1, 1, true, ContextOptions.FlashAttention.AUTO);
        float[] sound;
        try (LlamaContext plain = live.newContext(states)) {
            plain.decode(PROMPT);
            sound = plain.embedding(0);
        }
        for (int pooling : new int[] {1, 3, 4, 99}) { // mean, last, rank, and none that exists
            GgufDraft draft = GgufDraft.of(soundModel);
            draft.keys.put("qwen2.pooling_type", GgufValue.uint32(pooling));
            Path file = GgufDraft.save(folder, "pooling-" + pooling + ".gguf", draft.bytes());
            try (LlamaModel model = LlamaModel.open(file, ModelOptions.CPU);
                    LlamaContext pooled = model.newContext(states)) {
                pooled.decode(PROMPT);
                assertThat(pooled.embedding(0)).as("pooling %d", pooling).isEqualTo(sound);
            }
        }
    }

    @Test
    void loadAdapter_mutants_areRefusedOrWorkAndNeverHarmTheLiveModel() {
        long seed = 20261;
        Random random = new Random(seed);
        int accepted = 0;
        LlamaContext second = live.newContext(SMALL);
        for (int round = 0; round < ADAPTER_MUTANTS; round++) {
            byte[] mutant = mutate(soundAdapter, random, 2_600);
            try (LoraAdapter adapter = live.loadAdapter(MemorySegment.ofArray(mutant), "mutant")) {
                second.attach(AdapterSet.of(adapter));
                second.decode(new int[] {1, 2, 3});
                second.detach();
                accepted++;
            } catch (InvalidInputException refused) {
                assertThat(refused).hasMessageStartingWith("mutant: ");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
            if (round % 100 == 0) {
                liveModelIsAsBefore();
            }
        }
        second.close();
        assertThat(accepted).as("seed %d", seed).isBetween(1, ADAPTER_MUTANTS - 1);
    }

    @Test
    void open_mutantModels_areRefusedOrWorkAndNeverHarmTheLiveModel() {
        long seed = 20262;
        Random random = new Random(seed);
        int header = GgufDraft.after(soundModel, "output_norm.weight") + 24;
        List<Integer> accepted = new ArrayList<>();
        for (int round = 0; round < MODEL_MUTANTS; round++) {
            Path file = GgufDraft.save(folder, "mutant.gguf", mutate(soundModel, random, header));
            try (LlamaModel model = LlamaModel.open(file, ModelOptions.CPU);
                    LlamaContext second = model.newContext(SMALL)) {
                second.decode(new int[] {1, 2, 3});
                model.vocabulary().tokenize("two words\n", true);
                accepted.add(round);
            } catch (InvalidInputException refused) {
                assertThat(refused).hasMessageStartingWith(file + ": ");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
        }
        assertThat(accepted).as("seed %d", seed).hasSizeBetween(1, MODEL_MUTANTS - 1);
    }

    /** One to four bytes changed; three times out of four in the header, where they can do harm. */
    private static byte[] mutate(byte[] sound, Random random, int header) {
        byte[] mutant = sound.clone();
        int reach = random.nextInt(4) == 0 ? sound.length : header;
        int changes = 1 + random.nextInt(4) * random.nextInt(2);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(reach);
            mutant[at] = (byte) (random.nextBoolean() ? mutant[at] ^ 1 << random.nextInt(8) : random.nextInt(256));
        }
        return mutant;
    }
}
