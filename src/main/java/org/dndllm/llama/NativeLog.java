package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.ggml_log_callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What llama.cpp and ggml say. Warnings and errors are kept for a while with the thread that said them, so that a bare
 * NULL can be explained in an exception; everything goes on to SLF4J (errors and warnings at WARN, the rest at DEBUG).
 */
final class NativeLog {
    private static final Logger LOG = LoggerFactory.getLogger("org.dndllm.llama.native");
    private static final int KEPT = 64;
    /** Said as a warning whenever a decode is cancelled or graphs are reserved early, which is by design here. */
    private static final String ROLLBACK = "removing memory module entries";

    private static final Deque<Line> LINES = new ArrayDeque<>();
    private static long next;
    private static int lastLevel;

    private NativeLog() {}

    private record Line(long number, Thread thread, String text) {}

    /** Registers the callback for the life of the process: llama.cpp keeps calling it until the library is gone. */
    static void install() {
        MemorySegment stub = ggml_log_callback.allocate(NativeLog::accept, Arena.global());
        LlamaCpp.llama_log_set(stub, MemorySegment.NULL);
        LlamaCpp.ggml_log_set(stub, MemorySegment.NULL);
    }

    /** A mark: lines said from now on come after it. */
    static synchronized long mark() {
        return next;
    }

    /** Warnings and errors that {@code thread} said since {@code mark}, oldest first; empty when it said nothing. */
    static synchronized String since(long mark, Thread thread) {
        List<String> said = new ArrayList<>();
        for (Line line : LINES) {
            if (line.number >= mark && line.thread == thread) {
                said.add(line.text);
            }
        }
        return String.join("; ", said);
    }

    private static void accept(int level, MemorySegment text, MemorySegment userData) {
        try {
            record(level, text.getString(0).strip());
        } catch (Throwable t) {
            // An exception that leaves an upcall ends the JVM, so a line that cannot be logged is dropped.
            lastLevel = 0;
        }
    }

    private static void record(int level, String text) {
        boolean problem;
        synchronized (NativeLog.class) {
            int effective = level == LlamaCpp.GGML_LOG_LEVEL_CONT() ? lastLevel : level;
            lastLevel = effective;
            problem = (effective == LlamaCpp.GGML_LOG_LEVEL_WARN() || effective == LlamaCpp.GGML_LOG_LEVEL_ERROR())
                    && text.contains(ROLLBACK) == false;
            if (problem && text.isEmpty() == false) {
                LINES.addLast(new Line(next++, Thread.currentThread(), text));
                if (LINES.size() > KEPT) {
                    LINES.removeFirst();
                }
            }
        }
        if (text.isEmpty()) {
            return;
        }
        if (problem) {
            LOG.warn("{}", text);
        } else {
            LOG.debug("{}", text);
        }
    }
}
