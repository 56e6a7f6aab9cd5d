package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.Control;
import org.dndllm.eval.TaskRole;
import org.dndllm.eval.experiment.Arm;
import org.dndllm.eval.experiment.Form;
import org.dndllm.eval.experiment.Measure;
import org.dndllm.eval.experiment.Prompts;
import org.dndllm.eval.experiment.Trial;
import org.dndllm.eval.experiment.Trial.Entry;
import org.dndllm.eval.experiment.Trial.Job;
import org.dndllm.format.GgmlType;

/** Experiments on a trained bundle; none of them trains a generator, and {@link #fewShot} alone trains LoRAs. */
public final class Trials {
    private static final String GENERATED = "generated";
    private static final String FEW_SHOT = "few-shot";
    private static final List<Integer> SHOTS = List.of(1, 2, 4, 8, 16);

    private static final Job BASE = control("base", Control.BASE);
    private static final Job OWN = generated(GENERATED, "generated adapter, as it is", Prompts.OWN, 0, Form.OWN);
    private static final Job NEAREST = control("nearest", Control.NEAREST);
    private static final Job MULTITASK = control("multitask", Control.MULTITASK);
    private static final Job OWN_LABELS = control("own-labels", Control.OWN_LABELS);
    private static final Job SHUFFLED = control("shuffled", Control.SHUFFLED);
    private static final Job JUNK = control("junk", Control.JUNK);

    private final TrialScale scale;

    /** @param scale of the bundle and its tasks */
    public Trials(TrialScale scale) {
        this.scale = scale;
    }

    /** All of them; those that most others share jobs with come first. */
    public List<Trial> all() {
        List<Trial> all = new ArrayList<>(List.of(
                controls(), inContext(), promptCount(), promptPool(), rank(), precision(), stress(), overhead()));
        fewShot().ifPresent(all::add);
        return all;
    }

    /** Names of all that there can be. */
    public static List<String> names() {
        return List.of(
                "controls",
                "in-context",
                "prompt-count",
                "prompt-pool",
                "rank",
                "precision",
                "stress",
                "overhead",
                FEW_SHOT);
    }

    /**
     * The experiment of a name.
     *
     * @throws InvalidInputException when there is none
     */
    public Trial named(String name) {
        return all().stream()
                .filter(trial -> trial.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InvalidInputException(
                        "command line",
                        "--only",
                        "is '" + name + "', expected one of "
                                + all().stream().map(Trial::name).toList()));
    }

    private static Trial controls() {
        return new Trial(
                "controls",
                "Does a generated adapter do unseen tasks, and is it the prompts that make it?",
                "Table 1, with the controls that it lacks: nearest and multitask LoRA, shuffled and junk prompts",
                "",
                Stream.of(BASE, OWN, NEAREST, MULTITASK, SHUFFLED, JUNK, OWN_LABELS)
                        .map(Entry::of)
                        .toList(),
                GENERATED,
                List.of());
    }

    /** Figures 4b and 4c. */
    private static Trial inContext() {
        List<Entry> entries = new ArrayList<>();
        entries.add(shots(BASE, 0));
        SHOTS.forEach(count -> entries.add(shots(fewShot(count), count)));
        entries.add(Entry.of(OWN));
        entries.add(Entry.of(OWN_LABELS));
        return new Trial(
                "in-context",
                "Is an adapter from unlabelled prompts better than labelled examples in the context, and what does each"
                        + " cost?",
                "Figures 4b and 4c; training on labels is in few-shot",
                "labelled examples in the context",
                entries,
                GENERATED,
                List.of(Measure.ATTACHED, Measure.TRAINING, Measure.PASS));
    }

    private static Entry shots(Job job, int count) {
        return new Entry(job, job.title(), "few-shot in context", OptionalDouble.of(count));
    }

