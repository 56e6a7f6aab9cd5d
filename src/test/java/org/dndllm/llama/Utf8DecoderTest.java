package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Utf8DecoderTest {
    @Test
    void decode_everySplitOfManyScripts_givesTheWholeText() {
        for (String text :
                new String[] {"a", "é", "日本語", "🙂", "👩‍👩‍👧‍👦 fam", "x🇩🇪y", "\u0000\u007f\u0080\uffff"}) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i <= bytes.length; i++) {
                for (int j = i; j <= bytes.length; j++) {
                    // given
                    Utf8Decoder decoder = new Utf8Decoder();

                    // when
                    String read = decoder.decode(Arrays.copyOfRange(bytes, 0, i))
                            + decoder.decode(Arrays.copyOfRange(bytes, i, j))
                            + decoder.decode(Arrays.copyOfRange(bytes, j, bytes.length))
                            + decoder.flush();

                    // then
                    assertThat(read).as("%s split at %d and %d", text, i, j).isEqualTo(text);
                }
            }
        }
    }

    @Test
    void decode_randomBytesOneByOne_isWhatJavaDecodesAtOnce() {
        for (long seed = 0; seed < 2000; seed++) {
            // given
            byte[] bytes = new byte[12];
            new Random(seed).nextBytes(bytes);
            Utf8Decoder decoder = new Utf8Decoder();

            // when
            StringBuilder read = new StringBuilder();
            for (byte b : bytes) {
                read.append(decoder.decode(new byte[] {b}));
            }
            read.append(decoder.flush());

            // then
            assertThat(read.toString()).as("seed %d", seed).isEqualTo(new String(bytes, StandardCharsets.UTF_8));
        }
    }

    @Test
    void decode_halfCharacter_waitsForTheRest() {
        // given
        Utf8Decoder decoder = new Utf8Decoder();
        byte[] bytes = "🙂".getBytes(StandardCharsets.UTF_8);

        // when, then
        assertThat(decoder.decode(Arrays.copyOf(bytes, 3))).isEmpty();
        assertThat(decoder.decode(new byte[] {bytes[3]})).isEqualTo("🙂");
        assertThat(decoder.flush()).isEmpty();
    }
}
