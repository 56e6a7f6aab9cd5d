package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

    TrainedClaims {
        outcomes = List.copyOf(outcomes);
        claims = List.copyOf(claims);
    }

    /** Those of an experiment; none where its tables are its answer. */
    static TrainedClaims of(Experiment experiment, SetPlan plan) {
        return switch (experiment.name()) {
            case "condition-text" -> conditionText(experiment, plan);
            case "leave-one-out" -> leaveOneOut(experiment);
            case "cross-domain" -> crossDomain(plan);
            case "task-count" -> taskCount(experiment, plan);
            case "extractor" -> extractor(experiment, plan);
            case TrainingPool.NAME -> trainingPool(experiment, plan);
            default -> new TrainedClaims(List.of(), List.of());
        };
    }

    /** The paper's explanation of Table 4a is that answers are few and alike; so it should matter what they look like. */
    private static TrainedClaims conditionText(Experiment experiment, SetPlan plan) {
        Job prompts = experiment.jobs().getLast();
        Job answers = experiment.jobs().getFirst();
        List<Outcome> outcomes = new ArrayList<>();
        List<Claim> claims = new ArrayList<>();
        for (SetPlan.AnswerType type : plan.answers()) {
            for (Job job : experiment.jobs()) {
                outcomes.add(new Outcome(
                        of(job, type),
                        job.title() + "; answers are " + type.title(),
                        Control.GENERATED,
                        Map.of(job.name(), type.tasks())));
            }
            claims.add(new Claim(
                    "Conditions of prompts give more than those of prompts and answers where answers are "
                            + type.title() + " (Table 4a).",
                    new Better(of(prompts, type), List.of(of(answers, type)))));
        }
        return new TrainedClaims(outcomes, claims);
    }

    private static String of(Job job, SetPlan.AnswerType type) {
        return job.name() + ", " + type.title();
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

    private static TrainedClaims crossDomain(SetPlan plan) {
        Map<String, Set<String>> leftOut = new LinkedHashMap<>();
        Map<String, Set<String>> known = new LinkedHashMap<>();
        for (SetPlan.Kind kind : plan.kinds()) {
            leftOut.put(kind.job(), kind.tasks());
            if (!kind.known().isEmpty()) {
                known.put(kind.job(), kind.known());
            }
        }
        List<Outcome> outcomes = new ArrayList<>(List.of(
                new Outcome(OTHER_KIND, "generated, of the kind left out", Control.GENERATED, leftOut),
                new Outcome("other-kind-base", "base model, the same tasks", Control.BASE, leftOut)));
        List<Claim> claims = new ArrayList<>(List.of(new Claim(
                "Generators help on a kind of task that none of their training tasks is of (Table 2).",
                new Better(OTHER_KIND, List.of("other-kind-base")))));
        if (!known.isEmpty()) {
            outcomes.add(
                    new Outcome(KNOWN_KINDS, "generated, held-out tasks of known kinds", Control.GENERATED, known));
            outcomes.add(new Outcome("known-kinds-base", "base model, the same tasks", Control.BASE, known));
            claims.add(new Claim(
                    "The same generators help on unseen tasks of the kinds that they know.",
                    new Better(KNOWN_KINDS, List.of("known-kinds-base"))));
        }
        return new TrainedClaims(outcomes, claims);
    }

    /** The controls are those of the job with all tasks: LoRAs of all of them, however few a generator learned from. */
    private static TrainedClaims taskCount(Experiment experiment, SetPlan plan) {
        int count = plan.training().size();
        String all = experiment.jobs().getLast().name();
        String allTasks = "tasks-" + count;
        List<Outcome> outcomes = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            outcomes.add(Outcome.of(
                    job.name().equals(all) ? allTasks : job.name(),
                    job.title(),
                    Control.GENERATED,
                    List.of(job.name())));
        }
        List<Control> controls = List.of(Control.BASE, Control.NEAREST, Control.MULTITASK, Control.FEW_SHOT);
        controls.forEach(control -> outcomes.add(Outcome.of(control.label(), control.title(), control, List.of(all))));
        List<String> growing =
                new ArrayList<>(plan.fewer().stream().map(SetPlan.Subset::job).toList());
        growing.add(allTasks);
        List<Claim> claims = new ArrayList<>();
        claims.add(new Claim(
                "There is a number of training tasks from which on generated adapters beat the base model,"
                        + " the nearest of " + count + " training LoRAs, one multitask LoRA and labelled examples in"
                        + " the context.",
                new Threshold(growing, controls.stream().map(Control::label).toList())));
        plan.narrow()
                .ifPresent(narrow -> plan.fewer().stream()
                        .filter(few -> few.tasks().size() == narrow.tasks().size())
                        .forEach(few -> claims.add(new Claim(
                                "Varied training tasks teach more: " + few.title() + " against " + narrow.title() + ".",
                                new Better(few.job(), List.of(narrow.job()))))));
        return new TrainedClaims(outcomes, claims);
    }

    private static TrainedClaims extractor(Experiment experiment, SetPlan plan) {
        List<Outcome> outcomes = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            outcomes.add(Outcome.of(job.name(), job.title(), Control.GENERATED, List.of(job.name())));
        }
        String sentence = experiment.jobs().getLast().name();
        outcomes.add(Outcome.of(Control.BASE.label(), Control.BASE.title(), Control.BASE, List.of(sentence)));
        List<Claim> claims = new ArrayList<>();
        if (plan.text()) {
            claims.add(new Claim(
                    "Static vectors do as conditions (at most 5 points less than Sentence-BERT, Table 4b).",
                    new NoWorse("extractor-static", sentence, FIVE_POINTS)));
            claims.add(new Claim(
                    "An encoder-decoder's states do (at most 5 points less, Table 4b).",
                    new NoWorse("extractor-denoise", sentence, FIVE_POINTS)));
        }
        claims.add(new Claim(
                "The base model's own states teach a generator something (in Table 4b they do not).",
                new Better("extractor-base", List.of(Control.BASE.label()))));
        return new TrainedClaims(outcomes, claims);
    }

    /** What memory a training takes stands in the tables: one number of each job has no interval to judge by. */
    private static TrainedClaims trainingPool(Experiment experiment, SetPlan plan) {
        Job shipped = experiment.jobs().getLast();
        int drawn = TrainingPool.prompts(shipped);
        String all = "prompts-" + drawn + "-of-all";
        List<Outcome> outcomes = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            outcomes.add(Outcome.of(
                    job.equals(shipped) ? all : job.name(), job.title(), Control.GENERATED, List.of(job.name())));
        }
        List<Claim> claims = new ArrayList<>();
        int largest = plan.pools().getLast();
        if (largest > drawn) {
            claims.add(new Claim(
                    drawn + " prompts drawn anew from a pool of " + largest + " do as well as reading all " + largest
                            + " at a time (at most 5 points less, Figure 4a).",
                    new NoWorse(TrainingPool.name(drawn, largest), TrainingPool.name(largest, largest), FIVE_POINTS)));
        }
        if (plan.pools().contains(drawn)) {
            claims.add(new Claim(
                    drawn + " prompts drawn anew from all of a task give more than a pool of " + drawn
                            + " that is read whole (Figure 4a).",
                    new Better(all, List.of(TrainingPool.name(drawn, drawn)))));
        }
        return new TrainedClaims(outcomes, claims);
    }

    private static List<String> names(Experiment experiment) {
        return experiment.jobs().stream().map(Job::name).toList();
    }
}
