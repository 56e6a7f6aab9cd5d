package org.dndllm.onnx;

/** Where the constants of a model go when it is written. */
public enum ExternalData {
    /** Beside the model when they exceed {@link #THRESHOLD} together. */
    AUTO,
    /** Beside the model whatever their size. */
    ALWAYS,
    /** Inside the model, which must then stay below {@link #THRESHOLD}. */
    NEVER;

    /**
     * 256 MiB. A protobuf message must stay below 2 GiB and is held in memory whole, while data beside it streams when
     * written and is mapped when read.
     */
    public static final long THRESHOLD = 256L << 20;

    /** Constants below this many bytes stay inside: shapes and axes must be known when a model is checked. */
    static final long SMALL = 1024;

    /** Start of each constant in the data file is a multiple of this: a cache line, and any vector register. */
    static final long ALIGNMENT = 64;
}
