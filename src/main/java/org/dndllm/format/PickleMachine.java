package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;

/**
 * Runs the subset of Python's pickle language that {@code torch.save} emits for plain data and tensors, protocols 2 to
 * 5. It builds lists, maps, strings, numbers and tensors, and can call nothing: the names in {@link PickleGlobal} are
 * handled here, any other name ends the run before anything is made of it. Every opcode consumes input and makes at most
 * one object of a size bounded by that input, so work and memory are bounded by the pickle's length.
 *
 * <p>Values on the stack: {@link Long}, {@link Double}, {@link Boolean}, {@link String}, {@link TensorView}, {@link
 * Tuple}, {@link PyList}, {@link PyDict}, {@link PickleGlobal}, {@link TorchTensors.Storage}, {@link Nothing}, {@link
 * Mark}. Source: the opcode table of CPython's {@code pickletools}.
 */
final class PickleMachine {
    /** Far beyond any state dict, whose pickle takes about a hundred bytes per tensor. */
    static final int MAX_BYTES = 16 << 20;

    private static final int MAX_GLOBAL_NAME = 300;
    private static final String FIELD = "data.pkl";

    record Tuple(List<Object> items) {}

    /** A mutable list: appended to after it is made. Identity counts, since a hostile one may contain itself. */
    static final class PyList {
        final List<Object> items = new ArrayList<>();
    }

    /** A mutable dict with keys of type String or Long. */
    static final class PyDict {
        final Map<Object, Object> members = new LinkedHashMap<>();
    }

    /** Python's None. */
    enum Nothing {
        NONE
    }

    private enum Mark {
        MARK
    }

    private final ByteBuffer in;
    private final String source;
    private final TorchTensors tensors;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private int opcodeAt;

    PickleMachine(MemorySegment pickle, String source, TorchTensors tensors) {
        if (pickle.byteSize() > MAX_BYTES) {
            throw new InvalidInputException(
                    source, FIELD, "has " + pickle.byteSize() + " bytes, expected at most " + MAX_BYTES);
        }
        this.in = ByteBuffer.wrap(pickle.toArray(ValueLayout.JAVA_BYTE)).order(ByteOrder.LITTLE_ENDIAN);
        this.source = source;
        this.tensors = tensors;
    }

    /** The one value that the pickle leaves. */
    Object run() {
        while (true) {
            opcodeAt = in.position();
            need(1);
            int opcode = Byte.toUnsignedInt(in.get());
            if (opcode == '.') {
                Object result = pop();
                if (!stack.isEmpty()) {
                    throw fail("leaves " + stack.size() + " values too many on the stack");
                }
                return result;
            }
            if (!runValue(opcode) && !runContainer(opcode)) {
                runTorch(opcode);
            }
        }
    }

