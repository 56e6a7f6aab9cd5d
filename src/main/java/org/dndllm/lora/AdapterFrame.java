package org.dndllm.lora;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.dndllm.format.GgmlType;

/**
 * The GGUF file of an adapter without its values, from {@link GgufAdapter#frame}.
 *
 * @param type of every value: F32, F16 or BF16
 * @param header everything before the first tensor
 * @param offsets where each tensor begins behind the header: layers in order, within a layer the layout's modules in
 *     order, of a module A [r, in], then B [out, r]; between two tensors lie zeros where the alignment asks for some
 * @param dataBytes behind the header, the zeros behind the last tensor included
 */
@SuppressWarnings("ArrayRecordComponent") // made once, copied into each file
public record AdapterFrame(GgmlType type, byte[] header, List<Long> offsets, long dataBytes) {
    /** Memory of a whole file with the header in its place and zeros behind it; the arena owns it. */
    public MemorySegment file(Arena arena) {
        MemorySegment file = arena.allocate(header.length + dataBytes, 64);
        MemorySegment.copy(MemorySegment.ofArray(header), 0, file, 0, header.length);
        return file;
    }

    /** The part of {@link #file} behind the header. */
    public MemorySegment data(MemorySegment file) {
        return file.asSlice(header.length, dataBytes);
    }
}
