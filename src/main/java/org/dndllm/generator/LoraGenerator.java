package org.dndllm.generator;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.onnx.ValueShape;

/**
 * A generator ready to run. Any number of threads may generate; the opener closes it, closing twice is harmless, use
 * afterwards is an {@link IllegalStateException}.
 */
public final class LoraGenerator implements AutoCloseable {
    private final GeneratorConfig config;
    private final OnnxSession session;

    private LoraGenerator(GeneratorConfig config, OnnxSession session) {
        this.config = config;
        this.session = session;
    }

    /**
     * Opens a generator and checks that the file is one of that configuration.
     *
     * @throws InvalidInputException when the file is missing, no ONNX model or a generator of other shapes
     * @throws org.dndllm.EnvironmentException when ONNX Runtime or a forced provider cannot be used here
     */
    public static LoraGenerator open(Path onnxFile, GeneratorConfig config, SessionOptions options) {
        OnnxSession session = OnnxSession.open(onnxFile, options);
        try {
            Stage tokens = config.tokens();
            expect(
                    onnxFile,
                    session.inputs(),
                    HyperConvGraph.CONDITION,
                    List.of(config.prompts(), config.textLength(), config.channels()));
            expect(onnxFile, session.outputs(), HyperConvGraph.TOKENS, List.of(tokens.n(), tokens.l(), tokens.c()));
            return new LoraGenerator(config, session);
        } catch (InvalidInputException e) {
            session.close();
            throw e;
        }
    }

    /** The architecture: what {@link #generate} takes and gives. */
    public GeneratorConfig config() {
        return config;
    }

    /** Which provider runs and why, in one line for a log. */
    public String providerReport() {
        return session.providerReport();
    }

    /**
     * One forward pass.
     *
     * @param condition [N, L, C], row-major; L is {@link GeneratorConfig#textLength}
     * @return weight tokens [T, R, W], row-major, standardised per token with their scales inside
     * @throws IllegalArgumentException when the condition has another number of values
     * @throws org.dndllm.NativeFailureException when ONNX Runtime fails, for instance for lack of memory
     */
    public float[] generate(float[] condition) {
        long expected = (long) config.prompts() * config.textLength() * config.channels();
        if (condition.length != expected) {
            throw new IllegalArgumentException("condition has " + condition.length + " values, expected " + expected
                    + " = " + config.prompts() + " prompts x " + config.textLength() + " positions x "
                    + config.channels() + " channels");
        }
        OnnxTensorValue input =
                OnnxTensorValue.of(condition, 1, config.prompts(), config.textLength(), config.channels());
        Map<String, OnnxTensorValue> outputs = session.run(Map.of(HyperConvGraph.CONDITION, input));
        return Objects.requireNonNull(outputs.get(HyperConvGraph.TOKENS)).floats();
    }

    @Override
    public void close() {
        session.close();
    }

    private static void expect(Path file, Map<String, ValueShape> values, String name, List<Integer> nlc) {
        List<Long> batchOfOne = List.of(1L, (long) nlc.get(0), (long) nlc.get(1), (long) nlc.get(2));
        ValueShape found = values.get(name);
        if (values.size() != 1 || found == null || !found.accepts(batchOfOne)) {
            throw new InvalidInputException(
                    file.toString(),
                    name,
                    "the model has " + values.values() + ", but a generator of this configuration has " + name
                            + " [1, " + nlc.get(0) + ", " + nlc.get(1) + ", " + nlc.get(2)
                            + "]; the file and bundle.json do not belong together, take both from one export");
        }
    }
}
