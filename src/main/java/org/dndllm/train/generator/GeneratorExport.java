package org.dndllm.train.generator;

import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.NativeFailureException;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorGraph;
import org.dndllm.generator.LoraGenerator;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;

/** From trained parameters to an ONNX graph that gives the same tokens. */
public final class GeneratorExport {
    /** Largest relative difference of a token; both sides compute in float32. */
    public static final double TOLERANCE = 1e-4;

    /** A token shorter than this share of the mean length is compared with that: next to nothing has no digits to agree on. */
    private static final double LEAST_LENGTH = 1e-3;

    private GeneratorExport() {}

    /**
     * Writes the graph and compares the tokens of one condition.
     *
     * @param sample one condition, G = 1
     * @return the largest relative difference
     * @throws NativeFailureException when the two runtimes disagree
     */
    static double write(GeneratorConfig config, Parameters parameters, ConditionTensors sample, Path onnxFile) {
        GeneratorGraph.export(config, GeneratorParameters.copy(config, parameters), onnxFile);
        float[] torch;
        try (PointerScope scope = new PointerScope();
                NoGradGuard frozen = new NoGradGuard()) {
            Tensor tokens = GeneratorForward.of(config, parameters::get).tokens(sample);
            torch = Tensors.floats(tokens);
        }
        float[] onnx;
        try (LoraGenerator generator = LoraGenerator.open(onnxFile, config, SessionOptions.defaults())) {
            onnx = generator.generate(Tensors.floats(sample.states()), mask(sample));
        }
        return require(onnxFile, torch, onnx, config.tokens().n());
    }

    /** The difference, if it is small enough. */
    static double require(Path onnxFile, float[] torch, float[] onnx, int tokens) {
        double difference = difference(torch, onnx, tokens);
        if (!(difference <= TOLERANCE)) {
            throw new NativeFailureException(String.format(
                    Locale.ROOT,
                    "%s: LibTorch and ONNX Runtime differ by %.3g of a token, at most %.0e is expected; do not use this"
                            + " graph and please report it",
                    onnxFile,
                    difference,
                    TOLERANCE));
        }
        return difference;
    }

    private static boolean[] mask(ConditionTensors sample) {
        float[] numbers = Tensors.floats(sample.mask());
        boolean[] mask = new boolean[numbers.length];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = numbers[i] != 0;
        }
        return mask;
    }

    /** Largest |difference| / |token| over the tokens, in Euclidean lengths. */
    private static double difference(float[] expected, float[] found, int tokens) {
        int size = expected.length / tokens;
        double[] lengths = new double[tokens];
        double[] differences = new double[tokens];
        double mean = 0;
        for (int t = 0; t < tokens; t++) {
            for (int i = t * size; i < (t + 1) * size; i++) {
                double difference = (double) expected[i] - found[i];
                lengths[t] += (double) expected[i] * expected[i];
                differences[t] += difference * difference;
            }
            mean += Math.sqrt(lengths[t]) / tokens;
        }
        double largest = 0;
        for (int t = 0; t < tokens; t++) {
            double length = Math.max(Math.sqrt(lengths[t]), LEAST_LENGTH * mean);
            largest = Math.max(largest, length == 0 ? differences[t] : Math.sqrt(differences[t]) / length);
        }
        return largest; // NaN stays NaN: Math.max keeps it
    }
}
