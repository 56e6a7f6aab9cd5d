package org.dndllm.generator;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.Precision;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.onnx.SessionOptions.Provider;
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
        return checked(onnxFile, config, session);
    }

    /**
     * As {@link #open}, in the form that suits provider and precision, where the options have a place for such forms: on the
     * processor a large generator of the paper's family is opened as {@link GeneratorLayout} lays it out, and in another
     * precision any generator as {@link ReducedGenerator} makes it. The first time costs minutes at most, each later one
     * nothing.
     *
     * @param identity a hash of the generator's files: what was made of others is not taken
     * @throws InvalidInputException also when another precision is asked for and there is no place for it, or a weight is
     *     beyond its range
     * @throws org.dndllm.EnvironmentException also when the place is full or cannot be written
     */
    public static LoraGenerator open(Path onnxFile, GeneratorConfig config, SessionOptions options, String identity) {
        if (options.layouts().isEmpty()) {
            requirePlain(options.precision());
            return open(onnxFile, config, options);
        }
        if (options.provider() == Provider.AUTO) {
            LoraGenerator generator = open(onnxFile, config, options);
            SessionOptions found = options.withProvider(generator.session.provider());
            if (isRunAsItIs(config, found)) {
                return generator;
            }
            generator.close();
            return open(onnxFile, config, found, identity);
        }
        if (isRunAsItIs(config, options)) {
            return open(onnxFile, config, options);
        }
        LayoutCache cache = options.layouts().get();
        Arithmetic arithmetic = Arithmetic.of(options.precision(), options.provider());
        if (config instanceof PaperConfig paper && arithmetic.isPlain()) {
            Path layout = GeneratorLayout.in(cache).of(onnxFile, paper, identity);
            // All that optimisation would do was done; more would lay the weights out in memory once more.
            return open(layout, config, options.withOptimization(SessionOptions.Optimization.BASIC));
        }
        return open(ReducedGenerator.in(cache, onnxFile, config, identity, arithmetic), config, options);
    }

    private static boolean isRunAsItIs(GeneratorConfig config, SessionOptions options) {
        boolean laidOut = options.provider() == Provider.CPU && isLaidOut(config);
        return Arithmetic.of(options.precision(), options.provider()).isPlain() && !laidOut;
    }

    private static void requirePlain(Precision precision) {
        if (precision != Precision.AUTO && precision != Precision.F32) {
            throw new InvalidInputException(
                    "<options>",
                    "precision",
                    "is " + precision.label() + ", which needs a place for the generator in that form, but the session"
                            + " has no layout cache; give it one, or run it in f32");
        }
    }

    /** Whether generators of a configuration are laid out for the processor: large ones of the paper's family. */
    public static boolean isLaidOut(GeneratorConfig config) {
        return config instanceof PaperConfig paper && GeneratorLayout.pays(paper);
    }

    private static LoraGenerator checked(Path onnxFile, GeneratorConfig config, OnnxSession session) {
        try {
            Stage tokens = config.tokens();
            Map<String, List<Long>> inputs = new LinkedHashMap<>();
            long prompts = config.prompts();
            long length = config.textLength();
            inputs.put(GeneratorGraph.CONDITION, List.of(1L, prompts, length, (long) config.channels()));
            if (config instanceof CompactConfig) {
                inputs.put(GeneratorGraph.MASK, List.of(1L, prompts, length));
            }
            expect(onnxFile, session.inputs(), inputs);
            expect(
                    onnxFile,
                    session.outputs(),
                    Map.of(GeneratorGraph.TOKENS, List.of(1L, (long) tokens.n(), (long) tokens.l(), (long)
                            tokens.c())));
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

    /** Which provider runs: CPU or CUDA. */
    public SessionOptions.Provider provider() {
        return session.provider();
    }

    /** Which provider runs and why, in one line for a log. */
    public String providerReport() {
        return session.providerReport();
    }

    /**
     * One forward pass.
     *
     * @param condition [N, L, C], row-major; L is {@link GeneratorConfig#textLength}
     * @param mask [N, L], row-major, true = real token. The paper's family does not look at it: a trained official decoder
     *     expects the states of padding as they are.
     * @return weight tokens [T, R, W], row-major: of the paper's family standardised with their scales inside, of the
     *     compact one plain
     * @throws IllegalArgumentException when an argument has another number of values, or the compact family is given a
     *     prompt without any real token
     * @throws org.dndllm.NativeFailureException when ONNX Runtime fails, for instance for lack of memory
     */
    public float[] generate(float[] condition, boolean[] mask) {
        int prompts = config.prompts();
        int length = config.textLength();
        int channels = config.channels();
        long positions = (long) prompts * length;
        if (condition.length != positions * channels || mask.length != positions) {
            throw new IllegalArgumentException("condition has " + condition.length + " values with a mask of "
                    + mask.length + ", expected " + positions * channels + " and " + positions + " = " + prompts
                    + " prompts x " + length + " positions x " + channels + " channels");
        }
        Map<String, OnnxTensorValue> inputs = new LinkedHashMap<>();
        inputs.put(GeneratorGraph.CONDITION, OnnxTensorValue.of(condition, 1, prompts, length, channels));
        if (config instanceof CompactConfig) {
            inputs.put(GeneratorGraph.MASK, OnnxTensorValue.of(realTokens(mask), 1, prompts, length));
        }
        return Objects.requireNonNull(session.run(inputs).get(GeneratorGraph.TOKENS))
                .floats();
    }

    /** The mask as numbers [N, L]: 1 real, 0 padding. */
    private float[] realTokens(boolean[] mask) {
        int length = config.textLength();
        float[] real = new float[mask.length];
        for (int n = 0; n < config.prompts(); n++) {
            boolean any = false;
            for (int i = n * length; i < (n + 1) * length; i++) {
                real[i] = mask[i] ? 1 : 0;
                any |= mask[i];
            }
            if (!any) {
                // The softmax would spread over its padding, and the mean over prompts would carry that along.
                throw new IllegalArgumentException("prompt " + n + " has no real token; leave it out");
            }
        }
        return real;
    }

    @Override
    public void close() {
        session.close();
    }

    private static void expect(Path file, Map<String, ValueShape> values, Map<String, List<Long>> expected) {
        expected.forEach((name, shape) -> {
            ValueShape found = values.get(name);
            if (values.size() != expected.size() || found == null || !found.accepts(shape)) {
                throw new InvalidInputException(
                        file.toString(),
                        name,
                        "the model has " + values.values() + ", but a generator of this configuration has " + expected
                                + "; the file and bundle.json do not belong together, take both from one export");
            }
        });
    }
}
