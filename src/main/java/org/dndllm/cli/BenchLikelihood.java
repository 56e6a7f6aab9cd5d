package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.dndllm.engine.Progress;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.likelihood.ChoiceQuestion;
import org.dndllm.eval.likelihood.ChoiceScores;
import org.dndllm.eval.likelihood.LikelihoodScorer;
import org.dndllm.eval.likelihood.SingleScorer;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd bench likelihood}: scoring multiple choice in batches, beside one option at a time. */
@Command(
        name = "likelihood",
        mixinStandardHelpOptions = true,
        header = "Time multiple choice by log-likelihood: in batches with shared prompts, and one option at a time.",
        description =
                "Questions are items of the nano set's held-out tasks with their answer and those of other items. Both"
                        + " ways take turns over the same questions, in contexts alike but for their sequences. CPU time is the"
                        + " native thread's, which with one thread does all the work: on a busy machine it says more than wall"
                        + " time.",
        footer = {
            "",
            "Examples:",
            "  dnd bench likelihood --threads 1",
            "  dnd bench likelihood -m target/bench/0.5b-q8_0.gguf --questions 8 --pairs 1 --json",
        })
final class BenchLikelihood implements Callable<Integer> {
    private static final int OPTIONS = 4;
    private static final int WARM_UP = 50;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Option(names = "--questions", defaultValue = "1000", description = "Default: ${DEFAULT-VALUE}.")
    private int count;

    @Option(names = "--pairs", defaultValue = "3", description = "Default: ${DEFAULT-VALUE}.")
    private int pairs;

    @Option(names = "--seed", defaultValue = "1", description = "Of the questions. Default: ${DEFAULT-VALUE}.")
    private long seed;

    /** What one way of scoring took, in seconds. */
    private record Times(Samples wall, Samples cpu) {
        static Times of(int pairs) {
            return new Times(new Samples(pairs), new Samples(pairs));
        }

        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("wall_s", wall.toJson());
            json.put("native_thread_cpu_s", cpu.toJson());
            return json;
        }
    }

    @Override
    public Integer call() {
        Flags.atLeast("--questions", count, 1);
        Flags.atLeast("--pairs", pairs, 1);
        List<ChoiceQuestion> questions =
                BenchQuestions.of(TaskFolder.open(NanoSet.embedded().tasks()), count, OPTIONS, seed);
        Times batched = Times.of(pairs);
        Times single = Times.of(pairs);
        double difference = 0;
        try (LlamaModel model = LlamaModel.open(engine.model(), engine.modelOptions())) {
            ContextOptions options = LikelihoodScorer.context(model, engine.contextOptions());
            try (LlamaContext many = model.newContext(options);
                    LlamaContext one = model.newContext(options.withSequences(1))) {
                LikelihoodScorer scorer = new LikelihoodScorer(many);
                SingleScorer yardstick = new SingleScorer(one);
                List<ChoiceQuestion> first = questions.subList(0, Math.min(WARM_UP, count));
                scorer.score(first, "warm up", Progress.NONE);
                yardstick.score(first);
                for (int pair = 0; pair < pairs; pair++) {
                    List<ChoiceScores> scores =
                            timed(many, batched, () -> scorer.score(questions, "batched", Progress.NONE));
                    List<ChoiceScores> expected = timed(one, single, () -> yardstick.score(questions));
                    difference = Math.max(difference, difference(scores, expected));
                    output.progress().advanced("pairs", pair + 1, pairs);
                }
            }
        }
        report(batched, single, difference);
        return 0;
    }

    private static List<ChoiceScores> timed(LlamaContext context, Times times, Supplier<List<ChoiceScores>> work) {
        double cpu = context.onNativeThread(Machine::threadCpuMillis);
        long start = System.nanoTime();
        List<ChoiceScores> scores = work.get();
        times.wall.add((System.nanoTime() - start) / 1e9);
        times.cpu.add((context.onNativeThread(Machine::threadCpuMillis) - cpu) / 1e3);
        return scores;
    }

    private static double difference(List<ChoiceScores> scores, List<ChoiceScores> expected) {
        double most = 0;
        for (int i = 0; i < scores.size(); i++) {
            for (int option = 0; option < scores.get(i).options().size(); option++) {
                double one = scores.get(i).options().get(option).total();
                double other = expected.get(i).options().get(option).total();
                most = Math.max(most, Math.abs(one - other));
            }
        }
        return most;
    }

    private void report(Times batched, Times single, double difference) {
        double wall = single.wall.median() / batched.wall.median();
        double cpu = single.cpu.median() / batched.cpu.median();
        output.line("%,d questions of up to %d options, medians of %d:", count, OPTIONS, pairs);
        output.line(
                "  batched        wall %7.2f s, native thread's CPU %7.2f s",
                batched.wall.median(), batched.cpu.median());
        output.line(
                "  one at a time  wall %7.2f s, native thread's CPU %7.2f s",
                single.wall.median(), single.cpu.median());
        output.line("  ratio          wall %7.2f, CPU %.2f", wall, cpu);
        output.line("  largest difference of a log-likelihood: %.1e nats", difference);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("machine", Machine.facts());
        json.put("model", engine.model().toString());
        json.put("questions", count);
        json.put("options", OPTIONS);
        json.put("batched", batched.toJson());
        json.put("one_at_a_time", single.toJson());
        json.put("wall_ratio", wall);
        json.put("cpu_ratio", cpu);
        json.put("largest_difference_nats", difference);
        output.result(json);
    }
}
