package org.dndllm.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.ggml_abort_callback_t;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Last resort behind full validation: an assertion of ggml (abort) or a C++ exception that nobody catches
 * (std::terminate) parks the thread it happened on, for ever, and ends the pending call with a
 * {@link NativeFailureException} that names the assertion. Returning from either callback would end the process, and so
 * would throwing.
 *
 * <p>A memory fault (SIGSEGV) cannot be survived this way; validation has to prevent it.
 */
final class CrashGuard {
    private static final Logger LOG = LoggerFactory.getLogger(CrashGuard.class);
    private static final AddressLayout STRING =
            ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(Integer.MAX_VALUE, ValueLayout.JAVA_BYTE));

    private static @Nullable MethodHandle exceptionType;
    private static MemorySegment previousTerminate = MemorySegment.NULL;

    private CrashGuard() {}

    /** Installs both callbacks for the life of the process. */
    static void install() {
        LlamaCpp.ggml_set_abort_callback(ggml_abort_callback_t.allocate(CrashGuard::onAbort, Arena.global()));
        runtimeLibrary().ifPresent(CrashGuard::installTerminate);
    }

    /** The C++ runtime library that libllama was linked with, where its name is known. */
    private static Optional<SymbolLookup> runtimeLibrary() {
        String os = System.getProperty("os.name", "");
        List<String> names = os.startsWith("Linux")
                ? List.of("libstdc++.so.6")
                : os.startsWith("Mac") ? List.of("/usr/lib/libc++abi.dylib", "/usr/lib/libc++.1.dylib") : List.of();
        for (String name : names) {
            try {
                return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
            } catch (IllegalArgumentException e) {
                LOG.debug("{} cannot be opened: {}", name, e.getMessage());
            }
        }
        return Optional.empty();
    }

    private static void installTerminate(SymbolLookup runtime) {
        Optional<MemorySegment> setTerminate = runtime.find("_ZSt13set_terminatePFvvE");
        if (setTerminate.isEmpty()) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        // std::type_info * __cxa_current_exception_type()
        exceptionType = runtime.find("__cxa_current_exception_type")
                .map(symbol -> linker.downcallHandle(
                        symbol,
                        FunctionDescriptor.of(ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(2, ADDRESS)))))
                .orElse(null);
        try {
            MethodHandle handler = MethodHandles.lookup()
                    .findStatic(CrashGuard.class, "onTerminate", MethodType.methodType(void.class));
            MemorySegment stub = linker.upcallStub(handler, FunctionDescriptor.ofVoid(), Arena.global());
            // std::terminate_handler set_terminate(std::terminate_handler)
            MethodHandle set = linker.downcallHandle(setTerminate.get(), FunctionDescriptor.of(ADDRESS, ADDRESS));
            previousTerminate = (MemorySegment) set.invokeExact(stub);
        } catch (Throwable t) {
            throw new AssertionError("cannot install the terminate handler", t);
        }
    }

    private static void onAbort(MemorySegment message) {
        String text = "unknown assertion";
        try {
            text = message.getString(0).strip();
        } catch (Throwable t) {
            // the text is a bonus; parking is not
        }
        sacrifice(text);
    }

    private static void onTerminate() {
        String text = "uncaught C++ exception";
        try {
            text = "uncaught C++ exception " + exceptionName();
            if (NativeThread.current() == null && NativeThread.busy().iterator().hasNext() == false) {
                LOG.error("{} outside of every call into llama.cpp", text);
                if (previousTerminate.address() != 0) {
                    Linker.nativeLinker()
                            .downcallHandle(previousTerminate, FunctionDescriptor.ofVoid())
                            .invokeExact();
                }
                return; // not ours: the process ends as it would have without us
            }
        } catch (Throwable t) {
            // as above
        }
        sacrifice(text);
    }

    /** Mangled name of the exception in flight, such as {@code St12out_of_range}. */
    private static String exceptionName() throws Throwable {
        MethodHandle handle = exceptionType;
        if (handle == null) {
            return "of unknown type";
        }
        MemorySegment typeInfo = (MemorySegment) handle.invokeExact();
        if (typeInfo.address() == 0) {
            return "of unknown type";
        }
        // struct type_info { vtable *; const char * name; }
        return typeInfo.get(STRING, ADDRESS.byteSize()).getString(0);
    }

    private static void sacrifice(String assertion) {
        try {
            NativeThread mine = NativeThread.current();
            if (mine != null) {
                mine.fail(failure(mine, assertion));
            } else {
                // One of ggml's own worker threads: which call it works for is not known, so every call in progress
                // ends.
                for (NativeThread thread : NativeThread.busy()) {
                    thread.fail(failure(thread, assertion));
                }
            }
            LOG.error("llama.cpp asserted: {}; {} is parked for good", assertion, Thread.currentThread());
        } catch (Throwable t) {
            // nothing may leave an upcall; parking comes first
        }
        while (true) {
            try {
                LockSupport.park();
                Thread.interrupted();
            } catch (Throwable t) {
                // stay
            }
        }
    }

    private static NativeFailureException failure(NativeThread thread, String assertion) {
        return new NativeFailureException(thread.currentCall() + ": llama.cpp ran into an assertion that validation did"
                + " not foresee: " + assertion + ". The model and its contexts and adapters are unusable, other models"
                + " go on; open the model again, restart the process when convenient, and report this with the input.");
    }
}
