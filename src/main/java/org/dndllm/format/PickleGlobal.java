package org.dndllm.format;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The only names that a pickle may refer to. They are labels here: nothing is looked up in Python or Java. */
enum PickleGlobal {
    REBUILD_TENSOR_V2("torch._utils._rebuild_tensor_v2"),
    REBUILD_TENSOR_V3("torch._utils._rebuild_tensor_v3"),
    REBUILD_PARAMETER("torch._utils._rebuild_parameter"),
    ORDERED_DICT("collections.OrderedDict"),
    SIZE("torch.Size"),

    DOUBLE_STORAGE("torch.DoubleStorage", DType.F64, Role.STORAGE),
    FLOAT_STORAGE("torch.FloatStorage", DType.F32, Role.STORAGE),
    HALF_STORAGE("torch.HalfStorage", DType.F16, Role.STORAGE),
    BFLOAT16_STORAGE("torch.BFloat16Storage", DType.BF16, Role.STORAGE),
    LONG_STORAGE("torch.LongStorage", DType.I64, Role.STORAGE),
    INT_STORAGE("torch.IntStorage", DType.I32, Role.STORAGE),
    SHORT_STORAGE("torch.ShortStorage", DType.I16, Role.STORAGE),
    CHAR_STORAGE("torch.CharStorage", DType.I8, Role.STORAGE),
    BYTE_STORAGE("torch.ByteStorage", DType.U8, Role.STORAGE),
    BOOL_STORAGE("torch.BoolStorage", DType.BOOL, Role.STORAGE),
    /** Bytes whose element type the tensor itself states. */
    UNTYPED_STORAGE("torch.storage.UntypedStorage", DType.U8, Role.STORAGE),
    UNTYPED_STORAGE_ALIAS("torch.UntypedStorage", DType.U8, Role.STORAGE),

    FLOAT64("torch.float64", DType.F64, Role.DTYPE),
    FLOAT32("torch.float32", DType.F32, Role.DTYPE),
    FLOAT16("torch.float16", DType.F16, Role.DTYPE),
    BFLOAT16("torch.bfloat16", DType.BF16, Role.DTYPE),
    INT64("torch.int64", DType.I64, Role.DTYPE),
    INT32("torch.int32", DType.I32, Role.DTYPE),
    INT16("torch.int16", DType.I16, Role.DTYPE),
    INT8("torch.int8", DType.I8, Role.DTYPE),
    UINT64("torch.uint64", DType.U64, Role.DTYPE),
    UINT32("torch.uint32", DType.U32, Role.DTYPE),
    UINT16("torch.uint16", DType.U16, Role.DTYPE),
    UINT8("torch.uint8", DType.U8, Role.DTYPE),
    BOOL("torch.bool", DType.BOOL, Role.DTYPE),
    FLOAT8_E4M3("torch.float8_e4m3fn", DType.F8_E4M3, Role.DTYPE),
    FLOAT8_E5M2("torch.float8_e5m2", DType.F8_E5M2, Role.DTYPE);

    private enum Role {
        CALL,
        STORAGE,
        DTYPE
    }

    private static final Map<String, PickleGlobal> BY_NAME =
            Stream.of(values()).collect(Collectors.toUnmodifiableMap(PickleGlobal::pythonName, Function.identity()));

    private final String pythonName;
    private final @Nullable DType dtype;
    private final Role role;

    PickleGlobal(String pythonName) {
        this.pythonName = pythonName;
        this.dtype = null;
        this.role = Role.CALL;
    }

    PickleGlobal(String pythonName, DType dtype, Role role) {
        this.pythonName = pythonName;
        this.dtype = dtype;
        this.role = role;
    }

    static Optional<PickleGlobal> byName(String pythonName) {
        return Optional.ofNullable(BY_NAME.get(pythonName));
    }

    String pythonName() {
        return pythonName;
    }

    /** Element type, when this names a storage class. */
    Optional<DType> storageType() {
        return role == Role.STORAGE ? Optional.ofNullable(dtype) : Optional.empty();
    }

    /** Element type, when this names a {@code torch.dtype}. */
    Optional<DType> elementType() {
        return role == Role.DTYPE ? Optional.ofNullable(dtype) : Optional.empty();
    }

    boolean isUntyped() {
        return this == UNTYPED_STORAGE || this == UNTYPED_STORAGE_ALIAS;
    }
}
