package org.dndllm.eval.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LinesTest {

    @Test
    void spaceAround_doesNotMatter() {
        assertThat(Lines.equal("1 2\n3\n", "  1 2 \r\n3\n\n\n")).isTrue();
    }

    @Test
    void numbers_areComparedAsNumbers() {
        assertThat(Lines.equal("1.50 2", "1.5   2.0")).isTrue();
        assertThat(Lines.equal("1.50 2", "1.5 2.1")).isFalse();
        assertThat(Lines.equal("1.5 a", "1.50 a")).isFalse();
    }

    @Test
    void otherText_isAnotherAnswer() {
        assertThat(Lines.equal("Yes", "yes")).isFalse();
        assertThat(Lines.equal("1\n2", "1 2")).isFalse();
        assertThat(Lines.equal("1\n2", "1")).isFalse();
        assertThat(Lines.equal("", "0")).isFalse();
    }

    @Test
    void hugeExponents_areQuick() {
        assertThat(Lines.equal("1e999999999", "1e-999999999")).isFalse();
        assertThat(Lines.equal("1" + "0".repeat(100), "1e100")).isFalse();
    }
}
