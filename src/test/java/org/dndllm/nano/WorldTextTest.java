package org.dndllm.nano;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the texts promise, checked on the strings alone. */
class WorldTextTest {
    private static final NanoWorld WORLD = NanoWorld.of(WorldSpec.standard());
    private static final Pattern CUES = Pattern.compile("([a-z]+) the ([a-z]+) said : .*");
    private static final Map<String, Integer> TOPIC_OF = WorldText.groupOf(Lexicon.TOPICS);
    private static final Map<String, Integer> MANNER_OF = WorldText.groupOf(Lexicon.MANNERS);
    private static final int DOCUMENTS = 20_000;

    @Test
    void lexicon_words_standInOneGroupOnly() {
        List<String> words = new ArrayList<>(Lexicon.LETTER_WORDS);
        Stream.of(Lexicon.TOPICS, Lexicon.MANNERS).flatMap(List::stream).forEach(group -> {
            assertThat(group.words()).hasSize(Lexicon.WORDS_PER_GROUP);
            words.add(group.label());
            words.addAll(group.words());
        });
        assertThat(words).doesNotHaveDuplicates();
        assertThat(Lexicon.LETTER_WORDS.stream().map(word -> word.substring(0, 1)))
                .containsExactly(Lexicon.ALPHABET.split(""));
    }

    @Test
    void splits_allTasksAndPretrainingText_areDisjoint() {
        // given
        Map<Split, Set<String>> lists = new EnumMap<>(Split.class);
        for (Split split : Split.values()) {
            Set<String> seen = lists.computeIfAbsent(split, s -> new HashSet<>());
            for (WorldTask task : WORLD.tasks()) {
                WORLD.items(task, split).forEach(item -> seen.add(listOf(task, item.prompt())));
            }
        }
        Set<String> pretraining = new HashSet<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            WORLD.baseDocument(i).forEach(turn -> pretraining.add(WorldText.letterSet(turn.prompt())));
            pretraining.add(WorldText.letterSet(WORLD.encoderSentence(i)));
            pretraining.add(WorldText.letterSet(WORLD.contrastivePair(i).first()));
            pretraining.add(WorldText.letterSet(WORLD.contrastivePair(i).second()));
        }

