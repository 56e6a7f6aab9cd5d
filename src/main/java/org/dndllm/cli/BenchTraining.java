package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.dndllm.cli.experiment.SetPlan;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.EvalOptions;
import org.dndllm.eval.Evaluation;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.TaskData;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.TaskRole;
import org.dndllm.train.Example;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd bench training}. */
@Command(
        name = "training",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "Time to generate an adapter against time to train a LoRA that is as good, in one process.",
        description = {
            "For every task: an adapter is generated from prompts and answers the test items. Then LoRAs are trained on"
                    + " the task's labelled training split with the settings of the nano recipe (rank 4, learning rate"
                    + " 5e-3, batch 32, cosine), one whole run for each of --lengths, until one answers as many test"
                    + " items right. The steps of that run alone are the training time: no shorter try, no evaluation,"
                    + " no loading, no checkpoint, after a warm-up. All of that favours training.",
            "Generation is timed warm, over --rounds prompt draws. The same number of threads for ONNX Runtime,"
                    + " llama.cpp and LibTorch.",
            "Where no length is as good, the longest one's time stands for the least that training takes.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd bench training",
            "  dnd bench training --all-tasks --json",
            "  dnd bench training --task largest-word --lengths 50,100 --rounds 101 --threads 2",
        })
final class BenchTraining implements Callable<Integer> {
    private static final int DEFAULT_TASKS = 3;
    private static final long PROMPT_SEED = 1;

    /** LoRAs as the nano recipe tunes them. */
    private static final SetPlan.Tuning NANO = SetPlan.nano().tuning().orElseThrow();

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final ThreadedModelFlags engine = new ThreadedModelFlags();

    @Option(
            names = "--generator",
            paramLabel = "DIR",
            description = "Generator bundle. Default: the embedded nano bundle.")
    private @Nullable Path generator;

    @Option(names = "--tasks", paramLabel = "DIR", description = "Task folder. Default: the embedded nano tasks.")
    private @Nullable Path tasks;

    @Option(names = "--task", paramLabel = "NAME", description = "This task; may be given several times.")
    private List<String> names = List.of();

