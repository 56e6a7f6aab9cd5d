package org.dndllm.serve.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StopScannerTest {

    @ParameterizedTest
    @CsvSource({
        "'hello world', 'o w', hell",
        "'hello', 'x', hello",
        "'aab', 'ab', a",
        "'aaab', 'aab', a",
        "'stop', 'stop', ''",
        "'one sto', 'stop', 'one sto'",
        "'abcd', 'bcd|c', ab",
        "'abcd', 'cd|bcd', a",
        "'ab', 'b|ab', ''",
    })
    void feed_anyCut_sameAnswer(String text, String stops, String expected) {
        for (int cut = 0; cut <= text.length(); cut++) {
            StopScanner scanner = new StopScanner(List.of(stops.split("\\|")));

            String answer = scanner.feed(text.substring(0, cut)) + scanner.feed(text.substring(cut)) + flush(scanner);

            assertThat(answer).as("cut at %d", cut).isEqualTo(expected);
            assertThat(scanner.isStopped()).isEqualTo(!expected.equals(text));
        }
    }

    @Test
    void feed_beginOfAStop_isHeldBackUntilItIsNone() {
        StopScanner scanner = new StopScanner(List.of("<end>"));

        assertThat(scanner.feed("text<e")).isEqualTo("text");
        assertThat(scanner.feed("n")).isEmpty();
        assertThat(scanner.feed("x")).isEqualTo("<enx");
    }

    @Test
    void feed_randomPieces_sameAsOneCharacterAtATime() {
        for (long seed = 0; seed < 200; seed++) {
            // given: a text over three letters, so that stops nearly match all the time
            Random random = new Random(seed);
            String text = letters(random, 40);
            List<String> stops =
                    List.of(letters(random, 1 + random.nextInt(4)), letters(random, 2 + random.nextInt(4)));
            StopScanner single = new StopScanner(stops);
            StringBuilder expected = new StringBuilder();
            text.chars().forEach(c -> expected.append(single.feed(Character.toString(c))));
            expected.append(flush(single));

            // when
            StopScanner scanner = new StopScanner(stops);
            StringBuilder answer = new StringBuilder();
            for (int at = 0; at < text.length(); ) {
                int end = Math.min(text.length(), at + 1 + random.nextInt(5));
                answer.append(scanner.feed(text.substring(at, end)));
                at = end;
            }
            answer.append(flush(scanner));

            // then
            assertThat(answer.toString())
                    .as("seed %d, %s in %s", seed, stops, text)
                    .isEqualTo(expected.toString());
            for (String stop : stops) {
                assertThat(answer).doesNotContain(stop);
            }
        }
    }

    private static String flush(StopScanner scanner) {
        return scanner.isStopped() ? "" : scanner.flush();
    }

    private static String letters(Random random, int length) {
        return random.ints(length, 'a', 'd').mapToObj(Character::toString).reduce("", String::concat);
    }
}
