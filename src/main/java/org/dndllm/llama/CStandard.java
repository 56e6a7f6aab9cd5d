package org.dndllm.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The few functions of the C library that are needed beside llama.cpp. Each is absent where the platform lacks it. */
final class CStandard {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LOOKUP = LINKER.defaultLookup();

    // FILE * fmemopen(void * buf, size_t size, const char * mode): POSIX, so not on Windows
    private static final @Nullable MethodHandle FMEMOPEN =
            handle("fmemopen", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    // int fclose(FILE * stream)
    private static final @Nullable MethodHandle FCLOSE = handle("fclose", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    // int setenv(const char * name, const char * value, int overwrite): POSIX
    private static final @Nullable MethodHandle SETENV =
            handle("setenv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));

    private CStandard() {}

    private static @Nullable MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return LOOKUP.find(name)
                .map(symbol -> LINKER.downcallHandle(symbol, descriptor))
                .orElse(null);
    }

    static boolean hasMemoryFiles() {
        return FMEMOPEN != null && FCLOSE != null;
    }

    /** Address of {@code strlen}, which {@link StopFlag} lends to llama.cpp. */
    static Optional<MemorySegment> strlen() {
        return LOOKUP.find("strlen");
    }

    /** A read-only stdio stream over {@code bytes} (native memory, which must outlive the stream); NULL on failure. */
    static MemorySegment openForReading(MemorySegment bytes) {
        MethodHandle open = FMEMOPEN;
        if (open == null) {
            return MemorySegment.NULL;
        }
        try (Arena arena = Arena.ofConfined()) {
            return (MemorySegment) open.invokeExact(bytes, bytes.byteSize(), arena.allocateFrom("rb"));
        } catch (Throwable t) {
            throw new AssertionError("fmemopen", t);
        }
    }

    static void close(MemorySegment stream) {
        MethodHandle close = FCLOSE;
        if (close == null) {
            return;
        }
        try {
            int ignored = (int) close.invokeExact(stream);
        } catch (Throwable t) {
            throw new AssertionError("fclose", t);
        }
    }

    /** Sets a variable of this process for native code (Java's view is a copy made at start); keeps one that is set. */
    static void setEnvironment(String name, String value) {
        MethodHandle set = SETENV;
        if (set == null) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) set.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
        } catch (Throwable t) {
            throw new AssertionError("setenv", t);
        }
    }
}
