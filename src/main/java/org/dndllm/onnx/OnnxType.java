package org.dndllm.onnx;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.dndllm.format.DType;

/** Element types of ONNX values, with their codes in {@code onnx.proto: TensorProto.DataType}. */
public enum OnnxType {
    FLOAT(1, DType.F32),
    INT8(3, DType.I8),
    INT32(6, DType.I32),
    INT64(7, DType.I64),
    BOOL(9, DType.BOOL),
    FLOAT16(10, DType.F16),
    DOUBLE(11, DType.F64),
    BFLOAT16(16, DType.BF16);

    private final int code;
    private final DType dtype;

    OnnxType(int code, DType dtype) {
        this.code = code;
        this.dtype = dtype;
    }

    /** The type's number in a model file. */
    public int code() {
        return code;
    }

    DType dtype() {
        return dtype;
    }

    /** Bytes of one element. */
    public int bytes() {
        return dtype.bytes();
    }

    static Optional<OnnxType> byCode(long code) {
        return Arrays.stream(values()).filter(type -> type.code == code).findFirst();
    }

    /**
     * The type that stores that dtype unchanged.
     *
     * @throws IllegalArgumentException when the graphs of this project have no such type
     */
    public static OnnxType of(DType dtype) {
        for (OnnxType type : values()) {
            if (type.dtype == dtype) {
                return type;
            }
        }
        throw new IllegalArgumentException("no ONNX type for " + dtype + "; use one of " + List.of(values()));
    }
}
