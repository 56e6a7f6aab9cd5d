package org.dndllm.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LengthGroupsTest {
    @Test
    void of_mixedLengths_groupsSimilarOnes() {
        List<Example> examples = IntStream.of(40, 41, 110, 38, 100, 41)
                .mapToObj(length -> Example.of(new int[length]))
                .toList();

        List<List<Example>> groups = LengthGroups.of(examples);

        assertThat(groups.stream()
                        .map(group -> group.stream().map(Example::length).toList()))
                .containsExactly(List.of(38, 40, 41, 41), List.of(100, 110));
    }

    @Test
    void of_oneExample_isOneGroup() {
        assertThat(LengthGroups.of(List.of(Example.of(new int[5])))).hasSize(1);
    }
}
