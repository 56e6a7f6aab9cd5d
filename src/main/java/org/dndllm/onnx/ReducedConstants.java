package org.dndllm.onnx;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.LongConsumer;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;

/** Float constants of a model in fewer bits, converted in pieces while the model that needs them is written. */
final class ReducedConstants {
    private static final int PIECE = 1 << 20;
    private static final int LARGEST = 127;
    private static final ValueLayout.OfFloat LITTLE_ENDIAN =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String source;
    private final OnnxConstants constants;
    private final LongConsumer progress;

    /**
     * @param source of the constants, for errors
     * @param progress told of the bytes of each piece
     */
    ReducedConstants(String source, OnnxConstants constants, LongConsumer progress) {
        this.source = source;
        this.constants = constants;
        this.progress = progress;
    }

    /** Takes values in order, with the index of the first. */
    @FunctionalInterface
    private interface Piece {
        void take(float[] values, long first) throws IOException;
    }

    /** Unchanged, of whatever type. */
    InitializerSource asIs(String name) {
        return constants.stream(name, progress);
    }

    /**
     * Rounded to nearest even.
     *
     * @param type FLOAT16 or BFLOAT16; writing refuses a value beyond its range
     */
    InitializerSource sixteenBits(String name, OnnxType type) {
        return sink -> eachPiece(name, (values, first) -> {
            TensorView rounded = TensorView.ofFloats(name, type.dtype(), List.of((long) values.length), values);
            float[] back = rounded.toFloats();
            for (int i = 0; i < back.length; i++) {
                requireFinite(name, first + i, values[i], back[i], type);
            }
            sink.put(rounded.data());
            progress.accept(rounded.data().byteSize());
        });
    }

    private void requireFinite(String name, long index, float value, float rounded, OnnxType type) {
        if (!Float.isFinite(rounded)) {
            throw new InvalidInputException(
                    source,
                    name,
                    "value " + index + " is " + value + ", which no finite " + type
                            + " is near; run the generator with --precision f32"
                            + (type == OnnxType.FLOAT16 ? ", or bf16" : ""));
        }
    }

    /** The step of each channel: its largest magnitude over 127; 1 where all its values are 0. */
    InitializerSource steps(String name, int axis) {
        return sink -> sink.put(MemorySegment.ofArray(steps(name, axis, constants.shape(name))));
    }

    private float[] steps(String name, int axis, List<Long> shape) throws IOException {
        float[] steps = new float[Math.toIntExact(shape.get(axis))];
        long inner = inner(shape, axis);
        eachPiece(name, (values, first) -> {
            for (int i = 0; i < values.length; i++) {
                requireFinite(name, first + i, values[i], values[i], OnnxType.FLOAT);
                int channel = (int) ((first + i) / inner % steps.length);
                steps[channel] = Math.max(steps[channel], Math.abs(values[i]));
            }
        });
        for (int channel = 0; channel < steps.length; channel++) {
            steps[channel] = steps[channel] == 0 ? 1 : steps[channel] / LARGEST;
        }
        return steps;
    }

    /** Whole numbers of {@link #steps}, rounded to nearest even. */
    InitializerSource eightBits(String name, int axis) {
        return sink -> {
            List<Long> shape = constants.shape(name);
            float[] steps = steps(name, axis, shape);
            long inner = inner(shape, axis);
            eachPiece(name, (values, first) -> {
                byte[] rounded = new byte[values.length];
                for (int i = 0; i < values.length; i++) {
                    float step = steps[(int) ((first + i) / inner % steps.length)];
                    rounded[i] = (byte) Math.rint((double) values[i] / step); // at most 127 by the choice of the step
                }
                sink.put(MemorySegment.ofArray(rounded));
                progress.accept(rounded.length);
            });
        };
    }

    /** How many neighbours in memory have the same index on an axis. */
    private static long inner(List<Long> shape, int axis) {
        return shape.subList(axis + 1, shape.size()).stream().reduce(1L, Math::multiplyExact);
    }

    private void eachPiece(String name, Piece piece) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            TensorView whole = constants.map(name, arena);
            long elements = whole.elements();
            for (long first = 0; first < elements; first += PIECE) {
                float[] values = new float[(int) Math.min(PIECE, elements - first)];
                MemorySegment.copy(whole.data(), LITTLE_ENDIAN, first * Float.BYTES, values, 0, values.length);
                piece.take(values, first);
            }
        }
    }
}
