package org.dndllm.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.generator.BundleWeights;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorGraph;
import org.dndllm.generator.Stage;
import org.dndllm.generator.WeightSource;

/**
 * The same trained generator for conditions of another number of prompts. No weight of the compact family depends on N,
 * whose reader takes a mean over prompts; in the paper's family N is an extent of the first convolution and fixed.
 */
public final class PromptCount {
    private PromptCount() {}

    /** Whether a bundle can be made to read another number of prompts than its own. */
    public static boolean isFree(GeneratorBundle bundle) {
        return bundle.manifest().generator() instanceof CompactConfig;
    }

    /**
     * Writes a bundle that reads {@code prompts} prompts. Its out-of-distribution statistics are left out: their threshold
     * holds for the N that it was calibrated with.
     *
     * @param target must not exist yet
     * @throws InvalidInputException if the bundle's family has a fixed number of prompts
     */
    public static GeneratorBundle write(GeneratorBundle bundle, int prompts, Path target) {
        GeneratorConfig own = bundle.manifest().generator();
        if (!(own instanceof CompactConfig compact)) {
            throw new InvalidInputException(
                    bundle.folder().toString(),
                    "family",
                    "is " + own.family() + ", whose weights read exactly " + own.prompts()
                            + " prompts; expected the compact family");
        }
        List<Stage> stages = new ArrayList<>(compact.stages());
        Stage first = stages.getFirst();
        stages.set(0, new Stage(prompts, first.l(), first.c()));
        GeneratorConfig other = new CompactConfig(compact.kernel(), compact.slots(), compact.width(), stages);
        WeightSource weights = BundleWeights.of(bundle.generatorFile(), own);
        AtomicFile.writeFolder(
                target,
                inside -> {
                    for (String name : bundle.manifest().files().keySet()) {
                        if (!name.equals(GeneratorBundle.GENERATOR) && !name.equals(OutOfDistribution.FILE)) {
                            copy(bundle.folder().resolve(name), inside.resolve(name));
                        }
                    }
                    GeneratorGraph.export(other, weights, inside.resolve(GeneratorBundle.GENERATOR));
                    GeneratorBundle.seal(
                            inside,
                            bundle.manifest().name() + "-" + prompts,
                            other,
                            bundle.manifest().layout(),
                            bundle.manifest().base(),
                            bundle.manifest().training());
                },
                false);
        return GeneratorBundle.open(target);
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.copy(from, to);
    }
}
