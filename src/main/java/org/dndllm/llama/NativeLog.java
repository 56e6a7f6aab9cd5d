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
 * NULL can be explained in an exception. Everything goes on to SLF4J at DEBUG: a failure that matters becomes an
 * exception with these lines in it, and llama.cpp also warns of what is by design here (a decode that was cancelled, an
 * adapter on a layout without a buffer type of its own).
 */
final class NativeLog {
    private static final Logger LOG = LoggerFactory.getLogger("org.dndllm.llama.native");
    private static final int KEPT = 64;
    private static final Deque<Line> LINES = new ArrayDeque<>();
    private static long next;
    private static volatile int lastLevel;

    private NativeLog() {}

    private record Line(long number, Thread thread, String text) {}

    /** Registers the callback for the life of the process: llama.cpp keeps calling it until the library is gone. */
    static void install() {
        LlamaCpp.llama_log_set(callback(), MemorySegment.NULL);
        LlamaCpp.ggml_log_set(callback(), MemorySegment.NULL);
    }

    /** A {@code ggml_log_callback} that lives as long as the process. */
    static MemorySegment callback() {
        return ggml_log_callback.allocate(NativeLog::accept, Arena.global());
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
            boolean problem = isProblem(level);
            // Loading an adapter says a line per tensor; a string is made only for those that somebody may read.
            if (problem || LOG.isDebugEnabled()) {
                record(problem, text.getString(0).strip());
            }
        } catch (Throwable t) {
            // An exception that leaves an upcall ends the JVM, so a line that cannot be logged is dropped.
            lastLevel = 0;
        }
    }

    /** Warnings and errors; a continuation line belongs to the one before it. */
    private static boolean isProblem(int level) {
        int effective = level == LlamaCpp.GGML_LOG_LEVEL_CONT() ? lastLevel : level;
        lastLevel = effective;
        return effective == LlamaCpp.GGML_LOG_LEVEL_WARN() || effective == LlamaCpp.GGML_LOG_LEVEL_ERROR();
    }

    private static void record(boolean problem, String text) {
        if (text.isEmpty()) {
            return;
        }
        if (problem) {
            synchronized (NativeLog.class) {
                LINES.addLast(new Line(next++, Thread.currentThread(), text));
                if (LINES.size() > KEPT) {
                    LINES.removeFirst();
                }
            }
        }
        LOG.debug("{}", text);
    }
}