    @Option(
            names = "--all-tasks",
            description = "Every held-out task (every task, where there is no world.json). Default: the first three.")
    private boolean all;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "51",
            description = "Timed generations per task. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--lengths",
            paramLabel = "N",
            split = ",",
            defaultValue = "10,20,40,60,80,100,150,200,300",
            description = "Steps of the training runs, growing. Default: ${DEFAULT-VALUE}.")
    private List<Integer> lengths = List.of();

    @Override
    public Integer call() {
        requireSensibleFlags();
        Path base = engine.model();
        Path bundle = Optional.ofNullable(generator)
                .orElseGet(() -> NanoSet.embedded().bundle());
        TaskFolder folder = TaskFolder.open(
                Optional.ofNullable(tasks).orElseGet(() -> NanoSet.embedded().tasks()));
        List<String> chosen = chosen(folder);
        try (DragAndDrop dnd = DragAndDrop.open(base, bundle, options());
                Evaluation evaluation = Evaluation.of(dnd, folder, Optional.empty(), EvalOptions.DEFAULT);
                LoraTimer timer = LoraTimer.open(base, NANO, engine.threads())) {
            dnd.warnings().forEach(warning -> output.note("warning: %s", warning));
            Map<String, Object> facts = facts(dnd, base, folder);
            List<TrainingRace> races = new ArrayList<>();
            for (String name : chosen) {
                races.add(race(dnd, evaluation, timer, folder, name));
            }
            report(races, facts);
        }
        return 0;
    }

    private void requireSensibleFlags() {
        Flags.atLeast("--rounds", rounds, 1);
        int last = 0;
        for (int length : lengths) {
            if (length <= last) {
                throw Flags.wrong("--lengths", "is " + lengths + ", expected growing numbers from 1 on");
            }
            last = length;
        }
        if (all && !names.isEmpty()) {
            throw Flags.wrong("--all-tasks", "says every task, --task says which; leave one out");
        }
    }

    private EngineOptions options() {
        EngineOptions plain = EngineOptions.DEFAULT;
        int threads = engine.threads();
        return new EngineOptions(
                plain.session().withThreads(threads),
                plain.model(),
                plain.context().withThreads(threads),
                plain.adapterType());
    }

    private List<String> chosen(TaskFolder folder) {
        if (!names.isEmpty()) {
            return names;
        }
        List<String> heldOut = folder.hasRoles() ? folder.names(TaskRole.HELD_OUT) : folder.names();
        if (heldOut.isEmpty()) {
            throw Flags.wrong("--task", "is not given, and " + folder.folder() + " has no held-out task; name tasks");
        }
        return all || heldOut.size() <= DEFAULT_TASKS ? heldOut : heldOut.subList(0, DEFAULT_TASKS);
    }

    private TrainingRace race(DragAndDrop dnd, Evaluation evaluation, LoraTimer timer, TaskFolder folder, String name) {
        TaskData task = folder.task(name);
        task.requireScorable();
        List<TaskItem> items =
                Stream.concat(task.test().stream(), task.validation().stream()).toList();
        int test = task.test().size();
        PromptSet prompts = task.conditions(dnd.bundle().manifest().training().conditionText());
        List<Example> examples = LoraTimer.examples(
                folder.folder(), name, new ChatTokenizer(dnd.live().model().vocabulary()));

        TrainingRace.Score base = TrainingRace.Score.of(evaluation.baseAnswers(items), test);
        TrainingRace.Score generated = TrainingRace.Score.of(
                evaluation.answers(dnd.generate(prompts, PROMPT_SEED, name).weights(), name, items), test);
        if (generated.right() <= base.right()) {
            output.note("warning: %s: the generated adapter is no better than the base model", name);
        }
        GenerationTimes generation = GenerationTimes.measure(dnd, evaluation, prompts, name, rounds, output.progress());

        timer.warmUp(examples);
        List<TrainingRace.Length> curve = new ArrayList<>();
        for (int steps : lengths) {
            String run = name + ": " + steps + " steps";
            LoraTimer.Trained trained = timer.train(examples, steps, run, output.progress());
            TrainingRace.Score score = TrainingRace.Score.of(evaluation.answers(trained.weights(), run, items), test);
            curve.add(new TrainingRace.Length(steps, trained.seconds(), score));
            if (score.reaches(generated)) {
                break;
            }
        }
        return new TrainingRace(name, examples.size(), base, generated, generation, curve);
    }

    private Map<String, Object> facts(DragAndDrop dnd, Path base, TaskFolder folder) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("machine", Machine.facts());
        facts.put("model", base.toString());
        facts.putAll(dnd.describe());
        facts.put("task_folder", folder.folder().toString());
        facts.put("rounds", rounds);
        facts.put("lengths", lengths);
        int threads = engine.threads();
        facts.put("threads", Map.of("onnxruntime", threads, "llama.cpp", threads, "libtorch", threads));
        return facts;
    }

    private void report(List<TrainingRace> races, Map<String, Object> json) {
        Samples toWeights = new Samples(races.size());
        Samples toAttached = new Samples(races.size());
        for (TrainingRace race : races) {
            toWeights.add(race.ratioToWeights());
            toAttached.add(race.ratioToAttached());
        }
        output.line(
                "threads: %d for generating (ONNX Runtime, llama.cpp), %d for training (LibTorch); %d rounds",
                engine.threads(), engine.threads(), rounds);
        output.line("");
        table(TrainingRace.titles(), races.stream().map(TrainingRace::row).toList());
        output.line("");
        table(
                TrainingRace.curveTitles(),
                races.stream().flatMap(race -> race.curveRows().stream()).toList());
        output.line("");
        for (TrainingRace race : races) {
            print(race);
        }
        long unreached = races.stream().filter(race -> !race.reached()).count();
        output.line(
                "training / generating, median over %d tasks: %,.0f to weights, %,.0f to attached adapter%s",
                races.size(),
                toWeights.median(),
                toAttached.median(),
                unreached == 0 ? "" : "; at least, as training did not get there in " + unreached + " of them");
        json.put("tasks", races.stream().map(TrainingRace::toJson).toList());
        json.put("training_to_weights", toWeights.toJson());
        json.put("training_to_attached", toAttached.toJson());
        json.put("unreached", unreached);
        output.result(json);
    }

    private void table(List<String> titles, List<List<String>> rows) {
        List<List<String>> lines = new ArrayList<>(List.of(titles));
        lines.addAll(rows);
        new ReportTable(lines).lines().forEach(line -> output.line("%s", line));
    }

    private void print(TrainingRace race) {
        output.line("%s, one generation:", race.task());
        race.generation().stages().forEach(this::print);
        print("prompts to weights", race.generation().weights());
        print("weights to attached", race.generation().attach());
        print("prompts to attached", race.generation().attached());
        output.line("");
    }

    private void print(String name, Samples samples) {
        output.line(
                "  %-20s median %8.3f ms   p10 %8.3f   p90 %8.3f",
                name, samples.median(), samples.quantile(0.1), samples.quantile(0.9));
    }
}
