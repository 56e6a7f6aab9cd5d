package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.format.JsonValue;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The real all-MiniLM-L6-v2 against PyTorch. The weights are not in the repository: point {@code -Ddnd.test.minilm} or
 * {@code DND_TEST_MINILM} at a folder with model.safetensors, config.json and tokenizer.json.
 */
final class MiniLmIT {
    private static SentenceEncoder encoder;
    private static SafetensorsFile golden;
    private static JsonValue.Obj plan;

    @BeforeAll
    static void open() {
        String folder = System.getProperty("dnd.test.minilm", System.getenv().getOrDefault("DND_TEST_MINILM", ""));
        assumeTrue(
                !folder.isEmpty() && Files.isRegularFile(Path.of(folder, "model.safetensors")),
                "no all-MiniLM-L6-v2: set -Ddnd.test.minilm or DND_TEST_MINILM to its folder");
        encoder = SentenceEncoder.open(Path.of(folder), SessionOptions.defaults());
        golden = SafetensorsFile.open(Resources.path("minilm-golden.safetensors"));
        plan = Resources.json("minilm-golden.json");
    }

    @AfterAll
    static void close() {
        if (encoder != null) {
            encoder.close();
            golden.close();
        }
    }

    @Test
    void encode_ownTexts_equalsPyTorch() {
        compare("own", plan.array("own").strings());
    }

    @Test
    void encode_realPrompts_equalsPyTorch() throws IOException {
        Path data = Path.of(System.getProperty("dnd.root", "."), "..", "shared", "data", "commonsense");
        assumeTrue(Files.isDirectory(data), "no task data at " + data);
        List<String> prompts = new ArrayList<>();
        Map<String, JsonValue.Arr> files = new HashMap<>();
        for (JsonValue.Obj item : plan.array("real").objects()) {
            String name = item.string("file");
            if (!files.containsKey(name)) {
                files.put(
                        name,
                        JsonValue.parse(Files.readAllBytes(data.resolve(name)), name)
                                .asArray(name));
            }
            prompts.add(((JsonValue.Obj) files.get(name).items().get(item.int32("index"))).string("prompt"));
        }
        Condition condition = compare("real", prompts);
        // every position of every prompt, by its norm
        float[] norms = golden.tensor("real.state_norms").toFloats();
        float[] actual = new float[norms.length];
        for (int i = 0; i < norms.length; i++) {
            double squares = 0;
            for (float value : condition.state(i / 128, i % 128)) {
                squares += (double) value * value;
            }
            actual[i] = (float) Math.sqrt(squares);
        }
        double error = Errors.relative(actual, norms);
        report("real state norms", error);
        assertThat(error).isLessThan(5e-5);
    }

    private static Condition compare(String name, List<String> texts) {
        int length = plan.int32("length");
        // when
        Condition condition = encoder.encode(texts, length);
        float[][] embeddings = encoder.embed(texts);
        // then: the golden file holds every 8th channel at four positions
        TensorView states = golden.tensor(name + ".states");
        double stateError = Errors.relative(sample(condition), states.toFloats());
        float[] pooled = flat(pooled(condition));
        double pooledError =
                Errors.relative(pooled, golden.tensor(name + ".embedding").toFloats());
        report(name + " states", stateError);
        report(name + " embeddings", pooledError);
        // PyTorch's own float32 states are up to 3e-5 away from its float64 states on these texts
        assertThat(stateError).isLessThan(1e-4);
        assertThat(pooledError).isLessThan(1e-5);
        double embedError = 0;
        float[] expected = golden.tensor(name + ".embedding").toFloats();
        for (int n = 0; n < texts.size(); n++) {
            if (condition.tokenCounts()[n] < length) { // embed() cuts at 512, the golden numbers at 128
                float[] row = java.util.Arrays.copyOfRange(expected, n * 384, (n + 1) * 384);
                embedError = Math.max(embedError, Errors.relative(embeddings[n], row));
            }
        }
        report(name + " embed()", embedError);
        assertThat(embedError).isLessThan(1e-5);
        return condition;
    }

    private static float[][] pooled(Condition condition) {
        float[][] means = condition.promptMeans();
        for (float[] mean : means) {
            Pooling.normalize(mean);
        }
        return means;
    }

    private static float[] sample(Condition condition) {
        List<Long> positions = plan.array("positions").integers();
        int step = plan.int32("channelStep");
        float[] sampled = new float[condition.prompts() * positions.size() * (condition.width() / step)];
        int at = 0;
        for (int n = 0; n < condition.prompts(); n++) {
            for (long position : positions) {
                float[] state = condition.state(n, (int) position);
                for (int c = 0; c < state.length; c += step) {
                    sampled[at++] = state[c];
                }
            }
        }
        return sampled;
    }

    private static float[] flat(float[][] rows) {
        float[] all = new float[rows.length * rows[0].length];
        for (int n = 0; n < rows.length; n++) {
            System.arraycopy(rows[n], 0, all, n * rows[0].length, rows[0].length);
        }
        return all;
    }

    private static void report(String what, double error) {
        System.out.printf("all-MiniLM-L6-v2, %s: largest relative error %.2e%n", what, error);
    }
}