    private Trial promptCount() {
        List<Entry> entries = new ArrayList<>();
        scale.counts().forEach(count -> entries.add(Entry.of(prompts(count), count)));
        return new Trial(
                "prompt-count",
                "How many prompts does an adapter need?",
                "extends Figure 4a; " + scale.pool() + " prompts are all that every task has",
                "prompts in the condition (" + scale.prompts() + " in training)",
                entries,
                GENERATED,
                List.of(Measure.ATTACHED));
    }

    private Trial promptPool() {
        List<Entry> entries = new ArrayList<>();
        for (int size : scale.pools()) {
            entries.add(new Entry(prompts(size), "all " + size + " of " + size, "x of x", OptionalDouble.of(size)));
        }
        String own = scale.prompts() + " of x";
        for (int size : scale.pools()) {
            if (size != scale.prompts() && size < scale.pool()) {
                String title = scale.prompts() + " from a fixed pool of " + size;
                entries.add(new Entry(pool(size), title, own, OptionalDouble.of(size)));
            }
        }
        entries.add(
                new Entry(OWN, scale.prompts() + " from all " + scale.pool(), own, OptionalDouble.of(scale.pool())));
        return new Trial(
                "prompt-pool",
                "Is it better to read a whole pool of prompts, or always " + scale.prompts()
                        + " drawn from it, and what memory does it take?",
                "Figure 4a at generation time; the paper's pools are those of training, which this does not repeat",
                "prompts in the pool (x)",
                entries,
                GENERATED,
                List.of(Measure.ATTACHED, Measure.MEMORY));
    }

    private Trial rank() {
        List<Entry> entries = new ArrayList<>();
        for (int rank : scale.ranks()) {
            entries.add(Entry.of(
                    generated("rank-" + rank, "cut to rank " + rank, Prompts.OWN, 0, Form.ofRank(rank)), rank));
        }
        String title = "rank " + scale.rank() + ", as generated";
        entries.add(new Entry(OWN, title, "", OptionalDouble.of(scale.rank())));
        return new Trial(
                "rank",
                "How much of the rank does a generated adapter use?",
                "",
                "rank after truncation",
                entries,
                GENERATED,
                List.of());
    }

    private static Trial precision() {
        List<Entry> entries = new ArrayList<>();
        for (GgmlType type : List.of(GgmlType.F32, GgmlType.BF16, GgmlType.Q8_0)) {
            String name = type.name().toLowerCase(java.util.Locale.ROOT);
            entries.add(Entry.of(generated("stored-" + name, "stored as " + name, Prompts.OWN, 0, Form.ofType(type))));
        }
        entries.add(new Entry(OWN, "stored as f16, the default", "", OptionalDouble.empty()));
        return new Trial(
                "precision",
                "What does a smaller element type of the adapter cost?",
                "",
                "",
                entries,
                "stored-f32",
                List.of(Measure.SIZE));
    }

