package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.dndllm.format.GgmlType;
import org.dndllm.generator.CompactConfig;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.TokenForm;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole flow with a generator of the compact family: the same code, another bundle. */
class CompactBundleIT {
    private static final EngineOptions OPTIONS = new EngineOptions(
            SessionOptions.defaults().withThreads(1),
            ModelOptions.CPU,
            ContextOptions.DEFAULT.withContextLength(512).withThreads(1),
            GgmlType.F32);

    @TempDir
    Path folder;

    @Test
    void generate_compactBundle_reachesTheModel() {
        // given
        GeneratorBundle bundle = Nano.compactBundle(folder.resolve("compact"));
        assertThat(bundle.manifest().generator()).isInstanceOf(CompactConfig.class);
        assertThat(bundle.manifest().layout().form()).isEqualTo(TokenForm.PLAIN);
        try (DragAndDrop dnd = DragAndDrop.open(Nano.BASE, bundle.folder(), OPTIONS)) {
            // when
            GeneratedAdapter adapter = dnd.generate(PromptReader.read(Nano.REVERSE), 1, "reverse");
            DragAndDrop.Attached attached = dnd.attach(adapter, 1);
            // then
            assertThat(attached.effect().maxAbs()).isPositive();
            assertThat(adapter.weights().tensors())
                    .hasSize(7 * bundle.manifest().layout().shape().layers());
        }
    }

    @Test
    void generate_samePromptsInAnotherOrder_givesTheSameAdapter() {
        // given: as many prompts as the generator reads, of different lengths, so that every draw has all of them
        GeneratorBundle bundle = Nano.compactBundle(folder.resolve("compact"));
        List<String> prompts = PromptReader.read(Nano.REVERSE).prompts().subList(0, bundle.prompts());
        PromptSet all = new PromptSet("<test>", prompts);
        try (AdapterPipeline pipeline = AdapterPipeline.open(bundle, OPTIONS.session())) {
            // when
            GeneratedAdapter one = pipeline.generate(all, 1, "one", "0", Progress.NONE);
            GeneratedAdapter two = pipeline.generate(all, 2, "two", "0", Progress.NONE);
            GeneratedAdapter other =
                    pipeline.generate(PromptReader.read(Nano.ADDITION), 1, "other", "0", Progress.NONE);
            // then: within what rounding to BF16 can make of float noise
            assertThat(one.provenance().indices()).isNotEqualTo(two.provenance().indices());
            assertThat(largestDifference(one, two)).isLessThan(0.02);
            assertThat(largestDifference(one, other)).isGreaterThan(0.02);
        }
    }

    /** The largest difference between two values, over the larger of both and 1e-3. */
    private static double largestDifference(GeneratedAdapter one, GeneratedAdapter two) {
        float[][] left = AdapterValues.values(one.weights());
        float[][] right = AdapterValues.values(two.weights());
        double largest = 0;
        for (int t = 0; t < left.length; t++) {
            for (int i = 0; i < left[t].length; i++) {
                double size = Math.max(1e-3, Math.max(Math.abs(left[t][i]), Math.abs(right[t][i])));
                largest = Math.max(largest, Math.abs(left[t][i] - right[t][i]) / size);
            }
        }
        return largest;
    }
}
