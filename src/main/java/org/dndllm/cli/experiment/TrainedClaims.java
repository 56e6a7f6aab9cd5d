package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.eval.Control;
import org.dndllm.eval.report.Claim;
import org.dndllm.eval.report.Claim.Better;
import org.dndllm.eval.report.Claim.NoWorse;
import org.dndllm.eval.report.Claim.Threshold;

/**
 * What a reader would like to know of generators that are trained for an experiment, as claims with rules.
 *
 * @param outcomes rows of the experiment's outcome; names of the claims
 * @param claims in the order of the report
 */
record TrainedClaims(List<Outcome> outcomes, List<Claim> claims) {
    private static final double FIVE_POINTS = 0.05;
    private static final String LEFT_OUT = "left-out";
    private static final String OTHER_KIND = "other-kind";
    private static final String KNOWN_KINDS = "known-kinds";
    private static final String ALL_TASKS = "tasks-32";
    private static final String ALL_PROMPTS = "prompts-64-of-384";

    TrainedClaims {
        outcomes = List.copyOf(outcomes);
        claims = List.copyOf(claims);
    }

    /** Those of an experiment; none where its tables are its answer. */
    static TrainedClaims of(Experiment experiment, NanoRecipe recipe) {
        return switch (experiment.name()) {
            case "leave-one-out" -> leaveOneOut(experiment);
            case "cross-domain" -> crossDomain(recipe);
            case "task-count" -> taskCount(experiment);
            case "extractor" -> extractor(experiment);
            case TrainingPool.NAME -> trainingPool(experiment);
            default -> new TrainedClaims(List.of(), List.of());
        };
    }

    private static TrainedClaims leaveOneOut(Experiment experiment) {
        List<String> jobs = names(experiment);
        List<Outcome> outcomes = new ArrayList<>();
        outcomes.add(Outcome.of(LEFT_OUT, "generated for the task left out", Control.GENERATED, jobs));
        for (Control control : List.of(
                Control.BASE,
                Control.TRAINING_MEAN,
                Control.NEAREST,
                Control.FEW_SHOT,
                Control.SHUFFLED,
                Control.JUNK,
                Control.OWN_LABELS)) {
            outcomes.add(Outcome.of(LEFT_OUT + "-" + control.label(), control.title(), control, jobs));
        }
        return new TrainedClaims(
                outcomes,
                List.of(
                        new Claim(
                                "A task that is left out of the training is done better than by the base model (Table 1).",
                                new Better(LEFT_OUT, List.of("left-out-base"))),
                        new Claim(
                                "A task that is left out is done better than by the nearest training LoRA, by labelled"
                                        + " examples in the context and with another task's prompts.",
                                new Better(
                                        LEFT_OUT,
                                        List.of("left-out-nearest", "left-out-few_shot", "left-out-shuffled")))));
    }

    private static TrainedClaims crossDomain(NanoRecipe recipe) {
        Map<String, Set<String>> leftOut = CrossDomain.leftOut(recipe);
        Map<String, Set<String>> known = CrossDomain.known(recipe);
        return new TrainedClaims(
                List.of(
                        new Outcome(OTHER_KIND, "generated, of the kind left out", Control.GENERATED, leftOut),
                        new Outcome("other-kind-base", "base model, the same tasks", Control.BASE, leftOut),
                        new Outcome(KNOWN_KINDS, "generated, held-out tasks of known kinds", Control.GENERATED, known),
                        new Outcome("known-kinds-base", "base model, the same tasks", Control.BASE, known)),
                List.of(
                        new Claim(
                                "Generators help on a kind of task that none of their training tasks is of (Table 2).",
                                new Better(OTHER_KIND, List.of("other-kind-base"))),
                        new Claim(
                                "The same generators help on unseen tasks of the kinds that they know.",
                                new Better(KNOWN_KINDS, List.of("known-kinds-base")))));
    }

    /** The controls are those of the job with all tasks: LoRAs of all 32, however few tasks a generator learned from. */
    private static TrainedClaims taskCount(Experiment experiment) {
        String all = experiment.jobs().getLast().name();
        List<Outcome> outcomes = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            outcomes.add(Outcome.of(
                    job.name().equals(all) ? ALL_TASKS : job.name(),
                    job.title(),
                    Control.GENERATED,
                    List.of(job.name())));
        }
        List<Control> controls = List.of(Control.BASE, Control.NEAREST, Control.MULTITASK, Control.FEW_SHOT);
        controls.forEach(control -> outcomes.add(Outcome.of(control.label(), control.title(), control, List.of(all))));
        return new TrainedClaims(
                outcomes,
                List.of(
                        new Claim(
                                "There is a number of training tasks from which on generated adapters beat the base model,"
                                        + " the nearest of 32 training LoRAs, one multitask LoRA and labelled examples in"
                                        + " the context.",
                                new Threshold(
                                        List.of("tasks-4", "tasks-8", "tasks-16", ALL_TASKS),
                                        controls.stream().map(Control::label).toList())),
                        new Claim(
                                "16 training tasks of all topics give more than 16 of four topics.",
                                new Better("tasks-16", List.of("tasks-16-narrow")))));
    }

    private static TrainedClaims extractor(Experiment experiment) {
        List<Outcome> outcomes = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            outcomes.add(Outcome.of(job.name(), job.title(), Control.GENERATED, List.of(job.name())));
        }
        String sentence = experiment.jobs().getLast().name();
        outcomes.add(Outcome.of(Control.BASE.label(), Control.BASE.title(), Control.BASE, List.of(sentence)));
        return new TrainedClaims(
                outcomes,
                List.of(
                        new Claim(
                                "Static vectors do as conditions (at most 5 points less than Sentence-BERT, Table 4b).",
                                new NoWorse("extractor-static", sentence, FIVE_POINTS)),
                        new Claim(
                                "An encoder-decoder's states do (at most 5 points less, Table 4b).",
                                new NoWorse("extractor-denoise", sentence, FIVE_POINTS)),
                        new Claim(
                                "The base model's own states teach a generator something (in Table 4b they do not).",
                                new Better("extractor-base", List.of(Control.BASE.label())))));
    }

    /** What memory a training takes stands in the tables: one number of each job has no interval to judge by. */
    private static TrainedClaims trainingPool(Experiment experiment) {
        String all = experiment.jobs().getLast().name();
        List<Outcome> outcomes = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            outcomes.add(Outcome.of(
                    job.name().equals(all) ? ALL_PROMPTS : job.name(),
                    job.title(),
                    Control.GENERATED,
                    List.of(job.name())));
        }
        return new TrainedClaims(
                outcomes,
                List.of(
                        new Claim(
                                "64 prompts drawn anew from a pool of 256 do as well as reading all 256 at a time (at most 5"
                                        + " points less, Figure 4a).",
                                new NoWorse(TrainingPool.name(64, 256), TrainingPool.name(256, 256), FIVE_POINTS)),
                        new Claim(
                                "64 prompts drawn anew from all 384 give more than a pool of 64 that is read whole"
                                        + " (Figure 4a).",
                                new Better(ALL_PROMPTS, List.of(TrainingPool.name(64, 64))))));
    }

    private static List<String> names(Experiment experiment) {
        return experiment.jobs().stream().map(Job::name).toList();
    }
}
