package org.dndllm.nano;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.synth.SyntheticVocabulary;

/**
 * The nano world: tasks, pretraining text and vocabularies as functions of a {@link WorldSpec}. Nothing is stored; every
 * call computes its answer anew, and equal calls give equal answers. Immutable, so any thread may use it.
 */
public final class NanoWorld {
    /** Outside any sane number of draws: the spec asks for more items than there are lists. */
    private static final int DRAWS_PER_ITEM = 1000;

    private final WorldSpec spec;
    private final List<WorldTask> tasks;
    private final BaseText baseText;
    private final EncoderText encoderText;

    private NanoWorld(WorldSpec spec) {
        this.spec = spec;
        this.baseText = new BaseText(spec);
        this.encoderText = new EncoderText(spec);
        List<WorldTask> all = new ArrayList<>();
        Combination.all().forEach(c -> all.add(new WorldTask(c.name(), c.role(), Optional.of(c))));
        Arrays.stream(OutsideTask.values())
                .forEach(outside -> all.add(new WorldTask(outside.label(), Role.OUTSIDE, Optional.empty())));
        this.tasks = List.copyOf(all);
    }

    /** The world of a spec. */
    public static NanoWorld of(WorldSpec spec) {
        return new NanoWorld(spec);
    }

    /** The constants that this world follows from. */
    public WorldSpec spec() {
        return spec;
    }

    /** All tasks: the 48 combinations row by row, then the outside family. */
    public List<WorldTask> tasks() {
        return tasks;
    }

    /** The tasks of one role, in the order of {@link #tasks()}. */
    public List<WorldTask> tasks(Role role) {
        return tasks.stream().filter(task -> task.role() == role).toList();
    }

    /**
     * The task of a name such as {@code largest-next}.
     *
     * @throws InvalidInputException when there is none
     */
    public WorldTask task(String name) {
        return tasks.stream()
                .filter(task -> task.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InvalidInputException(
                        "<world>",
                        name,
                        "is no task; expected one of "
                                + tasks.stream().map(WorldTask::name).collect(Collectors.joining(", "))));
    }

    /**
     * Some of the training tasks; smaller subsets are parts of larger ones and all use topics and manners evenly.
     *
     * @param size 1 to 32
     * @throws InvalidInputException when there are not so many
     */
    public List<WorldTask> trainingSubset(int size) {
        return named(TaskSubsets.balanced(size));
    }

    /** 16 training tasks with less variety: four of the eight topics. */
    public List<WorldTask> narrowTrainingSubset() {
        return named(TaskSubsets.narrow());
    }

    /**
     * The items of a task's split, no prompt twice.
     *
     * @throws InvalidInputException when the spec asks for more items than the world has
     */
    public List<Turn> items(WorldTask task, Split split) {
        Random random = Mixing.random(spec.seed(), task.name() + " " + split.label(), 0);
        int wanted = spec.items(split);
        Set<String> prompts = new LinkedHashSet<>();
        List<Turn> items = new ArrayList<>(wanted);
        for (int draws = 0; items.size() < wanted; draws++) {
            if (draws >= DRAWS_PER_ITEM * wanted) {
                throw new InvalidInputException(
                        "<world>", split.label() + "Items", "is " + wanted + ", more than " + task.name() + " has");
            }
            Turn item = item(task, random, split);
            if (prompts.add(item.prompt())) {
                items.add(item);
            }
        }
        return List.copyOf(items);
    }

    /** The turns of a document for the base model's pretraining; any index from 0. */
    public List<Turn> baseDocument(long index) {
        return baseText.document(index);
    }

    /**
     * A document that names its rule, for the beginning of pretraining: the skills come sooner where nothing else is
     * asked; any index from 0. Train lists only.
     */
    public Turn instruction(long index) {
        return baseText.instruction(index);
    }

    /**
     * Items that name their rule, over lists of one split; all 48 rules equally often. They show whether a base model has
     * the skills.
     *
     * @param count of items
     */
    public List<Turn> instructions(Split split, int count) {
        return baseText.instructions(split, count);
    }

    /** A sentence for the encoder's masked-language modelling; any index from 0. */
    public String encoderSentence(long index) {
        return encoderText.sentence(index);
    }

    /** A pair for the encoder's contrastive tuning; any index from 0. */
    public ContrastivePair contrastivePair(long index) {
        return encoderText.pair(index);
    }

    /** Different meaningless prompts, the same for one seed; their words occur nowhere else in the world. */
    public List<String> junkPrompts(int count, long seed) {
        return JunkText.prompts(count, seed);
    }

    /** The base model's vocabulary: every word of the world is one token in the form in which it occurs. */
    public SyntheticVocabulary bpeVocabulary() {
        return WorldVocabularies.bpe(this);
    }

    /** The encoder's tokens in id order: every word of the world is one piece. */
    public List<String> wordPieceVocabulary() {
        return WorldVocabularies.wordPieces(this);
    }

    /**
     * Writes {@code <task>_train.json}, {@code <task>_validation.json} and {@code <task>_test.json} in the official format
     * for every task, and {@code world.json}.
     *
     * @param folder appears whole or not at all
     * @throws InvalidInputException when the folder exists
     * @throws org.dndllm.EnvironmentException when the disk refuses
     */
    public void writeTasks(Path folder) {
        AtomicFile.writeFolder(folder, target -> TaskFiles.write(this, target), false);
    }

    private Turn item(WorldTask task, Random random, Split split) {
        if (task.combination().isPresent()) {
            Combination rule = task.combination().get();
            CueSentence sentence = CueSentence.of(rule, random, spec, split);
            return new Turn(sentence.text(), rule.answer(sentence.list()));
        }
        return OutsideTask.named(task.name()).draw(random, spec, split);
    }

    private List<WorldTask> named(List<Combination> combinations) {
        return combinations.stream().map(c -> task(c.name())).toList();
    }
}
