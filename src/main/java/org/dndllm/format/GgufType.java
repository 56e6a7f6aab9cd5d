package org.dndllm.format;

import java.util.Optional;

/** Types of metadata values (GGUF v3, {@code gguf.h: enum gguf_type}); the ordinal is the number in the file. */
public enum GgufType {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    STRING(8),
    ARRAY(12),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private static final GgufType[] BY_ID = values();

    private final int minimumBytes;

    GgufType(int minimumBytes) {
        this.minimumBytes = minimumBytes;
    }

    /** Bytes of one value in a file; for strings and arrays, of an empty one. */
    int minimumBytes() {
        return minimumBytes;
    }

    /** Whether values are whole numbers, which {@link GgufValue} holds as Long and {@link GgufArray} as long. */
    public boolean isInteger() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            case FLOAT32, BOOL, STRING, ARRAY, FLOAT64 -> false;
        };
    }

    /** The number that stands for this type in a file. */
    public int id() {
        return ordinal();
    }

    /** The type with this number; empty for unknown ones. */
    public static Optional<GgufType> byId(int id) {
        return id >= 0 && id < BY_ID.length ? Optional.of(BY_ID[id]) : Optional.empty();
    }
}
