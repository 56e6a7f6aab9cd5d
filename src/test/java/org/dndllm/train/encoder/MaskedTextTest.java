package org.dndllm.train.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class MaskedTextTest {
    private static final int MASK = 4;
    private static final int FIRST_WORD = 5;
    private static final int VOCABULARY = 50;

    @Test
    void of_manyTexts_hidesAboutAsManyAsBert() {
        // given: 20 words between [CLS] and [SEP]
        int[] text = new int[22];
        for (int i = 0; i < text.length; i++) {
            text[i] = 20 + i;
        }
        Random random = new Random(5);
        int chosen = 0;
        int masked = 0;
        int rounds = 2000;

        // when
        for (int round = 0; round < rounds; round++) {
            MaskedText one = MaskedText.of(text, MASK, FIRST_WORD, VOCABULARY, random);
            assertThat(one.places()).isNotEmpty();
            for (int i = 0; i < one.places().length; i++) {
                int place = one.places()[i];
                assertThat(place).isBetween(1, 20);
                assertThat(one.targets()[i]).isEqualTo(text[place]);
                assertThat(one.ids()[place]).isBetween(MASK, VOCABULARY - 1);
                masked += one.ids()[place] == MASK ? 1 : 0;
            }
            chosen += one.places().length;
            assertThat(one.ids()[0]).isEqualTo(text[0]);
            assertThat(one.ids()[21]).isEqualTo(text[21]);
        }

        // then: one for sure, 15 % of the other 19
        assertThat((double) chosen / rounds).isBetween(3.7, 4.0);
        assertThat((double) masked / chosen).isBetween(0.77, 0.83);
    }

    @Test
    void of_oneWord_hidesIt() {
        assertThat(MaskedText.of(new int[] {2, 30, 3}, MASK, FIRST_WORD, VOCABULARY, new Random(1))
                        .targets())
                .containsExactly(30);
    }
}
