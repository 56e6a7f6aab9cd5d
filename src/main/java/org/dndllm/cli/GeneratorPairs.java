package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.generator.LoraGenerator;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.StoredWeight;
import org.dndllm.onnx.SessionOptions;

/**
 * Our generator and the official one, with the same weights and the same random condition, in turn. Both are timed from the
 * condition to the tokens in the host's memory.
 *
 * @param bundle ours; the official one gets its weights
 * @param config of the bundle
 * @param official the checkout
 */
record GeneratorPairs(GeneratorBundle bundle, PaperConfig config, Path official) {
    private static final int SEED = 1;

    /** Float32 first, to which the tokens are compared; then the autocast under which the official scripts generate. */
    private static final List<String> GPU_PRECISIONS = List.of("f32", "bf16");

    private static final List<String> CPU_PRECISIONS = GPU_PRECISIONS.subList(0, 1);

    /**
     * Measures.
     *
     * @throws org.dndllm.EnvironmentException when the official generator does not run here
     */
    GeneratorPairsReport measure(SessionOptions options, OfficialFlags flags, int pairs, Output output) {
        int positions = config.prompts() * config.textLength();
        float[] condition = Samples.normal(positions * config.channels(), SEED);
        boolean[] mask = new boolean[positions];
        Arrays.fill(mask, true);
        GpuMemory gpu = new GpuMemory();
        try (TemporaryFolder folder = TemporaryFolder.create("dnd-bench");
                OfficialGenerator theirs = OfficialGenerator.start(flags.python(), flags.patience(), folder.path());
                MemoryWatch memory = new MemoryWatch();
                LoraGenerator ours = bundle.openGenerator(options)) {
            float[] tokens = ours.generate(condition, mask); // ours is warm, and the GPU's memory not yet shared
            gpu.look();
            OfficialJob job = job(ours, options, folder.path());
            job.writeCondition(condition);
            OfficialGenerator.Facts facts = theirs.begin(job);
            Map<String, Double> errors = new LinkedHashMap<>();
            for (String precision : job.precisions()) {
                errors.put(precision, AdapterDifference.relative(job.tokens(precision), tokens));
            }
            Samples seconds = new Samples(pairs);
            Map<String, List<OfficialGenerator.Turn>> turns = new LinkedHashMap<>();
            job.precisions().forEach(precision -> turns.put(precision, new ArrayList<>()));
            for (int pair = 0; pair < pairs; pair++) {
                long start = System.nanoTime();
                ours.generate(condition, mask);
                seconds.add((System.nanoTime() - start) / 1e9);
                turns.forEach((precision, list) -> list.add(theirs.turn(precision)));
                output.note("pair %d of %d: ours %.3f s", pair + 1, pairs, seconds.latest());
            }
            long peak = job.onGpu() ? gpu.peakBytes().orElse(0) : memory.residentBytes();
            return new GeneratorPairsReport(bundle, job, facts, seconds, peak, turns, errors);
        }
    }

    private OfficialJob job(LoraGenerator ours, SessionOptions options, Path folder) {
        boolean onGpu = ours.provider() == SessionOptions.Provider.CUDA;
        return new OfficialJob(
                official,
                config,
                StoredWeight.of(bundle.generatorFile(), config),
                onGpu,
                options.threads(),
                onGpu ? GPU_PRECISIONS : CPU_PRECISIONS,
                folder);
    }
}
