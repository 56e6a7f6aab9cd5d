package org.dndllm.format;

import java.util.Optional;

/**
 * Element types of a tensor file. The constant's name is the type's spelling in a safetensors header; every type is
 * little-endian and takes whole bytes (safetensors' sub-byte and complex types are not supported).
 *
 * <p>Source: safetensors format specification, README of huggingface/safetensors.
 */
public enum DType {
    F64(8, 12),
    F32(4, 11),
    F16(2, 7),
    BF16(2, 8),
    I64(8, 13),
    I32(4, 9),
    I16(2, 5),
    I8(1, 2),
    U64(8, 14),
    U32(4, 10),
    U16(2, 6),
    U8(1, 1),
    BOOL(1, 0),
    F8_E4M3(1, 4),
    F8_E5M2(1, 3);

    private final int bytes;
    private final int writeRank;

    DType(int bytes, int writeRank) {
        this.bytes = bytes;
        this.writeRank = writeRank;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Place in a safetensors file that the reference wrote: higher ranks come first, so wider elements do too. */
    int writeRank() {
        return writeRank;
    }

    /** The type with that safetensors spelling, or empty when there is none here. */
    public static Optional<DType> byName(String name) {
        for (DType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
