package org.dndllm.lora;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufTensor;

/**
 * Finds values that are NaN, infinite or at least 65536 in magnitude: the last are beyond F16, no trained weight comes
 * near, and their products overflow into NaN logits.
 *
 * <p>Reads 8 bytes at a time. A magnitude of 2^16 shows in the exponent alone, so adding a constant to each masked
 * exponent carries into the sign bit exactly when the value is that large (infinity and NaN have the largest exponent).
 */
final class FiniteScan {
    private static final ValueLayout.OfLong LE_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort LE_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FiniteScan() {}

    /**
     * Refuses a tensor with such a value.
     *
     * @throws InvalidInputException naming the tensor, the value and its place
     */
    static void require(String source, GgufTensor tensor) {
        boolean suspicious = switch (tensor.type()) {
            case F16 -> anyLarge(tensor.data(), 0x7c007c007c007c00L, 0x0400040004000400L, 0x8000800080008000L);
            case BF16 -> anyLarge(tensor.data(), 0x7f807f807f807f80L, 0x3880388038803880L, 0x8000800080008000L);
            case F32 -> anyLarge(tensor.data(), 0x7f8000007f800000L, 0x3880000038800000L, 0x8000000080000000L);
            case Q8_0 -> anyLargeBlock(tensor.data());
            default -> throw new AssertionError(tensor.type());
        };
        if (suspicious) {
            float[] values = tensor.toFloats();
            for (int i = 0; i < values.length; i++) {
                if (!(Math.abs(values[i]) < 65_536)) {
                    throw new InvalidInputException(
                            source,
                            tensor.name(),
                            "value " + i + " is " + values[i] + "; expected finite weights below 65536 in magnitude");
                }
            }
        }
    }

    /** One loop over the memory itself with an int counter: the form that C2 vectorises (6 times a copy to the heap). */
    private static boolean anyLarge(MemorySegment data, long exponents, long carry, long signs) {
        int longs = Math.toIntExact(data.byteSize() / Long.BYTES);
        long found = 0;
        for (int i = 0; i < longs; i++) {
            found |= (data.get(LE_LONG, (long) Long.BYTES * i) & exponents) + carry;
        }
        long rest = 0;
        for (long at = (long) Long.BYTES * longs; at < data.byteSize(); at++) {
            rest |= (data.get(ValueLayout.JAVA_BYTE, at) & 0xffL) << (8 * (at - (long) Long.BYTES * longs));
        }
        found |= (rest & exponents) + carry;
        return (found & signs) != 0;
    }

    /** The largest value of a block is at most 127 times its scale. */
    private static boolean anyLargeBlock(MemorySegment data) {
        int bytes = GgmlType.Q8_0.blockBytes();
        for (long at = 0; at < data.byteSize(); at += bytes) {
            float scale = Float.float16ToFloat(data.get(LE_SHORT, at));
            if (!(Math.abs(scale) * 127 < 65_536)) {
                return true;
            }
        }
        return false;
    }
}
