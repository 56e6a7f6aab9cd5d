package org.dndllm.llama;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.dndllm.NativeFailureException;
import org.jspecify.annotations.Nullable;

/**
 * A platform thread that may be sacrificed: native calls that can run into an assertion are made here, one at a time,
 * while the caller waits. If the call asserts, {@link CrashGuard} parks this thread inside the native frame for good and
 * {@link #fail} wakes the caller with an exception; the thread, the locks it holds in native code and everything it was
 * working on are lost, the process is not.
 *
 * <p>The hand-off is one park and unpark in each direction (about 10 to 50 microseconds, against some 30 milliseconds
 * for a decoded token of a 0.5B model). Neither side spins: on a box with two busy cores a spinning waiter would take
 * its core away from the matrix products. The calls of one context allocate nothing when the task object is reused.
 */
final class NativeThread implements AutoCloseable {
    /** std::regex, which llama.cpp uses for some pre-tokenizers, recurses per character; memory is only reserved. */
    private static final long STACK_BYTES = 64L << 20;

    private static final AtomicLong COUNT = new AtomicLong();
    private static final Set<NativeThread> LIVING = ConcurrentHashMap.newKeySet();

    private final Domain domain;
    private final Worker worker;
    private final ReentrantLock callers = new ReentrantLock();

    // Hand-off slots. task is written by the caller before the release of waiting, outcome by the worker (or by the
    // crash guard) before the release of done; the volatile flags order them.
    private @Nullable IntSupplier task;
    private volatile @Nullable Thread waiting;
    private volatile boolean done = true;
    private int result;
    private @Nullable Throwable thrown;
    private volatile @Nullable String what;
    private volatile @Nullable NativeFailureException failure;
    private volatile boolean stopped;

    /** What the threads of one model share: after one of them crashed, none takes calls any more. */
    static final class Domain {
        private volatile @Nullable NativeFailureException failure;

        /** The assertion that made the model unusable, if there was one. */
        @Nullable
        NativeFailureException failure() {
            return failure;
        }

        void require() {
            NativeFailureException crash = failure;
            if (crash != null) {
                String message = crash.getMessage();
                throw new NativeFailureException(message == null ? "native failure" : message, crash);
            }
        }
    }

    NativeThread(Domain domain, String owner) {
        this.domain = domain;
        worker = new Worker(this, "dnd-native-" + COUNT.incrementAndGet() + "-" + owner);
        worker.setDaemon(true);
        LIVING.add(this);
        worker.start();
    }

    /** The native thread that the current thread is, if it is one. */
    static @Nullable NativeThread current() {
        return Thread.currentThread() instanceof Worker worker ? worker.owner : null;
    }

    /** Every native thread that is inside a call at this moment. */
    static Iterable<NativeThread> busy() {
        return LIVING.stream().filter(thread -> thread.done == false).toList();
    }

    /** Runs {@code call} here and returns its value. Waits without regard to interrupts; the flag is kept. */
    <T> T call(String name, Supplier<T> call) {
        var box = new Object() {
            @Nullable
            T value;
        };
        callInt(name, () -> {
            box.value = call.get();
            return 0;
        });
        T value = box.value;
        if (value == null) {
            throw new NativeFailureException(name + ": no answer from the native thread");
        }
        return value;
    }

    void run(String name, Runnable call) {
        callInt(name, () -> {
            call.run();
            return 0;
        });
    }

    /**
     * Runs {@code call} here and returns its value.
     *
     * @throws NativeFailureException if the call ran into an assertion, now or earlier
     */
    int callInt(String name, IntSupplier call) {
        if (Thread.currentThread() == worker) {
            return call.getAsInt();
        }
        callers.lock();
        try {
            requireAlive();
            task = call;
            what = name;
            thrown = null;
            waiting = Thread.currentThread();
            done = false;
            LockSupport.unpark(worker);
            awaitDone();
            if (failure != null) {
                domain.require();
            }
            rethrow();
            return result;
        } finally {
            waiting = null;
            task = null;
            callers.unlock();
        }
    }

    private void awaitDone() {
        boolean interrupted = false;
        while (done == false) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void rethrow() {
        Throwable problem = thrown;
        if (problem instanceof RuntimeException e) {
            throw e;
        }
        if (problem instanceof Error e) {
            throw e;
        }
    }

    private void requireAlive() {
        domain.require();
        if (stopped) {
            throw new IllegalStateException(worker.getName() + " is closed");
        }
    }

    /** The thread that calls run on; what llama.cpp logs during a call is logged by it. */
    Thread worker() {
        return worker;
    }

    /** The name of the call in progress. */
    String currentCall() {
        String name = what;
        return name == null ? worker.getName() : name;
    }

    /** Called by the crash guard, on the thread that asserted: the pending call ends with {@code problem}. */
    void fail(NativeFailureException problem) {
        failure = problem;
        domain.failure = problem;
        LIVING.remove(this);
        finish();
    }

    private void finish() {
        Thread caller = waiting;
        done = true;
        LockSupport.unpark(caller);
    }

    private void serve() {
        while (stopped == false && failure == null) {
            // done first: seeing it false makes the task that was written before it visible
            IntSupplier next = done ? null : task;
            if (next == null) {
                LockSupport.park(this);
                continue;
            }
            try {
                result = next.getAsInt();
            } catch (Throwable t) {
                thrown = t; // rethrown by the caller
            }
            if (failure == null) {
                finish();
            }
        }
    }

    /** Ends the thread after the call in progress. Idempotent. */
    @Override
    public void close() {
        callers.lock();
        try {
            stopped = true;
            LIVING.remove(this);
            LockSupport.unpark(worker);
        } finally {
            callers.unlock();
        }
    }

    private static final class Worker extends Thread {
        private final NativeThread owner;

        Worker(NativeThread owner, String name) {
            super(null, null, name, STACK_BYTES);
            this.owner = owner;
        }

        @Override
        public void run() {
            owner.serve();
        }
    }
}
