package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.nano.NanoRecipe;

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

    /** Every experiment on a set, but for those that its plan has no tasks for. */
    public static List<Experiment> all(SetPlan plan) {
        List<String> compact = plan.compact().flags();
        Job shipped = new Job(
                "compact-seed-1",
                plan.training().size() + " tasks, prompts, first seed",
                compact,
                plan.compact().checkpoints(),
                true);
        List<Experiment> all =
                new ArrayList<>(List.of(headline(plan, shipped), conditionText(shipped), extractor(plan)));
        if (!plan.fewer().isEmpty()) {
            all.add(taskCount(plan, shipped));
        }
        if (!plan.leftOut().isEmpty()) {
            all.add(leaveOneOut(plan, shipped));
        }
        if (!plan.kinds().isEmpty()) {
            all.add(CrossDomain.of(plan, shipped));
        }
        return all;
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
                                + all.stream().map(Experiment::name).toList()
                                + "; a set of your own has task-count,"
                                + " leave-one-out and cross-domain when its " + SetPlan.FILE + " names their tasks"));
    }

    private static Experiment headline(SetPlan plan, Job shipped) {
        List<String> compact = shipped.flags();
        List<Job> seeds = new ArrayList<>(List.of(titled(shipped, "compact, seed " + value(compact, SEED))));
        for (long seed : otherSeeds(value(compact, SEED))) {
            seeds.add(new Job(
                    "compact-seed-" + (seeds.size() + 1),
                    "compact, seed " + seed,
                    with(compact, SEED, String.valueOf(seed)),
                    shipped.checkpoints(),
                    true));
        }
        List<String> names = seeds.stream().map(Job::name).toList();
        List<Job> jobs = new ArrayList<>(seeds);
        List<Group> groups =
                new ArrayList<>(List.of(new Group("compact, end to end, " + names.size() + " training seeds", names)));
        plan.paper().ifPresent(paper -> {
            jobs.add(new Job("paper-recon", "paper, recon", paper.flags(), paper.checkpoints(), true));
            groups.add(new Group("paper, reconstruction of checkpoints", List.of("paper-recon")));
        });
        return new Experiment(
                "headline",
                "Does a generated adapter beat the base model and every control on unseen combinations?",
                jobs,
                groups);
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
    private static Experiment conditionText(Job shipped) {
        return new Experiment(
                "condition-text",
                "Should conditions be made of prompts, of prompts and answers, or of a mix? (arXiv 2506.16406 Table 4a)",
                List.of(
                        like(
                                shipped,
                                "condition-answers",
                                "prompts and answers",
                                "--condition-text",
                                "prompts+answers"),
                        like(shipped, "condition-mixed", "mixed 4:1", "--condition-text", "mixed"),
                        titled(shipped, "prompts")),
                List.of());
    }

    /** arXiv 2506.16406 Table 4b. */
    private static Experiment extractor(SetPlan plan) {
        NanoRecipe.Generator compact = plan.compact();
        List<Job> jobs = new ArrayList<>();
        if (plan.text()) {
            jobs.add(extracted("extractor-static", "static vectors", compact, List.of("static")));
            jobs.add(extracted(
                    "extractor-denoise",
                    "encoder-decoder",
                    compact,
                    List.of("denoise", "--steps", "1000", SEED, value(compact.flags(), SEED))));
        }
        jobs.add(extracted("extractor-base", "base model's states", compact, List.of("base")));
        jobs.add(extracted("extractor-sentence", "Sentence-BERT", compact, List.of()));
        return new Experiment(
                "extractor",
                "Does it matter what reads the prompts: vectors without context, an encoder-decoder, the base model itself,"
                        + " a Sentence-BERT? (arXiv 2506.16406 Table 4b)",
                jobs,
                List.of());
    }

    private static Job extracted(String name, String title, NanoRecipe.Generator like, List<String> extractor) {
        return new Job(
                name,
                title,
                like.flags(),
                like.checkpoints(),
                false,
                List.of("--control", "shuffled", "--control", "junk"),
                Optional.of(new Job.Conditions(extractor)));
    }

    /** arXiv 2506.16406 Table 4c. */
    private static Experiment taskCount(SetPlan plan, Job shipped) {
        List<Job> jobs = new ArrayList<>();
        plan.fewer().forEach(few -> jobs.add(onTasks(few.job(), few.title(), shipped, few.tasks())));
        plan.narrow().ifPresent(few -> jobs.add(onTasks(few.job(), few.title(), shipped, few.tasks())));
        jobs.add(titled(shipped, plan.training().size() + " tasks"));
        return new Experiment(
                "task-count",
                "How many training tasks does a generator need, and how different must they be? (arXiv 2506.16406"
                        + " Table 4c)",
                jobs,
                List.of());
    }

    /** arXiv 2506.16406 Table 1. */
    private static Experiment leaveOneOut(SetPlan plan, Job shipped) {
        List<Job> jobs = new ArrayList<>();
        for (String left : plan.leftOut()) {
            List<String> others =
                    plan.training().stream().filter(task -> !task.equals(left)).toList();
            Job without = onTasks("without-" + left, "without " + left, shipped, others);
            jobs.add(new Job(
                    without.name(),
                    without.title(),
                    without.flags(),
                    without.checkpoints(),
                    true,
                    List.of("--task", left)));
        }
        return new Experiment(
                "leave-one-out",
                "Does a generator do a task that was left out of its training? (arXiv 2506.16406 Table 1)",
                jobs,
                List.of());
    }

    /** A job like another on these training tasks. */
    static Job onTasks(String name, String title, Job like, List<String> tasks) {
        return like(like, name, title, "--task-list", String.join(",", tasks));
    }

    /** A job like another but for one flag, beside the base model alone. */
    private static Job like(Job like, String name, String title, String flag, String value) {
        return new Job(name, title, with(like.flags(), flag, value), like.checkpoints(), false);
    }

    private static Job titled(Job job, String title) {
        return new Job(job.name(), title, job.flags(), job.checkpoints(), job.controls());
    }

    private static String value(List<String> flags, String flag) {
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
