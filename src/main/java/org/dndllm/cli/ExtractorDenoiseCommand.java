package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.encoder.EncoderTokenizer;
import org.dndllm.engine.Progress;
import org.dndllm.nano.Role;
import org.dndllm.nano.Split;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.TrainingResult;
import org.dndllm.train.encoder.DenoisingTraining;
import org.dndllm.train.encoder.EncoderExport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd extractor denoise}. */
@Command(
        name = "denoise",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "The encoder of a small encoder-decoder that restores texts with hidden words (as BART's and T5's).",
        description =
                "Of the shape of the nano set's sentence encoder, with a decoder as large that is thrown away; from"
                        + " the same text, but nothing brings texts of a kind together. Run it again with the same flags to"
                        + " resume after a kill.",
        footer = {
            "",
            "Examples:",
            "  dnd extractor denoise --save-to denoiser",
            "  dnd extractor denoise --save-to denoiser --steps 2000 --threads 1 --json",
        })
final class ExtractorDenoiseCommand implements Callable<Integer> {
    private static final double LEARNING_RATE = 1e-3;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final ExtractorTarget target = new ExtractorTarget();

    @Mixin
    private final NanoText text = new NanoText();

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Optimiser steps of 64 sentences. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = {"-s", "--seed"},
            defaultValue = "1",
            description = "Seed of the first weights and of the noise. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Mixin
    private final TorchFlags torch = new TorchFlags();

    @Override
    public Integer call() {
        Flags.atLeast("--steps", steps, 1);
        Path folder = target.folder();
        NanoRecipe.Encoder recipe = NanoRecipe.standard().encoder();
        TrainingOptions options = TrainingOptions.of(steps, LEARNING_RATE, seed)
                .withSchedule(Math.min(50, steps - 1), 0.05)
                .withLimits(0.01, 1)
                .withCompute(1, torch.bfloat16())
                .withRhythm(100, 0, 0);
        Progress bars = output.progress();
        try (EncoderTokenizer tokenizer = EncoderTokenizer.open(text.folder());
                DenoisingTraining training = new DenoisingTraining(
                        recipe.shape(tokenizer.vocabularySize()),
                        text.special(),
                        index -> tokenizer.encode(text.world().encoderSentence(index)),
                        recipe.batch(),
                        options,
                        torch.device())) {
            TrainingResult result = training.run(
                    folder.resolveSibling(folder.getFileName() + ".work"),
                    progress -> bars.advanced("train", progress.step(), progress.steps()));
            double difference =
                    EncoderExport.write(training, text.folder(), Map.of("dnd_training", "denoising"), probes(), folder);
            output.line("loss      %.4f after %d steps", result.loss(), result.steps());
            output.line("parity    LibTorch and ONNX Runtime differ by %.1e of the largest state", difference);
            output.line("written   %s", folder);
            output.result(Map.of(
                    "written",
                    folder.toString(),
                    "steps",
                    result.steps(),
                    "loss",
                    result.loss(),
                    "relative_difference",
                    difference));
        }
        return 0;
    }

    /** A prompt of every training task. */
    private List<String> probes() {
        return text.world().tasks(Role.TRAIN).stream()
                .map(task -> text.world().items(task, Split.TRAIN).getFirst().prompt())
                .toList();
    }
}
