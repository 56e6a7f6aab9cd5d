package org.dndllm.serve.wire;

import java.io.IOException;
import java.io.InputStream;

/** The body of one request, of a known length or in chunks. One thread at a time. */
final class RequestBody extends InputStream {
    private static final int MOST_LINE = 256;
    private static final int MOST_TRAILERS = 8 << 10;

    private final Inbound in;
    private final boolean chunked;
    private final Start start;
    private final Runnable whole;
    private long left; // bytes of the body or of the chunk in progress
    private boolean begun;
    private boolean ended;

    /** Runs before the first byte is taken. */
    @FunctionalInterface
    interface Start {
        void run() throws IOException;
    }

    /**
     * @param start runs before the first byte is taken
     * @param whole runs when the last byte was taken
     */
    RequestBody(Inbound in, RequestHead head, Start start, Runnable whole) {
        this.in = in;
        this.start = start;
        this.whole = whole;
        chunked = head.chunked();
        left = head.length();
        if (!chunked && left == 0) {
            end();
        }
    }

    /** Whether nothing of it is left on the connection. */
    boolean isAtEnd() {
        return ended;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!begun && !ended) {
            begun = true;
            start.run();
            if (chunked) {
                nextChunk();
            }
        }
        if (ended) {
            return -1;
        }
        int count = in.next(target, offset, (int) Math.min(length, left));
        left -= count;
        if (left == 0) {
            finishPart();
        }
        return count;
    }

    private void finishPart() throws IOException {
        if (!chunked) {
            end();
            return;
        }
        if (!RequestHead.line(in, new int[] {MOST_LINE}).isEmpty()) {
            throw new MalformedRequestException(400, "a chunk of the body is longer than it says");
        }
        nextChunk();
    }

    private void nextChunk() throws IOException {
        String line = RequestHead.line(in, new int[] {MOST_LINE});
        int extension = line.indexOf(';');
        String size = extension < 0 ? line : line.substring(0, extension).stripTrailing();
        if (!size.matches("[0-9a-fA-F]{1,8}")) {
            throw new MalformedRequestException(400, "a chunk of the body does not begin with its size");
        }
        left = Long.parseLong(size, 16);
        if (left == 0) {
            int[] trailers = {MOST_TRAILERS};
            while (!RequestHead.line(in, trailers).isEmpty()) {
                // trailers say nothing that anyone here asks for
            }
            end();
        }
    }

    private void end() {
        ended = true;
        whole.run();
    }
}
