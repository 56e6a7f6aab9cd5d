package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.encoder.BertConfig;
import org.dndllm.engine.BundleManifest;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.GgmlType;
import org.dndllm.format.Sha256;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorGraph;
import org.dndllm.generator.GeneratorWeights;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.TargetModule;
import org.dndllm.synth.NanoTask;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticEncoder;
import org.dndllm.synth.SyntheticVocabulary;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** The embedded set of today: seeded random numbers in the shape of trained models, byte for byte the same each time. */
final class UntrainedNano {
    private static final long SEED = 2506_16406L;
    private static final int VOCABULARY = 1024;
    private static final int RANK = 4;
    /** Far above the usual 2 x rank: an untrained generator puts out small weights, and a demonstration must show some. */
    private static final float ALPHA = 512;

    private static final int CHUNK = 32;
    private static final int KERNEL = 5;
    /** N, L, C of the condition. */
    private static final Stage CONDITION = new Stage(16, 48, 48);

    /** hidden = C, layers, heads, intermediate, positions, types, wished vocabulary, epsilon. */
    private static final BertConfig ENCODER = new BertConfig(CONDITION.c(), 2, 4, 96, 128, 2, 512, 1e-12);

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private UntrainedNano() {}

    /** Makes or replaces a folder. */
    static void write(Path target) {
        AtomicFile.writeFolder(target, UntrainedNano::fill, true);
    }

    private static void fill(Path folder) throws IOException {
        List<NanoTask> tasks = NanoTask.all(SEED);
        writeTasks(folder.resolve("tasks"), tasks);
        List<String> corpus = corpus(tasks);

        SyntheticVocabulary vocabulary = SyntheticVocabulary.train(String.join("\n", corpus), VOCABULARY);
        BaseShape shape = new BaseShape(BaseShape.QWEN2, 2, 64, 4, 2, 16, 160, vocabulary.size(), true);
        Path base = folder.resolve("base.gguf");
        SyntheticBase.write(base, shape, vocabulary, GgmlType.F16, SEED, "dnd-nano-base");

        AdapterLayout layout = AdapterLayout.of(shape, RANK, ALPHA, List.of(TargetModule.values()), CHUNK);
        PaperConfig generator = GeneratorConfig.paper(
                KERNEL,
                CONDITION,
                new Stage(16, 24, 40),
                new Stage(32, 12, 36),
                new Stage(layout.tokens(), layout.rows(), layout.columns()));
        Path bundle = folder.resolve("paper");
        SyntheticEncoder.write(bundle, ENCODER, corpus, SEED);
        GeneratorGraph.export(generator, GeneratorWeights.random(generator, SEED), bundle.resolve("generator.onnx"));
        GeneratorBundle.seal(
                bundle,
                "nano-paper-untrained",
                generator,
                layout,
                new BundleManifest.Base("dnd-nano-base", Sha256.of(base)),
                new BundleManifest.Training(
                        false,
                        "encoder, generator and base model hold seeded random numbers; only the mechanism is real",
                        SEED));
    }

    private static void writeTasks(Path folder, List<NanoTask> tasks) throws IOException {
        Files.createDirectory(folder);
        for (NanoTask task : tasks) {
            AtomicFile.writeString(folder.resolve(task.name() + "_train.json"), json(task.train()));
            AtomicFile.writeString(folder.resolve(task.name() + "_test.json"), json(task.test()));
        }
    }

    /** The official data format: a list of prompt, response, system. */
    private static String json(List<NanoTask.Item> items) {
        List<Map<String, String>> list = new ArrayList<>();
        for (NanoTask.Item item : items) {
            Map<String, String> entry = new LinkedHashMap<>();
            entry.put("prompt", item.prompt());
            entry.put("response", item.response());
            entry.put("system", item.system());
            list.add(entry);
        }
        return JSON.writeValueAsString(list) + "\n";
    }

    private static List<String> corpus(List<NanoTask> tasks) {
        List<String> lines = new ArrayList<>();
        for (NanoTask task : tasks) {
            for (NanoTask.Item item : task.train()) {
                lines.add(item.prompt());
                lines.add(item.response());
            }
        }
        return lines;
    }
}
