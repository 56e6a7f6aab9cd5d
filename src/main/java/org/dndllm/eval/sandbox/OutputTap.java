package org.dndllm.eval.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** Reads one stream of a process on a thread of its own, and stops at a limit; the pipe then fills and blocks the writer. */
final class OutputTap {
    private final InputStream stream;
    private final int limit;
    private final ByteArrayOutputStream read = new ByteArrayOutputStream();
    private final Thread thread;
    private volatile boolean over;

    private OutputTap(InputStream stream, int limit) {
        this.stream = stream;
        this.limit = limit;
        this.thread = Thread.ofVirtual().unstarted(this::drain);
    }

    static OutputTap on(InputStream stream, int limit) {
        OutputTap tap = new OutputTap(stream, limit);
        tap.thread.start();
        return tap;
    }

    /** Whether there was more than the limit. */
    boolean isOver() {
        return over;
    }

    /** All that was read, after the stream's end or its limit. */
    byte[] bytes() throws InterruptedException {
        thread.join();
        return read.toByteArray();
    }

    private void drain() {
        byte[] buffer = new byte[8192];
        try {
            for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
                int room = limit - read.size();
                read.write(buffer, 0, Math.min(n, room));
                if (n > room) {
                    over = true;
                    return;
                }
            }
        } catch (IOException e) {
            // the process was killed and its pipe closed under this thread: what came until then is all there is
        }
    }
}
