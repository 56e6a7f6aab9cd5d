package org.dndllm.eval.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class CodeAnswerTest {

    @Test
    void noFence_isTakenAsItStands() {
        assertThat(code("    return 1\n")).isEqualTo("    return 1\n");
    }

    @Test
    void oneBlock_isTakenWithoutTheTextAround() {
        assertThat(code("Sure!\n```python\ndef f():\n    return 1\n```\nThat is it."))
                .isEqualTo("def f():\n    return 1\n");
    }

    @Test
    void severalBlocks_theLastThatDefinesTheFunction() {
        assertThat(code("```\ndef f(): return 0\n```\nBetter:\n```py\ndef f(): return 1\n```\nUse:\n```\nf()\n```"))
                .isEqualTo("def f(): return 1\n");
    }

    @Test
    void severalBlocks_noneDefinesIt_theLast() {
        assertThat(code("```\na\n```\n```\ndef f2(): pass\n```")).isEqualTo("def f2(): pass\n");
    }

    @Test
    void openFence_reachesToTheEnd() {
        assertThat(code("text\n```python\ndef f():\n    ret")).isEqualTo("def f():\n    ret\n");
    }

    private static String code(String answer) {
        return CodeAnswer.code(answer, Optional.of("f"));
    }
}
