package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionText;
import org.dndllm.engine.AdapterFolder;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.Effect;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.PromptSet;
import org.dndllm.engine.TargetPreset;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd generate}. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        header = "Turn a task's unlabelled prompts into a LoRA adapter.",
        description = {
            "Draws N prompts, encodes them, runs the generator once, loads the adapter into the base model to measure"
                    + " its effect, and writes it as a PEFT folder with adapter.gguf and dnd.json beside it.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd generate --prompts ARC-c_train.json --save-to arc-adapter",
            "  cat questions.txt | dnd generate --prompts - --save-to my-adapter --seed 7",
            "  dnd generate -m qwen2.5-0.5b-q8_0.gguf --generator bundle --prompts task.csv --column question \\",
            "      --save-to out --json",
            "  dnd generate -m qwen2.5-0.5b-q8_0.gguf --preset qwen2.5-0.5b-commonsense --generator imported \\",
            "      --prompts ARC-c_train.json --save-to arc-adapter",
        })
final class GenerateCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Mixin
    private final PromptFlags prompts = new PromptFlags();

    @Option(
            names = {"-s", "--seed"},
            defaultValue = "1",
            description = "Seed of the prompt draw. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--save-to", paramLabel = "DIR", required = true, description = "Folder to write; must be new.")
    private @Nullable Path target;

    @Option(names = "--replace", description = "Replace the folder if it exists.")
    private boolean replace;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description = "A known target that the generator must be of, such as qwen2.5-0.5b-commonsense. It needs"
                    + " --generator: presets come without weights (see dnd import).")
    private @Nullable String preset;

    @Option(names = "--adapter-name", paramLabel = "NAME", description = "Name of the adapter. Default: the folder's.")
    private @Nullable String name;

    @Override
    public Integer call() {
        EngineOptions options = engine.options(); // a wrong flag is found before the work
        Path folder = java.util.Objects.requireNonNull(target);
        if (Files.exists(folder) && !replace) {
            throw new InvalidInputException(
                    folder.toString(), "--save-to", "exists already; choose another folder or give --replace");
        }
        AdapterFolder.requireReplaceable(folder); // before the work rather than after it
        if (preset != null) {
            requirePreset(preset);
        }
        PromptSet set = prompts.read();
        String called = Optional.ofNullable(name)
                .orElseGet(
                        () -> folder.toAbsolutePath().normalize().getFileName().toString());
        try (DragAndDrop dnd = DragAndDrop.open(engine.model(), engine.generator(), options)) {
            GeneratedAdapter adapter = dnd.generate(set, seed, called, output.progress());
            DragAndDrop.Attached attached = dnd.attach(adapter, 1.0f);
            Effect effect = attached.effect();
            adapter.save(folder, options.adapterType(), Optional.of(effect), replace);
            warnOfText(dnd.bundle().manifest().training().conditionText());
            dnd.warnings().forEach(warning -> output.note("warning: %s", warning));
            AdapterReport report = new AdapterReport(adapter, attached);
            report.print(output);
            output.line("written   %s", folder);
            Map<String, Object> json = report.toJson();
            json.put("written", folder.toString());
            json.put("model", dnd.describe());
            output.result(json);
        }
        return 0;
    }

    /** Before the weights are loaded, which takes a while at the sizes of the official targets. */
    private void requirePreset(String called) {
        TargetPreset wanted = PresetFlag.named(called);
        if (!engine.namesGenerator()) {
            throw Flags.wrong(
                    "--preset",
                    called + " is an architecture without weights, and none were published: make a bundle of a trained"
                            + " .pth (dnd import FILE.pth --preset " + called
                            + " ...) or an untrained one for speed work"
                            + " (dnd import --untrained --preset " + called + " ...) and name it with --generator");
        }
        wanted.require(engine.generator(), GeneratorBundle.manifest(engine.generator()));
    }

    /** Prompts come without answers here; a generator that never saw them so is out of its element. */
    private void warnOfText(ConditionText trained) {
        if (trained != ConditionText.PROMPTS) {
            output.note(
                    "warning: the generator was trained on conditions of %s, here it reads prompts alone;"
                            + " expect a weaker adapter",
                    trained.label());
        }
    }
}
