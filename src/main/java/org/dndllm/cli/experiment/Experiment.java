package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.WorldTask;

/**
 * A question and the jobs that answer it.
 *
 * @param name for the command line, and of its folder
 * @param question in one sentence
 * @param jobs in the order of its tables; the last is what the others are compared with
 * @param groups jobs that differ in their seed alone and are shown with all controls; may be empty
 */
public record Experiment(String name, String question, List<Job> jobs, List<Group> groups) {
    private static final String SEED = "--seed";

    public Experiment {
        jobs = List.copyOf(jobs);
        groups = List.copyOf(groups);
    }

    /**
     * Jobs that differ in their training seed alone.
     *
     * @param jobs their names
     */
    public record Group(String title, List<String> jobs) {
        public Group {
            jobs = List.copyOf(jobs);
        }
    }

    /** Every experiment on a recipe's nano set. */
    public static List<Experiment> all(NanoRecipe recipe) {
        List<String> compact = generator(recipe, "compact").flags();
        Job shipped = compact("compact-seed-1", "32 tasks, prompts, first seed", compact, true);
        return List.of(
                headline(recipe, shipped, compact),
                conditionText(shipped, compact),
                extractor(recipe, compact),
                taskCount(recipe, shipped),
                leaveOneOut(recipe, shipped),
                CrossDomain.of(recipe, shipped),
                TrainingPool.of(recipe, shipped));
    }

    /**
     * The experiment of a name.
     *
     * @throws InvalidInputException when there is none
     */
    public static Experiment named(String name, List<Experiment> all) {
        return all.stream()
                .filter(experiment -> experiment.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InvalidInputException(
                        "command line",
                        "NAME",
                        "is '" + name + "', expected one of "
                                + all.stream().map(Experiment::name).toList()));
    }

    private static Experiment headline(NanoRecipe recipe, Job shipped, List<String> compact) {
        NanoRecipe.Generator paper = generator(recipe, "paper");
        List<Job> seeds = new ArrayList<>(List.of(new Job(
                shipped.name(), "compact, seed " + value(compact, SEED), compact, shipped.checkpoints(), true)));
        for (long seed : otherSeeds(value(compact, SEED))) {
            seeds.add(compact(
                    "compact-seed-" + (seeds.size() + 1),
                    "compact, seed " + seed,
                    with(compact, SEED, String.valueOf(seed)),
                    true));
        }
        List<String> names = seeds.stream().map(Job::name).toList();
        Job recon = new Job("paper-recon", "paper, recon", paper.flags(), paper.checkpoints(), true);
        List<Job> jobs = new ArrayList<>(List.of(recon));
        jobs.addAll(0, seeds);
        return new Experiment(
                "headline",
                "Does a generated adapter beat the base model and every control on unseen combinations?",
                jobs,
                List.of(
                        new Group("compact, end to end, " + names.size() + " training seeds", names),
                        new Group("paper, reconstruction of checkpoints", List.of(recon.name()))));
    }

    /** Beside the recipe's own seed the two smallest others. */
    private static List<Long> otherSeeds(String own) {
        return LongStream.rangeClosed(2, 4)
                .filter(seed -> seed != Long.parseLong(own))
                .limit(2)
                .boxed()
                .toList();
    }

    /** arXiv 2506.16406 Table 4a. */
    private static Experiment conditionText(Job shipped, List<String> compact) {
        return new Experiment(
                "condition-text",
                "Should conditions be made of prompts, of prompts and answers, or of a mix? (arXiv 2506.16406 Table 4a)",
                List.of(
                        compact(
                                "condition-answers",
                                "prompts and answers",
                                with(compact, "--condition-text", "prompts+answers"),
                                false),
                        compact("condition-mixed", "mixed 4:1", with(compact, "--condition-text", "mixed"), false),
                        titled(shipped, "prompts")),
                List.of());
    }

