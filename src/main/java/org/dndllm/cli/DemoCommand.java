package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.NativeFailureException;
import org.dndllm.engine.Completion;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.DragAndDrop.Attached;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd demo}: the main job on the embedded nano set. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        header = "The main job on the embedded nano set: prompts, adapter, live model, and back.",
        footer = {"", "Examples:", "  dnd demo", "  dnd demo --task addition --seed 3", "  dnd demo --json"})
final class DemoCommand implements Callable<Integer> {
    private static final int SHOWN = 3;

    @Mixin
    private final Output output = new Output();

    @Option(names = "--task", defaultValue = "reverse", description = "Embedded task. Default: ${DEFAULT-VALUE}.")
    private String task = "reverse";

    @Option(
            names = {"-s", "--seed"},
            defaultValue = "1",
            description = "Seed of the prompt draw. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = {"-n", "--n-predict"},
            defaultValue = "24",
            description = "Tokens of text to show. Default: ${DEFAULT-VALUE}.")
    private int tokens;

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Override
    public Integer call() {
        PromptSet prompts = prompts();
        String question = prompts.prompts().getFirst();
        try (DragAndDrop dnd = DragAndDrop.open(engine.model(), engine.generator(), engine.options())) {
            dnd.warnings().forEach(warning -> output.note("warning: %s", warning));
            output.line("base      %s", dnd.live().model().description());
            output.line(
                    "generator %s (family %s)",
                    dnd.bundle().manifest().name(),
                    dnd.bundle().manifest().generator().family());
            Shot before = shot(dnd, question);
            GeneratedAdapter adapter = dnd.generate(prompts, seed, task, output.progress());
            showPrompts(adapter, prompts);
            Attached attached = dnd.attach(adapter, 1.0f);
            AdapterReport report = new AdapterReport(adapter, attached);
            report.print(output);
            Shot with = shot(dnd, question);
            dnd.detach();
            Shot after = shot(dnd, question);
            requireIdentical(before, after);
            output.line("");
            output.line("question  %s", question.replace("\n", " / "));
            output.line("base      %s", quoted(before));
            output.line("adapter   %s", quoted(with));
            output.line("detached  %s   (logits bit-identical to before: yes)", quoted(after));
            output.result(json(dnd, report, question, before, with, after));
        }
        return 0;
    }

    /** Text and logits of one state of the model. */
    private record Shot(Completion completion, float[] logits) {}

    private Shot shot(DragAndDrop dnd, String question) {
        float[] logits = dnd.live().probe(question);
        Completion completion = dnd.live().chat(question, tokens);
        return new Shot(completion, logits);
    }

    private PromptSet prompts() {
        Path file = NanoSet.embedded().trainPrompts(task);
        if (!Files.isRegularFile(file)) {
            throw Flags.wrong(
                    "--task",
                    "'" + task + "' is not embedded; there are "
                            + NanoSet.embedded().taskNames());
        }
        return PromptReader.read(file);
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

    private static String quoted(Shot shot) {
        return '"' + shot.completion().text().replace("\n", "\\n") + '"';
    }

    private Map<String, Object> json(
            DragAndDrop dnd, AdapterReport report, String question, Shot before, Shot with, Shot after) {
        Map<String, Object> json = new LinkedHashMap<>(report.toJson());
        json.put("task", task);
        json.put("model", dnd.describe());
        json.put("question", question);
        json.put("text_base", before.completion().text());
        json.put("text_adapter", with.completion().text());
        json.put("text_detached", after.completion().text());
        json.put("identical_after_detach", true);
        return json;
    }
}
