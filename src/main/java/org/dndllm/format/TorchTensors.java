package org.dndllm.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;

/**
 * Turns the storages and strided tensors that a torch pickle describes into row-major views. A contiguous tensor is a
 * slice of its storage's record; any other is copied once, into memory of the archive's arena.
 */
final class TorchTensors {
    /** On top of the file's own size, what copies may take: room for broadcast tensors, none for bombs. */
    private static final long COPY_ALLOWANCE = 16L << 20;

    private static final int MAX_RANK = 64;
    private static final String FIELD = "data.pkl tensor";

    /** A storage record. {@code data} is of {@code type} unless {@code untyped}, when each tensor names its own. */
    record Storage(String key, DType type, boolean untyped, MemorySegment data) {}

    private final String source;
    private final Map<String, MemorySegment> records;
    private final Arena arena;
    private final Map<String, Storage> storages = new HashMap<>();
    private long copyBudget;

    /** @param records storage records by key */
    TorchTensors(String source, Map<String, MemorySegment> records, Arena arena, long fileBytes) {
        this.source = source;
        this.records = records;
        this.arena = arena;
        this.copyBudget = fileBytes + COPY_ALLOWANCE;
    }

    /** Resolves {@code ('storage', class, key, location, elements)}; tensors of one key share the memory. */
    Storage storage(Object persistentId) {
        if (!(persistentId instanceof PickleMachine.Tuple tuple)
                || tuple.items().size() != 5
                || !"storage".equals(tuple.items().get(0))
                || !(tuple.items().get(1) instanceof PickleGlobal type)
                || type.storageType().isEmpty()
                || !(tuple.items().get(2) instanceof String key)
                || !(tuple.items().get(4) instanceof Long elements)) {
            throw fail("a storage reference is not ('storage', storage class, key, location, elements)");
        }
        DType dtype = type.storageType().get();
        Storage known = storages.get(key);
        if (known == null) {
            known = new Storage(key, dtype, type.isUntyped(), record(key));
            storages.put(key, known);
        }
        if (known.type != dtype || known.untyped != type.isUntyped()) {
            throw fail("storage " + key + " is used as " + known.type + " and as " + dtype);
        }
        long expected = product(elements, dtype.bytes());
        if (elements < 0 || expected != known.data.byteSize()) {
            throw fail("storage " + key + " should hold " + elements + " elements of " + dtype + ", but its record has "
                    + known.data.byteSize() + " bytes");
        }
        return known;
    }

    private MemorySegment record(String key) {
        MemorySegment record = records.get(key);
        if (record == null) {
            throw fail("storage " + key + " has no record data/" + key + " in the archive");
        }
        return record;
    }

    /**
     * Rebuilds from {@code (storage, offset, size, stride, requires_grad, hooks, ...)}; version 3 has the dtype as
     * seventh argument.
     */
    TensorView rebuild(PickleGlobal function, List<Object> arguments) {
        boolean statesType = function == PickleGlobal.REBUILD_TENSOR_V3;
        if (arguments.size() < (statesType ? 7 : 4)
                || !(arguments.get(0) instanceof Storage storage)
                || !(arguments.get(1) instanceof Long offset)
                || !(arguments.get(2) instanceof PickleMachine.Tuple size)
                || !(arguments.get(3) instanceof PickleMachine.Tuple stride)) {
            throw fail("is not rebuilt from (storage, offset, size, stride, ...)");
        }
        DType dtype = statesType ? statedType(arguments.get(6)) : storage.type;
        if (storage.untyped && !statesType) {
            throw fail("storage " + storage.key + " is untyped and the tensor does not state its type");
        }
        List<Long> shape = longs(size, "size");
        List<Long> strides = longs(stride, "stride");
        if (shape.size() != strides.size() || shape.size() > MAX_RANK) {
            throw fail("has " + shape.size() + " extents and " + strides.size()
                    + " strides, expected as many of both, at most " + MAX_RANK);
        }
        long bytes = checkedBytes(dtype, shape);
        checkBounds(storage, dtype, offset, shape, strides, bytes);
        MemorySegment data = bytes == 0
                ? MemorySegment.NULL
                : isContiguous(shape, strides)
                        ? storage.data.asSlice(offset * dtype.bytes(), bytes)
                        : copy(storage, dtype, offset, shape, strides, bytes);
        return new TensorView("", dtype, shape, data);
    }

