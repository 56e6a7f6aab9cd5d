package org.dndllm.serve.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.serve.wire.AnswerStream.Framing;
import org.junit.jupiter.api.Test;

/** A client that goes once it has the answer whole has not left early, so the watch ends before the last part leaves. */
class AnswerStreamTest {
    private final List<String> sent = new ArrayList<>();

    private AnswerStream answer(Framing framing, long length) {
        OutputStream out = new OutputStream() {
            @Override
            public void write(int value) {
                sent.add(String.valueOf((char) value));
            }

            @Override
            public void write(byte[] bytes, int offset, int count) {
                sent.add(new String(bytes, offset, count, StandardCharsets.US_ASCII));
            }
        };
        byte[] head = "head ".getBytes(StandardCharsets.US_ASCII);
        return new AnswerStream(out, head, framing, length, () -> sent.add("the end"));
    }

    private static void write(AnswerStream answer, String text) throws IOException {
        answer.write(text.getBytes(StandardCharsets.US_ASCII));
        answer.flush();
    }

    @Test
    void end_ofAKnownLength_isToldBeforeTheLastBytes() throws IOException {
        AnswerStream answer = answer(Framing.LENGTH, 6);
        write(answer, "one");
        write(answer, "two");

        assertThat(sent).containsExactly("head one", "the end", "two");
    }

    @Test
    void end_ofChunks_isToldBeforeTheLastChunk() throws IOException {
        AnswerStream answer = answer(Framing.CHUNKS, 0);
        write(answer, "one");
        answer.close();

        assertThat(sent).containsExactly("head 3\r\none\r\n", "the end", "0\r\n\r\n");
    }

    @Test
    void end_byTheConnection_isToldWhenTheAnswerIsClosed() throws IOException {
        AnswerStream answer = answer(Framing.CONNECTION, 0);
        write(answer, "one");
        answer.close();

        assertThat(sent).containsExactly("head one", "the end");
    }

    @Test
    void end_ofAHeadAlone_isToldBeforeIt() throws IOException {
        AnswerStream answer = answer(Framing.NOTHING, 0);
        write(answer, "not sent");

        assertThat(sent).containsExactly("the end", "head ");
    }
}