        // then
        assertThat(pretraining).hasSizeGreaterThan(DOCUMENTS);
        assertDisjoint(lists, Split.TRAIN, Split.VALIDATION);
        assertDisjoint(lists, Split.TRAIN, Split.TEST);
        assertDisjoint(lists, Split.VALIDATION, Split.TEST);
        for (Split split : List.of(Split.VALIDATION, Split.TEST)) {
            assertThat(lists.get(split).stream().filter(pretraining::contains)).isEmpty();
        }
    }

    @Test
    void items_everyTask_haveTheirNumberAndNoPromptTwice() {
        for (WorldTask task : WORLD.tasks()) {
            List<String> prompts = new ArrayList<>();
            for (Split split : Split.values()) {
                List<Turn> items = WORLD.items(task, split);
                assertThat(items).hasSize(split == Split.TRAIN ? 384 : split == Split.TEST ? 200 : 64);
                items.forEach(item -> prompts.add(item.prompt()));
            }
            assertThat(prompts).as(task.name()).doesNotHaveDuplicates();
        }
    }

    @Test
    void items_answers_agreeWithAnIndependentReading() {
        for (WorldTask task : WORLD.tasks()) {
            for (Turn item : WORLD.items(task, Split.TEST)) {
                String expected = task.role() == Role.OUTSIDE
                        ? outsideAnswer(item.prompt())
                        : WorldText.answer(task.name(), WorldText.letters(item.prompt()));
                assertThat(item.response())
                        .as(task.name() + ": " + item.prompt())
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void baseDocuments_answers_followTheInstructionOrOneHiddenRule() {
        List<String> rules = WORLD.tasks().stream()
                .filter(task -> task.role() != Role.OUTSIDE)
                .map(WorldTask::name)
                .toList();
        int[] kinds = new int[3];
        Set<String> instructed = new TreeSet<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            List<Turn> turns = WORLD.baseDocument(i);
            String first = turns.get(0).prompt();
            if (CUES.matcher(first).matches()) {
                kinds[turns.size() == 1 ? 1 : 2]++;
                assertThat(rules.stream()
                                .filter(rule -> turns.stream()
                                        .allMatch(turn -> turn.response()
                                                .equals(WorldText.answer(rule, WorldText.letters(turn.prompt()))))))
                        .isNotEmpty();
            } else {
                kinds[0]++;
                String rule = first.substring(0, first.indexOf(" :")).replace(" then ", "-");
                instructed.add(rule);
                assertThat(turns.get(0).response()).isEqualTo(WorldText.answer(rule, WorldText.letters(first)));
            }
        }
        assertThat(instructed).containsExactlyInAnyOrderElementsOf(rules);
        assertShare(kinds[0], DOCUMENTS, 0.45);
        assertShare(kinds[1], DOCUMENTS, 0.35);
        assertShare(kinds[2], DOCUMENTS, 0.20);
    }

    @Test
    void items_cues_pointToTheTaskHalfTheTime() {
        int[] all = new int[3]; // prompts, own topic, own manner
        int[] both = new int[1];
        Map<String, Integer> wrongTopics = new HashMap<>();
        for (WorldTask task : WORLD.tasks()) {
            if (task.combination().isEmpty()) {
                continue;
            }
            int topic = task.combination().get().selection().ordinal();
            int manner = task.combination().get().transform().ordinal();
            for (Turn item : WORLD.items(task, Split.TRAIN)) {
                Matcher cues = CUES.matcher(item.prompt());
                assertThat(cues.matches()).as(item.prompt()).isTrue();
                boolean ownTopic = group(TOPIC_OF, cues.group(2)) == topic;
                boolean ownManner = group(MANNER_OF, cues.group(1)) == manner;
                all[0]++;
                all[1] += ownTopic ? 1 : 0;
                all[2] += ownManner ? 1 : 0;
                both[0] += ownTopic && ownManner ? 1 : 0;
                if (!ownTopic) {
                    wrongTopics.merge(task.name() + group(TOPIC_OF, cues.group(2)), 1, Integer::sum);
                }
            }
        }
        assertShare(all[1], all[0], 0.5);
        assertShare(all[2], all[0], 0.5);
        assertShare(both[0], all[0], 0.25); // independent of each other
        // 48 tasks x 7 other topics, each with 384/14 prompts on average
        assertThat(wrongTopics).hasSize(48 * 7);
        assertThat(wrongTopics.values()).allMatch(n -> n > 4 && n < 60);
    }

    @Test
    void baseDocuments_cues_tellNothing() {
        int[] counts = new int[Lexicon.TOPICS.size() * Lexicon.MANNERS.size()];
        int total = 0;
        for (int i = 0; i < DOCUMENTS; i++) {
            for (Turn turn : WORLD.baseDocument(i)) {
                Matcher cues = CUES.matcher(turn.prompt());
                if (cues.matches()) {
                    counts[group(TOPIC_OF, cues.group(2)) * Lexicon.MANNERS.size() + group(MANNER_OF, cues.group(1))]++;
                    total++;
                }
            }
        }
        for (int count : counts) {
            assertShare(count, total, 1.0 / counts.length);
        }
    }

    @Test
    void taskPrompts_words_neverNameARule() {
        Set<String> rules = new TreeSet<>(Set.of("then"));
        for (Combination combination : Combination.all()) {
            rules.add(combination.selection().label());
            rules.add(combination.transform().label());
        }
        assertThat(promptWords(Role.TRAIN, Role.VALIDATION, Role.HELD_OUT, Role.OUTSIDE))
                .doesNotContainAnyElementsOf(rules)
                .doesNotContainAnyElementsOf(Lexicon.LETTER_WORDS);
    }

    @Test
    void outsideFamily_words_areNoCues() {
        assertThat(promptWords(Role.OUTSIDE))
                .doesNotContainAnyElementsOf(TOPIC_OF.keySet())
                .doesNotContainAnyElementsOf(MANNER_OF.keySet());
    }

    @Test
    void trainingTasks_cueWords_areAllThoseOfHeldOutTasks() {
        assertThat(promptWords(Role.TRAIN)).containsAll(promptWords(Role.HELD_OUT));
        assertThat(promptWords(Role.TRAIN)).containsAll(TOPIC_OF.keySet()).containsAll(MANNER_OF.keySet());
    }

    @Test
    void encoderText_sentences_neverJoinCuesAndRules() {
        Set<String> rules = Combination.all().stream()
                .flatMap(c -> Stream.of(c.selection().label(), c.transform().label()))
                .collect(Collectors.toSet());
        for (int i = 0; i < DOCUMENTS; i++) {
            List<String> words = List.of(WORLD.encoderSentence(i).split(" "));
            boolean cue = words.stream().anyMatch(w -> TOPIC_OF.containsKey(w) || MANNER_OF.containsKey(w));
            boolean rule = words.stream().anyMatch(rules::contains);
            assertThat(cue && rule).as(String.join(" ", words)).isFalse();
        }
    }

    @Test
    void contrastivePairs_sentences_differAndShareWhatTheySay() {
        int[] shared = new int[3];
        int pairs = 6000;
        for (int i = 0; i < pairs; i++) {
            ContrastivePair pair = WORLD.contrastivePair(i);
            Matcher first = CUES.matcher(pair.first());
            Matcher second = CUES.matcher(pair.second());
            assertThat(first.matches() && second.matches()).isTrue();
            assertThat(first.group(2)).isNotEqualTo(second.group(2));
            assertThat(first.group(1)).isNotEqualTo(second.group(1));
            assertThat(group(TOPIC_OF, first.group(2))).isEqualTo(pair.firstTopic());
            assertThat(group(MANNER_OF, first.group(1))).isEqualTo(pair.firstManner());
            assertThat(group(TOPIC_OF, second.group(2))).isEqualTo(pair.secondTopic());
            assertThat(group(MANNER_OF, second.group(1))).isEqualTo(pair.secondManner());
            boolean topic = pair.firstTopic() == pair.secondTopic();
            boolean manner = pair.firstManner() == pair.secondManner();
            assertThat(topic || manner).isTrue();
            shared[topic && manner ? 2 : topic ? 0 : 1]++;
        }
        for (int count : shared) {
            assertShare(count, pairs, 1.0 / 3);
        }
    }

    /** Within five standard deviations of a binomial share. */
    private static void assertShare(int count, int total, double share) {
        double deviation = Math.sqrt(total * share * (1 - share));
        assertThat((double) count).isBetween(total * share - 5 * deviation, total * share + 5 * deviation);
    }

    private static void assertDisjoint(Map<Split, Set<String>> lists, Split one, Split other) {
        Set<String> second = Set.copyOf(lists.getOrDefault(other, Set.of()));
        assertThat(lists.getOrDefault(one, Set.of()).stream().filter(second::contains))
                .isEmpty();
    }

    private static int group(Map<String, Integer> groups, String word) {
        Integer group = groups.get(word);
        assertThat(group).as(word).isNotNull();
        return group;
    }

    /** Sorted letters of a list; for other prompts the sorted numbers, or the whole prompt where there are none. */
    private static String listOf(WorldTask task, String prompt) {
        if (task.combination().isPresent()) {
            return WorldText.letterSet(prompt);
        }
        List<String> numbers = Stream.of(prompt.split(" "))
                .filter(word -> Character.isDigit(word.charAt(0)))
                .sorted()
                .toList();
        return numbers.isEmpty() ? prompt.substring(0, prompt.indexOf('.')) : String.join(" ", numbers);
    }

    private static Set<String> promptWords(Role... roles) {
        return Stream.of(roles)
                .flatMap(role -> WORLD.tasks(role).stream())
                .flatMap(task -> WORLD.items(task, Split.TRAIN).stream())
                .flatMap(item -> Stream.of(item.prompt().split(" ")))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String outsideAnswer(String prompt) {
        List<String> words = List.of(prompt.split(" "));
        List<String> numbers =
                words.stream().filter(word -> Character.isDigit(word.charAt(0))).toList();
        return switch (words.get(0)) {
            case "how" -> "" + numbers.size();
            case "turn" ->
                new StringBuilder(String.join(" ", numbers)).reverse().toString();
            case "what" -> "" + numbers.stream().mapToInt(Integer::parseInt).sum();
            case "which" ->
                "" + numbers.stream().mapToInt(Integer::parseInt).max().orElseThrow();
            default -> {
                String owner = words.get(words.size() - 3);
                yield words.get(words.indexOf(owner) + 3);
            }
        };
    }
}
