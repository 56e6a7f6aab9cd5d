package org.dndllm.cli;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import org.dndllm.NativeFailureException;
import org.dndllm.engine.Completion;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.DragAndDrop.Attached;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.EvalOptions;
import org.dndllm.eval.TaskData;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.TaskRole;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.SamplerOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd demo}: the main job on the embedded nano set. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        header = "The main job on the embedded nano set: prompts, adapter, live model, and back.",
        description =
                "Then scores base model, generated adapter and controls on the task's test items: a table, and a bar"
                        + " chart as PNG.",
        footer = {
            "",
            "Examples:",
            "  dnd demo",
            "  dnd demo --task first-upper --seed 3",
            "  dnd demo --all-controls --chart scores.png",
            "  dnd demo --json"
        })
final class DemoCommand implements Callable<Integer> {
    private static final int SHOWN = 3;
    /** A seed that a person can type again. */
    private static final long SEEDS = 1_000_000;

    @Mixin
    private final Output output = new Output();

    @Option(names = "--task", paramLabel = "NAME", description = "Embedded task. Default: a held-out one at random.")
    private @Nullable String task;

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            description = "Seed of the task, the prompt draw and the question. Default: from the clock.")
    private @Nullable Long seed;

    @Option(
            names = {"-n", "--n-predict"},
            paramLabel = "N",
            defaultValue = "16",
            description = "Longest answer in tokens. Default: ${DEFAULT-VALUE}.")
    private int tokens;

    @Option(
            names = "--items",
            paramLabel = "N",
            defaultValue = "200",
            description = "Test items to score; 0 for all. Default: ${DEFAULT-VALUE}.")
    private int items;

    @Option(
            names = "--all-controls",
            description = "Also the slow ones: mean and best of all training LoRAs, few-shot in context.")
    private boolean allControls;

    @Option(
            names = "--chart",
            paramLabel = "PNG",
            description = "Where the bar chart goes. Default: target/demo/<task>.png of the installation.")
    private @Nullable Path chart;

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Override
    public Integer call() {
        Flags.atLeast("--items", items, 0);
        Flags.atLeast("--n-predict", tokens, 1);
        long drawn = Optional.ofNullable(seed).orElseGet(() -> Instant.now().toEpochMilli() % SEEDS);
        TaskFolder folder = NanoSet.embedded().taskFolder();
        TaskData data = folder.task(chosen(folder, drawn));
        PromptSet prompts = data.trainPrompts();
        TaskItem question =
                data.test().get(new Random(drawn).nextInt(data.test().size()));
        try (DragAndDrop dnd = DragAndDrop.open(engine.model(), engine.generator(), engine.options())) {
            dnd.warnings().forEach(warning -> output.note("warning: %s", warning));
            introduce(dnd, data, drawn);
            Shot before = shot(dnd, question);
            GeneratedAdapter adapter = dnd.generate(prompts, drawn, data.name(), output.progress());
            showPrompts(adapter, prompts);
            Attached attached = dnd.attach(adapter, 1.0f);
            AdapterReport report = new AdapterReport(adapter, attached);
            report.print(output);
            Shot with = shot(dnd, question);
            dnd.detach();
            Shot after = shot(dnd, question);
            requireIdentical(before, after);
            output.line("");
            output.line("question  %s", question.prompt().replace("\n", " / "));
            output.line("expected  \"%s\"", question.response());
            output.line("base      %s", quoted(before, question));
            output.line("adapter   %s", quoted(with, question));
            output.line("detached  %s   (logits bit-identical to before: yes)", quoted(after, question));
            DemoScores scores = scores(dnd, folder, data, drawn);
            scores.print(output);
            Map<String, Object> json = new LinkedHashMap<>(report.toJson());
            json.put("task", data.name());
            data.role().ifPresent(role -> json.put("role", role.label()));
            json.put("seed", drawn);
            json.put("model", dnd.describe());
            json.put("question", question.prompt());
            json.put("expected", question.response());
            json.put("text_base", before.completion().text());
            json.put("text_adapter", with.completion().text());
            json.put("text_detached", after.completion().text());
            json.put("identical_after_detach", true);
            json.putAll(scores.toJson());
            output.result(json);
        }
        return 0;
    }

    private String chosen(TaskFolder folder, long drawn) {
        if (task == null) {
            List<String> heldOut = folder.names(TaskRole.HELD_OUT);
            List<String> known = heldOut.isEmpty() ? folder.names() : heldOut;
            return known.get(new Random(drawn).nextInt(known.size()));
        }
        if (!folder.names().contains(task)) {
            throw Flags.wrong("--task", "'" + task + "' is not embedded; there are " + folder.names());
        }
        return task;
    }

    private void introduce(DragAndDrop dnd, TaskData data, long drawn) {
        output.line(
                "task      %s%s; to see this again: dnd demo --task %s --seed %d",
                data.name(), data.role().map(role -> " (" + role.label() + ")").orElse(""), data.name(), drawn);
        output.line("base      %s", dnd.live().model().description());
        output.line(
                "generator %s (family %s)",
                dnd.bundle().manifest().name(),
                dnd.bundle().manifest().generator().family());
    }

    /** Text and logits of one state of the model. */
    private record Shot(Completion completion, float[] logits) {}

    private Shot shot(DragAndDrop dnd, TaskItem question) {
        float[] logits = dnd.live().probe(question.prompt());
        Completion completion =
                dnd.live().chat(question.question(), SamplerOptions.GREEDY, tokens, text -> {}, CancelToken.create());
        return new Shot(completion, logits);
    }

    private void showPrompts(GeneratedAdapter adapter, PromptSet prompts) {
        output.line("");
        adapter.provenance().indices().stream()
                .limit(SHOWN)
                .forEach(index ->
                        output.line("prompt    %s", prompts.prompts().get(index).replace("\n", " / ")));
        int more = adapter.provenance().indices().size() - SHOWN;
        if (more > 0) {
            output.line("          ... and %d more", more);
        }
    }

    private static void requireIdentical(Shot before, Shot after) {
        if (!Arrays.equals(before.logits(), after.logits())
                || !before.completion().text().equals(after.completion().text())) {
            throw new NativeFailureException("after detaching, the base model does not answer as before: the adapter or"
                    + " its KV entries were left behind; please report this");
        }
    }

    private static String quoted(Shot shot, TaskItem question) {
        String text = shot.completion().text();
        return '"' + text.replace("\n", "\\n") + '"' + (question.isAnsweredBy(text) ? "   right" : "   wrong");
    }

    private DemoScores scores(DragAndDrop dnd, TaskFolder folder, TaskData data, long drawn) {
        NanoSet nano = NanoSet.embedded();
        Path png = Optional.ofNullable(chart)
                .orElseGet(
                        () -> NanoSet.home().resolve("target").resolve("demo").resolve(data.name() + ".png"));
        return DemoScores.of(
                dnd,
                folder,
                engine.isEmbeddedModel() ? nano.adapters() : Optional.empty(),
                data.name(),
                new EvalOptions(items, List.of(drawn), tokens, 0, EvalOptions.DEFAULT.parallel()),
                allControls,
                png,
                output.progress());
    }
}