    private DType statedType(Object argument) {
        Optional<DType> stated =
                argument instanceof PickleGlobal global ? global.elementType() : Optional.<DType>empty();
        return stated.orElseThrow(() -> fail("its seventh argument is no torch dtype"));
    }

    private List<Long> longs(PickleMachine.Tuple tuple, String what) {
        List<Long> read = new ArrayList<>();
        for (Object item : tuple.items()) {
            if (!(item instanceof Long number) || number < 0) {
                throw fail("its " + what + " holds something that is no whole number from 0");
            }
            read.add(number);
        }
        return read;
    }

    private long checkedBytes(DType dtype, List<Long> shape) {
        try {
            return TensorView.byteSize(dtype, shape);
        } catch (IllegalArgumentException overflow) {
            throw fail("is impossible: " + overflow.getMessage());
        }
    }

    private void checkBounds(
            Storage storage, DType dtype, long offset, List<Long> shape, List<Long> strides, long bytes) {
        long available = storage.data.byteSize() / dtype.bytes();
        if (offset < 0 || offset > available) {
            throw fail("begins at element " + offset + " of storage " + storage.key + ", which has " + available);
        }
        if (bytes == 0) {
            return;
        }
        try {
            long last = offset;
            for (int i = 0; i < shape.size(); i++) {
                last = Math.addExact(last, Math.multiplyExact(shape.get(i) - 1, strides.get(i)));
            }
            if (last >= available) {
                throw fail("shape " + shape + " with stride " + strides + " reaches element " + last + " of storage "
                        + storage.key + ", which has " + available);
            }
        } catch (ArithmeticException overflow) {
            throw fail("shape " + shape + " with stride " + strides + " overflows 63 bits");
        }
    }

    private static boolean isContiguous(List<Long> shape, List<Long> strides) {
        long expected = 1;
        for (int i = shape.size() - 1; i >= 0; i--) {
            if (shape.get(i) != 1 && strides.get(i) != expected) {
                return false;
            }
            expected *= shape.get(i);
        }
        return true;
    }

    private MemorySegment copy(
            Storage storage, DType dtype, long offset, List<Long> shape, List<Long> strides, long bytes) {
        if (bytes > copyBudget) {
            throw fail("shape " + shape + " with stride " + strides
                    + " would need a copy beyond what the file's size allows; save tensor.contiguous() instead");
        }
        copyBudget -= bytes;
        MemorySegment target = arena.allocate(bytes, Long.BYTES);
        int rank = shape.size();
        int width = dtype.bytes();
        long[] index = new long[rank];
        long from = offset;
        for (long at = 0; at < bytes; at += width) {
            MemorySegment.copy(storage.data, from * width, target, at, width);
            // An odometer: the last axis turns fastest, an axis that wraps gives its distance back.
            for (int axis = rank - 1; axis >= 0; axis--) {
                from += strides.get(axis);
                if (++index[axis] < shape.get(axis)) {
                    break;
                }
                from -= strides.get(axis) * shape.get(axis);
                index[axis] = 0;
            }
        }
        return target.asReadOnly();
    }

    private long product(long left, long right) {
        try {
            return Math.multiplyExact(left, right);
        } catch (ArithmeticException overflow) {
            throw fail("a storage of " + left + " elements overflows 63 bits");
        }
    }

    private InvalidInputException fail(String problem) {
        return new InvalidInputException(source, FIELD, problem);
    }
}
