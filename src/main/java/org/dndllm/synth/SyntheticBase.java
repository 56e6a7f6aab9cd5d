package org.dndllm.synth;

import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufWriter;
import org.dndllm.lora.BaseGguf;
import org.dndllm.lora.BaseShape;

/**
 * A Qwen2 base model with random weights as a GGUF file: tensor names, their order and metadata as llama.cpp's converter
 * writes them for Qwen2.5, plus {@code dnd.synthetic = true}. Matrices have deviation 1/sqrt(inputs), so activations and
 * logits keep about unit size at any width; the text that comes out is noise.
 */
public final class SyntheticBase {
    private static final float SMALL = 0.02f;

    private SyntheticBase() {}

    /**
     * Writes the model, whole or not at all. Fills tensors on all cores, one tensor at a time; the largest one is held in
     * native memory.
     *
     * @param vocab at most as many tokens as the shape has; filled up with unused ones
     * @param matrixType F32, F16, BF16 or Q8_0 for the matrices; norms and biases are F32
     * @param seed the same arguments and seed give the same bytes on every machine
     * @param name what {@code general.name} says
     * @throws InvalidInputException when shape, type and vocabulary do not fit together
     */
    public static void write(
            Path gguf, BaseShape shape, SyntheticVocabulary vocab, GgmlType matrixType, long seed, String name) {
        writer(shape, vocab, matrixType, seed, name).write(gguf);
    }

    /** The file before it is written. */
    static GgufWriter writer(BaseShape shape, SyntheticVocabulary vocab, GgmlType matrixType, long seed, String name) {
        BaseGguf.Settings settings = new BaseGguf.Settings(
                name,
                "Random weights, made for tests and measurements; not a trained model.",
                matrixType,
                BaseGguf.CONTEXT_LENGTH,
                BaseGguf.ROPE_BASE,
                BaseGguf.RMS_EPSILON);
        return BaseGguf.writer(
                shape,
                settings,
                writer -> writer.putBool("dnd.synthetic", true).putUint64("dnd.synthetic.seed", seed),
                writer -> vocab.padded(shape.vocab()).putInto(writer),
                (tensor, role, type, dims) -> random(seed, tensor, role, type, dims));
    }

    private static RandomTensor random(long seed, String name, BaseGguf.Role role, GgmlType type, List<Long> dims) {
        return switch (role) {
            // Correctly rounded by IEEE 754, unlike Math.pow and the like.
            case MATRIX -> RandomTensor.of(seed, name, type, 0f, (float) (1 / Math.sqrt(dims.getFirst())));
            case NORM -> RandomTensor.of(seed, name, type, 1f, SMALL);
            case BIAS -> RandomTensor.of(seed, name, type, 0f, SMALL);
        };
    }
}