    private static Trial stress() {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(OWN, "only the task's own prompts", "another task's", OptionalDouble.of(0)));
        for (int percent : new int[] {25, 50, 75}) {
            entries.add(new Entry(
                    mixed("mixed-" + percent, percent, TaskRole.HELD_OUT),
                    percent + " % of another held-out task's",
                    "another task's",
                    OptionalDouble.of(percent)));
        }
        entries.add(new Entry(SHUFFLED, SHUFFLED.title(), "another task's", OptionalDouble.of(100)));
        for (int percent : new int[] {25, 50}) {
            entries.add(new Entry(
                    mixed("mixed-outside-" + percent, percent, TaskRole.OUTSIDE),
                    percent + " % of a task outside the family",
                    "from outside the family",
                    OptionalDouble.of(percent)));
        }
        entries.add(Entry.of(outsideBase()));
        entries.add(Entry.of(outside()));
        return new Trial(
                "stress",
                "What happens with prompts that the generator was not made for, and does it say so?",
                "Table 2 in the small: the shipped generator on tasks outside its family",
                "per cent of the prompts that are not the task's",
                entries,
                GENERATED,
                List.of(Measure.FLAGGED, Measure.SCORE));
    }

    private Trial overhead() {
        return new Trial(
                "overhead",
                "What does an adapter cost in time and memory, beside training one?",
                "Table 13",
                "",
                Stream.of(prompts(1), OWN, prompts(scale.pool()), fewShot(16), OWN_LABELS)
                        .distinct()
                        .map(Entry::of)
                        .toList(),
                GENERATED,
                List.of(
                        Measure.ENCODE,
                        Measure.GENERATE,
                        Measure.ATTACH,
                        Measure.ATTACHED,
                        Measure.MEMORY,
                        Measure.SIZE,
                        Measure.TRAINING,
                        Measure.PASS));
    }

    /**
     * Figures 4b and 4c: what labels buy, and in which time, against an adapter that needs none. Empty where nothing says how
     * LoRAs are tuned.
     */
    public Optional<Trial> fewShot() {
        return scale.tuningSteps().isPresent()
                ? Optional.of(fewShot(scale.tuningSteps().getAsLong()))
                : Optional.empty();
    }

    private Trial fewShot(long steps) {
        List<Entry> entries = new ArrayList<>();
        for (int items : scale.labels()) {
            entries.add(new Entry(
                    tuned(items, steps, steps),
                    "LoRA tuned on " + (items == scale.pool() ? "all " : "") + items + " labelled items",
                    "LoRA tuned on labels",
                    OptionalDouble.of(items)));
        }
        for (long few : TrialScale.fewer(steps)) {
            entries.add(new Entry(
                    tuned(scale.pool(), few, steps),
                    "LoRA tuned on all " + scale.pool() + ", " + few + " steps",
                    "LoRA tuned on all, fewer steps",
                    OptionalDouble.of(scale.pool())));
        }
        SHOTS.forEach(count -> entries.add(shots(fewShot(count), count)));
        entries.add(Entry.of(BASE));
        entries.add(Entry.of(OWN));
        return new Trial(
                FEW_SHOT,
                "How many labels, and how much time, does a LoRA need to be as good as an adapter generated without labels?",
                "Figures 4b and 4c",
                "labelled items",
                entries,
                GENERATED,
                List.of(Measure.BEFORE, Measure.TRAINING_CPU, Measure.PASS));
    }

    private static Job tuned(int items, long steps, long usual) {
        return new Job(
                "tuned-" + items + (steps == usual ? "" : "-steps-" + steps),
                "LoRA tuned on " + items + " labelled items, " + steps + " steps",
                new Arm.Tuned(items, steps),
                TaskRole.HELD_OUT);
    }

    private static Job control(String name, Control control) {
        return new Job(name, control.title(), new Arm.Controlled(control), TaskRole.HELD_OUT);
    }

    private static Job fewShot(int shots) {
        return new Job(
                "shots-" + shots,
                shots == 1 ? "1 labelled example in context" : shots + " labelled examples in context",
                new Arm.Controlled(Control.FEW_SHOT, shots),
                TaskRole.HELD_OUT);
    }

    private static Job generated(String name, String title, Prompts prompts, int count, Form form) {
        return new Job(name, title, new Arm.Generated(prompts, count, form), TaskRole.HELD_OUT);
    }

    /** The generator's own number is the job that everything shares. */
    private Job prompts(int count) {
        return count == scale.prompts()
                ? OWN
                : generated(
                        "prompts-" + count, count == 1 ? "1 prompt" : count + " prompts", Prompts.OWN, count, Form.OWN);
    }

    private static Job pool(int size) {
        return generated("pool-" + size, "pool of " + size, new Prompts.Pool(size), 0, Form.OWN);
    }

    private static Job mixed(String name, int percent, TaskRole role) {
        return generated(name, percent + " % other prompts", new Prompts.Mixed(percent, role), 0, Form.OWN);
    }

    private static Job outsideBase() {
        return new Job(
                "outside-base", "outside the family: base model", new Arm.Controlled(Control.BASE), TaskRole.OUTSIDE);
    }

    private static Job outside() {
        return new Job(
                "outside-generated",
                "outside the family: generated adapter",
                new Arm.Generated(Prompts.OWN, 0, Form.OWN),
                TaskRole.OUTSIDE);
    }
}
