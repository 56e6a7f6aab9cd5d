package org.dndllm.nano;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dndllm.synth.SyntheticVocabulary;
import org.junit.jupiter.api.Test;

class WorldVocabulariesTest {
    private static final NanoWorld WORLD = NanoWorld.of(WorldSpec.standard());

    @Test
    void bpe_itemsOfEveryTask_areOneTokenAWord() {
        // given
        SyntheticVocabulary vocabulary = WORLD.bpeVocabulary();
        Map<String, Integer> ranks = new HashMap<>();
        vocabulary.merges().forEach(merge -> ranks.put(merge, ranks.size()));

        // when
        List<String> split = new ArrayList<>();
        Stream<String> words = WORLD.tasks().stream()
                .flatMap(task -> WORLD.items(task, Split.TEST).stream())
                .flatMap(item -> Stream.of(item.prompt(), item.response()));
        Stream<String> documents = Stream.iterate(0, i -> i < 2000, i -> i + 1)
                .flatMap(i -> WORLD.baseDocument(i).stream())
                .flatMap(turn -> Stream.of(turn.prompt(), turn.response()));
        Stream.of(words, documents, Stream.of("user", "assistant", "system"))
                .flatMap(texts -> texts)
                .distinct()
                .forEach(text -> {
                    // Qwen2 cuts digits one by one, and the space before one stands alone.
                    String digitless = text.replaceAll(" ?[0-9]+", "");
                    if (WorldText.bpe(digitless, ranks).size()
                                    != digitless.strip().split(" ").length
                            && !digitless.isBlank()) {
                        split.add(digitless);
                    }
                });

        // then
        assertThat(split).isEmpty();
        assertThat(vocabulary.size()).isLessThanOrEqualTo(768);
    }

    @Test
    void wordPieces_everyWord_isOnePiece() {
        // when
        List<String> pieces = WORLD.wordPieceVocabulary();

        // then
        Stream<String> prompts = WORLD.tasks().stream()
                .flatMap(task -> WORLD.items(task, Split.TEST).stream())
                .flatMap(item -> ConditionText.PROMPTS_AND_ANSWERS.texts(List.of(item)).stream());
        Stream<String> sentences = Stream.iterate(0, i -> i < 2000, i -> i + 1).map(WORLD::encoderSentence);
        assertThat(Stream.concat(prompts, sentences)
                        .flatMap(text -> Stream.of(
                                text.toLowerCase(java.util.Locale.ROOT).split(" ")))
                        .filter(word -> word.length() == 1 || !Character.isDigit(word.charAt(0)))
                        .distinct())
                .allMatch(pieces::contains);
        assertThat(pieces).hasSizeLessThanOrEqualTo(512).doesNotHaveDuplicates();
    }
}