    /** arXiv 2506.16406 Table 4b. */
    private static Experiment extractor(NanoRecipe recipe, List<String> compact) {
        String seed = String.valueOf(recipe.world().seed());
        return new Experiment(
                "extractor",
                "Does it matter what reads the prompts: vectors without context, an encoder-decoder, the base model itself,"
                        + " a Sentence-BERT? (arXiv 2506.16406 Table 4b)",
                List.of(
                        extracted("extractor-static", "static vectors", compact, List.of("static")),
                        extracted(
                                "extractor-denoise",
                                "encoder-decoder",
                                compact,
                                List.of("denoise", "--steps", "1000", SEED, seed)),
                        extracted("extractor-base", "base model's states", compact, List.of("base")),
                        extracted("extractor-sentence", "Sentence-BERT", compact, List.of())),
                List.of());
    }

    private static Job extracted(String name, String title, List<String> flags, List<String> extractor) {
        return new Job(
                name,
                title,
                flags,
                false,
                false,
                List.of("--control", "shuffled", "--control", "junk"),
                Optional.of(new Job.Conditions(extractor)));
    }

    /** arXiv 2506.16406 Table 4c. */
    private static Experiment taskCount(NanoRecipe recipe, Job shipped) {
        NanoWorld world = NanoWorld.of(recipe.world());
        List<Job> jobs = new ArrayList<>();
        for (int count : new int[] {4, 8, 16}) {
            jobs.add(onTasks("tasks-" + count, count + " tasks", shipped, world.trainingSubset(count)));
        }
        jobs.add(onTasks("tasks-16-narrow", "16 tasks of four topics", shipped, world.narrowTrainingSubset()));
        jobs.add(titled(shipped, "32 tasks"));
        return new Experiment(
                "task-count",
                "How many training tasks does a generator need, and how different must they be? (arXiv 2506.16406"
                        + " Table 4c)",
                jobs,
                List.of());
    }

    /** arXiv 2506.16406 Table 1, with four of the 32 tasks: the first of the order that uses topics and manners evenly. */
    private static Experiment leaveOneOut(NanoRecipe recipe, Job shipped) {
        NanoWorld world = NanoWorld.of(recipe.world());
        List<WorldTask> all = world.tasks(Role.TRAIN);
        List<Job> jobs = new ArrayList<>();
        for (WorldTask left : world.trainingSubset(4)) {
            List<WorldTask> others = all.stream()
                    .filter(task -> !task.name().equals(left.name()))
                    .toList();
            Job without = onTasks("without-" + left.name(), "without " + left.name(), shipped, others);
            jobs.add(new Job(
                    without.name(), without.title(), without.flags(), false, true, List.of("--task", left.name())));
        }
        return new Experiment(
                "leave-one-out",
                "Does a generator do a task that was left out of its training? (arXiv 2506.16406 Table 1)",
                jobs,
                List.of());
    }

    /** A job like another on these training tasks. */
    static Job onTasks(String name, String title, Job like, List<WorldTask> tasks) {
        String list = String.join(",", tasks.stream().map(WorldTask::name).toList());
        return compact(name, title, with(like.flags(), "--task-list", list), false);
    }

    private static Job compact(String name, String title, List<String> flags, boolean controls) {
        return new Job(name, title, flags, false, controls);
    }

    /** The same job under another title. */
    static Job titled(Job job, String title) {
        return new Job(job.name(), title, job.flags(), job.checkpoints(), job.controls());
    }

    private static NanoRecipe.Generator generator(NanoRecipe recipe, String family) {
        return recipe.generators().stream()
                .filter(generator -> generator.family().equals(family))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the recipe has no generator " + family));
    }

    /** What stands behind a flag. */
    static String value(List<String> flags, String flag) {
        return flags.get(flags.indexOf(flag) + 1);
    }

    /** These flags with another value of one of them, which is added where it is missing. */
    static List<String> with(List<String> flags, String flag, String value) {
        List<String> changed = new ArrayList<>(flags);
        int at = changed.indexOf(flag);
        if (at < 0) {
            changed.addAll(List.of(flag, value));
        } else {
            changed.set(at + 1, value);
        }
        return changed;
    }
}
