package org.dndllm.cli;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.encoder.BertConfig;
import org.dndllm.encoder.EncoderTokenizer;
import org.dndllm.train.extractor.StaticVectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd extractor static}. */
@Command(
        name = "static",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "One vector for each token, whatever stands around it (as GloVe's).",
        description = "Counts which tokens stand near each other in the nano world's text and factorises their positive"
                + " pointwise mutual information. As wide as the nano set's sentence encoder, from the same text. The"
                + " same sentences give the same vectors.",
        footer = {"", "Examples:", "  dnd extractor static --save-to vectors"})
final class ExtractorStaticCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final ExtractorTarget target = new ExtractorTarget();

    @Mixin
    private final NanoText text = new NanoText();

    @Option(
            names = "--sentences",
            paramLabel = "N",
            defaultValue = "20000",
            description = "Sentences to learn from. Default: ${DEFAULT-VALUE}.")
    private int sentences;

    @Override
    public Integer call() {
        Flags.atLeast("--sentences", sentences, 1);
        Path folder = target.folder();
        BertConfig shape = NanoRecipe.standard().encoder().shape();
        try (EncoderTokenizer tokenizer = EncoderTokenizer.open(text.folder())) {
            StaticVectors.write(
                    tokenizer,
                    text.folder(),
                    text.special().firstWord(),
                    IntStream.range(0, sentences)
                            .mapToObj(text.world()::encoderSentence)
                            .iterator(),
                    shape.hidden(),
                    shape.maxPositions(),
                    folder,
                    target.replace());
        }
        output.line("written   %s: a vector of %d numbers for each token", folder, shape.hidden());
        output.result(Map.of("written", folder.toString(), "width", shape.hidden(), "sentences", sentences));
        return 0;
    }
}
