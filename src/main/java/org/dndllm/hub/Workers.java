package org.dndllm.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A few threads that do many tasks; the first task that fails ends the others. */
final class Workers implements AutoCloseable {
    private static final long GOODBYE_SECONDS = 30;

    private final ExecutorService threads;

    Workers(int count) {
        threads = Executors.newFixedThreadPool(
                count, Thread.ofPlatform().daemon().name("dnd-pull-", 0).factory());
    }

    /**
     * The results in the order of the tasks.
     *
     * @throws RuntimeException that of the task that failed first; all tasks have ended then
     */
    <T> List<T> all(List<Callable<T>> tasks) {
        ExecutorCompletionService<T> completed = new ExecutorCompletionService<>(threads);
        List<Future<T>> results = new ArrayList<>();
        tasks.forEach(task -> results.add(completed.submit(task)));
        try {
            for (int i = 0; i < tasks.size(); i++) {
                completed.take().get();
            }
        } catch (ExecutionException e) {
            close();
            switch (e.getCause()) {
                case RuntimeException refused -> throw refused;
                case Error broken -> throw broken;
                case null, default -> throw new IllegalStateException("unexpected failure of a task", e);
            }
        } catch (InterruptedException e) {
            close();
            throw Stopped.now(e);
        }
        return results.stream().map(Future::resultNow).toList();
    }

    /** Interrupts what still runs and waits for its end, so that no file is held open any more. */
    @Override
    public void close() {
        threads.shutdownNow();
        try {
            boolean ended = threads.awaitTermination(GOODBYE_SECONDS, TimeUnit.SECONDS);
            assert ended : "a task ignores interrupts";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
