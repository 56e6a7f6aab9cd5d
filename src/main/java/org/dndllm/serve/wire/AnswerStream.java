package org.dndllm.serve.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The body of one answer. What is written is held until {@link #flush}, {@link #close} or until it is much, and leaves in
 * one write, the head with the first part: each write to a socket costs a system call and a segment. One thread at a time.
 */
final class AnswerStream extends OutputStream {
    private static final int MOST_HELD = 32 << 10;
    private static final byte[] LINE_END = {'\r', '\n'};
    private static final byte[] LAST_CHUNK = {'0', '\r', '\n', '\r', '\n'};

    private final OutputStream out;
    private final Framing framing;
    private final Runnable beforeTheEnd;
    private final ByteArrayOutputStream held = new ByteArrayOutputStream(512);
    private byte[] head;
    private long left; // bytes that were promised, with framing LENGTH
    private boolean closed;

    /** How the client knows where the answer ends. */
    enum Framing {
        /** There is none, whatever is written. */
        NOTHING,
        /** By its length. */
        LENGTH,
        /** By chunks. */
        CHUNKS,
        /** By the end of the connection. */
        CONNECTION
    }

    /** Runs {@code beforeTheEnd} before the part leaves by which a client has the answer whole, and may go. */
    AnswerStream(OutputStream out, byte[] head, Framing framing, long length, Runnable beforeTheEnd) {
        this.out = out;
        this.head = head;
        this.framing = framing;
        this.beforeTheEnd = beforeTheEnd;
        left = length;
    }

    /** Whether it was sent whole, so that another answer may follow. */
    boolean isWhole() {
        return closed && (framing != Framing.LENGTH || left == 0);
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (closed) {
            throw new IOException("the answer is closed");
        }
        if (framing == Framing.LENGTH) {
            if (length > left) {
                throw new IOException("the answer is longer than its Content-Length");
            }
            left -= length;
        }
        if (framing != Framing.NOTHING) {
            held.write(bytes, offset, length);
        }
        if (held.size() >= MOST_HELD) {
            flush();
        }
    }

    @Override
    public void flush() throws IOException {
        send(false);
    }

    private void send(boolean last) throws IOException {
        boolean chunk = framing == Framing.CHUNKS && held.size() > 0;
        ByteArrayOutputStream whole = new ByteArrayOutputStream(head.length + held.size() + 24);
        whole.writeBytes(head);
        if (chunk) {
            whole.writeBytes(Integer.toHexString(held.size()).getBytes(StandardCharsets.US_ASCII));
            whole.writeBytes(LINE_END);
        }
        held.writeTo(whole);
        if (chunk) {
            whole.writeBytes(LINE_END);
        }
        if (last && framing == Framing.CHUNKS) {
            whole.writeBytes(LAST_CHUNK);
        }
        head = new byte[0];
        held.reset();
        if (last || endsWithWhatIsWritten()) {
            beforeTheEnd.run();
        }
        if (whole.size() > 0) {
            whole.writeTo(out);
        }
    }

    private boolean endsWithWhatIsWritten() {
        return framing == Framing.NOTHING || (framing == Framing.LENGTH && left == 0);
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            send(true);
        }
    }
}