    /** Opcodes that push one plain value. */
    private boolean runValue(int opcode) {
        switch (opcode) {
            case 'N' -> stack.add(Nothing.NONE);
            case 0x88 -> stack.add(true);
            case 0x89 -> stack.add(false);
            case 'J' -> stack.add((long) need(4).getInt());
            case 'K' -> stack.add((long) u8());
            case 'M' -> stack.add((long) Short.toUnsignedInt(need(2).getShort()));
            case 0x8a -> stack.add(littleEndian(u8()));
            case 'G' -> stack.add(Double.longBitsToDouble(Long.reverseBytes(need(8).getLong())));
            case 'X' -> stack.add(text(u32()));
            case 0x8c -> stack.add(text(u8()));
            case 0x8d -> stack.add(text(need(8).getLong()));
            // Python 2 strings; torch.load reads them as text too.
            case 'U' -> stack.add(text(u8()));
            case 'T' -> stack.add(text(u32()));
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Opcodes that build or fill tuples, lists and dicts. */
    private boolean runContainer(int opcode) {
        switch (opcode) {
            case '(' -> stack.add(Mark.MARK);
            case ')' -> stack.add(new Tuple(List.of()));
            case 't' -> stack.add(new Tuple(popToMark()));
            case 0x85 -> stack.add(new Tuple(popLast(1)));
            case 0x86 -> stack.add(new Tuple(popLast(2)));
            case 0x87 -> stack.add(new Tuple(popLast(3)));
            case ']' -> stack.add(new PyList());
            case 'a' -> append(popLast(1));
            case 'e' -> append(popToMark());
            case '}' -> stack.add(new PyDict());
            case 's' -> setItems(popLast(2));
            case 'u' -> setItems(popToMark());
            case 'l' -> {
                List<Object> items = popToMark();
                stack.add(new PyList());
                append(items);
            }
            case 'd' -> {
                List<Object> items = popToMark();
                stack.add(new PyDict());
                setItems(items);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Protocol, memo, names and the few calls that are understood. */
    private void runTorch(int opcode) {
        switch (opcode) {
            case 0x80 -> protocol(u8());
            // A frame only says how much to read ahead.
            case 0x95 -> need(8).getLong();
            case 'q' -> memo.put((long) u8(), top());
            case 'r' -> memo.put(u32(), top());
            case 0x94 -> memo.put((long) memo.size(), top());
            case 'h' -> stack.add(recall(u8()));
            case 'j' -> stack.add(recall(u32()));
            case '0' -> pop();
            case 'c' -> stack.add(global(line(), line()));
            case 0x93 -> {
                List<Object> names = popLast(2);
                stack.add(global(String.valueOf(names.get(0)), String.valueOf(names.get(1))));
            }
            case 'R' -> {
                List<Object> call = popLast(2);
                stack.add(reduce(call.get(0), call.get(1)));
            }
            case 'b' -> build();
            case 'Q' -> stack.add(tensors.storage(pop()));
            case 0x81, 0x92, 'i', 'o' ->
                throw fail("asks to create an object of a Python class, which is never done;"
                        + " save a plain state_dict instead");
            default -> throw fail("opcode 0x%02x is not one that torch.save writes for tensors".formatted(opcode));
        }
    }

    private void protocol(int version) {
        if (version < 2 || version > 5) {
            throw fail("is pickle protocol " + version + ", expected 2 to 5");
        }
    }

    private PickleGlobal global(String module, String name) {
        String full = module + "." + name;
        return PickleGlobal.byName(full)
                .orElseThrow(() -> fail("refers to the Python name " + printable(full)
                        + ", which is not on the short list for tensors. Code in a file is never run;"
                        + " save a plain state_dict (names to tensors) and load that"));
    }

    private Object reduce(Object callable, Object arguments) {
        if (callable instanceof PickleGlobal global && arguments instanceof Tuple tuple) {
            return call(global, tuple);
        }
        throw fail("calls something that is not a known name with a tuple of arguments");
    }

    private Object call(PickleGlobal global, Tuple tuple) {
        return switch (global) {
            case REBUILD_TENSOR_V2, REBUILD_TENSOR_V3 -> tensors.rebuild(global, tuple.items());
            case REBUILD_PARAMETER -> parameter(tuple.items());
            case ORDERED_DICT -> orderedDict(tuple.items());
            case SIZE -> size(tuple.items());
            default -> throw fail("calls " + global.pythonName() + ", which is no function for tensors");
        };
    }

    private Object parameter(List<Object> arguments) {
        if (arguments.isEmpty() || !(arguments.getFirst() instanceof TensorView tensor)) {
            throw fail("a parameter is built from something that is no tensor");
        }
        return tensor;
    }

    private Object orderedDict(List<Object> arguments) {
        // Python 3 makes it empty and fills it; Python 2 hands over a list of pairs.
        PyDict dict = new PyDict();
        if (arguments.isEmpty()) {
            return dict;
        }
        if (arguments.size() != 1 || !(arguments.getFirst() instanceof PyList pairs)) {
            throw fail("OrderedDict is built from something that is no list of pairs");
        }
        for (Object pair : pairs.items) {
            List<Object> items =
                    pair instanceof PyList list ? list.items : pair instanceof Tuple t ? t.items() : List.of();
            if (items.size() != 2) {
                throw fail("OrderedDict is built from something that is no list of pairs");
            }
            put(dict, items.get(0), items.get(1));
        }
        return dict;
    }

    private Object size(List<Object> arguments) {
        if (arguments.size() != 1 || !(arguments.getFirst() instanceof Tuple extents)) {
            throw fail("torch.Size is built from something that is no tuple");
        }
        return extents;
    }

    /** State of an OrderedDict is module versions ({@code _metadata}), which no reader needs. */
    private void build() {
        List<Object> both = popLast(2);
        if (!(both.get(0) instanceof PyDict) || !(both.get(1) instanceof PyDict)) {
            throw fail("sets the state of an object that is no OrderedDict, which is never done");
        }
        stack.add(both.get(0));
    }

    private void append(List<Object> items) {
        if (!(top() instanceof PyList list)) {
            throw fail("appends to something that is no list");
        }
        list.items.addAll(items);
    }

    private void setItems(List<Object> items) {
        if (!(top() instanceof PyDict dict) || items.size() % 2 != 0) {
            throw fail("sets items of something that is no dict, or a key without a value");
        }
        for (int i = 0; i < items.size(); i += 2) {
            put(dict, items.get(i), items.get(i + 1));
        }
    }

    private void put(PyDict dict, Object key, Object value) {
        if (!(key instanceof String) && !(key instanceof Long)) {
            throw fail("a dict key is neither text nor a whole number; save a plain state_dict");
        }
        dict.members.put(key, value);
    }

    private Object recall(long index) {
        Object value = memo.get(index);
        if (value == null) {
            throw fail("recalls memo " + index + ", which was never set");
        }
        return value;
    }

    private Object top() {
        if (stack.isEmpty() || stack.getLast() == Mark.MARK) {
            throw fail("needs a value, but the stack is empty");
        }
        return stack.getLast();
    }

    private Object pop() {
        Object value = top();
        stack.removeLast();
        return value;
    }

    private List<Object> popLast(int count) {
        int from = stack.size() - count;
        if (from < 0 || stack.subList(from, stack.size()).contains(Mark.MARK)) {
            throw fail("needs " + count + " values, but the stack has fewer");
        }
        return take(from);
    }

    private List<Object> popToMark() {
        int mark = stack.size() - 1;
        while (mark >= 0 && stack.get(mark) != Mark.MARK) {
            mark--;
        }
        if (mark < 0) {
            throw fail("closes a group that was never opened");
        }
        List<Object> items = take(mark + 1);
        stack.removeLast();
        return items;
    }

    private List<Object> take(int from) {
        List<Object> tail = stack.subList(from, stack.size());
        List<Object> items = new ArrayList<>(tail);
        tail.clear();
        return items;
    }

    private ByteBuffer need(long bytes) {
        if (bytes < 0 || bytes > in.remaining()) {
            throw fail("ends early: an opcode needs " + bytes + " bytes, " + in.remaining()
                    + " are left; is the download complete?");
        }
        return in;
    }

    private int u8() {
        return Byte.toUnsignedInt(need(1).get());
    }

    private long u32() {
        return Integer.toUnsignedLong(need(4).getInt());
    }

    /** A little-endian two's complement number of that many bytes. */
    private long littleEndian(int bytes) {
        if (bytes > Long.BYTES) {
            throw fail("holds a whole number of " + bytes + " bytes, expected at most 8");
        }
        need(bytes);
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) Byte.toUnsignedInt(in.get()) << (8 * i);
        }
        int unused = Long.SIZE - 8 * bytes;
        return bytes == 0 ? 0 : value << unused >> unused;
    }

    private String text(long bytes) {
        need(bytes);
        ByteBuffer slice = in.slice(in.position(), (int) bytes);
        in.position(in.position() + (int) bytes);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(slice).toString();
        } catch (CharacterCodingException invalid) {
            throw new InvalidInputException(source, FIELD, "a string is not valid UTF-8", invalid);
        }
    }

    private String line() {
        StringBuilder built = new StringBuilder();
        while (true) {
            char c = (char) u8();
            if (c == '\n') {
                return built.toString();
            }
            if (built.length() >= MAX_GLOBAL_NAME) {
                throw fail("a name is longer than " + MAX_GLOBAL_NAME);
            }
            built.append(c);
        }
    }

    /** Names in messages come from the file: no control characters, and not endless. */
    private static String printable(String name) {
        String clipped = name.length() > MAX_GLOBAL_NAME ? name.substring(0, MAX_GLOBAL_NAME) + "..." : name;
        return clipped.replaceAll("[^\\x21-\\x7e]", "?");
    }

    private InvalidInputException fail(String problem) {
        return new InvalidInputException(source, FIELD, "at byte " + opcodeAt + ": " + problem);
    }
}
