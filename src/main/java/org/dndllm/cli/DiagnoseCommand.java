package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.engine.AdapterPipeline;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.HeatMap;
import org.dndllm.eval.LoraFolder;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskRole;
import org.dndllm.eval.diagnosis.Diagnosis;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd diagnose}. */
@Command(
        name = "diagnose",
        mixinStandardHelpOptions = true,
        header = "Does a generator generate, or does it recall? And what is wrong with an adapter?",
        description = {
            "Without --adapter: are the training tasks' conditions distinguishable, which training tasks are nearest to the"
                    + " given ones, and where do generated changes of the weights lie among those of trained LoRAs, and among"
                    + " the generator's own for its training tasks? Cosine with the nearest; share of the squared norm in the"
                    + " span of all; overlap of the directions written and read; norm. Controls stand beside them: a LoRA"
                    + " trained on the task's labels, an adapter from junk prompts, the mean.",
            "",
            "Verdicts: 'copies X' from a cosine of 0.95 on; 'interpolates' where the best weighted sum reaches that cosine;"
                    + " 'partly inside the span' down to half of the squared norm; else 'outside the span'. They are about"
                    + " weights: whether an adapter does its task, dnd eval says.",
            "",
            "With --adapter: zeroed, not finite, another base's, without effect, huge, sign-flipped or harmful adapters are"
                    + " called out by name; exit code 1 when one is.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd diagnose",
            "  dnd diagnose --task first-same --chart likeness.png",
            "  dnd diagnose --generator bundle --tasks world --loras loras --json",
            "  dnd diagnose --prompts mine.json",
            "  dnd diagnose --adapter my-adapter --task-file mine_test.json",
            "  dnd diagnose --adapter one.gguf --adapter two --reference trusted -m base.gguf",
        })
final class DiagnoseCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Mixin
    private final TaskFlags tasks = new TaskFlags();

    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description = "Diagnose an adapter for these prompts, instead of the tasks'.")
    private @Nullable Path prompts;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of every prompt draw. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--chart",
            paramLabel = "PNG",
            description = "Draw the cosines of the tasks' mean prompt embeddings as a heat map.")
    private @Nullable Path chart;

    @Option(
            names = "--adapter",
            paramLabel = "FILE",
            description = "Examine this adapter instead: PEFT folder or .gguf; may be given several times.")
    private List<Path> adapters = List.of();

    @Option(
            names = "--reference",
            paramLabel = "FILE",
            description = "With --adapter: a trusted adapter for the same task; may be given several times.")
    private List<Path> references = List.of();

    @Option(
            names = "--task-file",
            paramLabel = "FILE",
            description = "With --adapter: labelled items of its task, in the official format.")
    private @Nullable Path taskFile;

    @Override
    public Integer call() {
        if (!adapters.isEmpty()) {
            if (prompts != null || chart != null || !tasks.names().isEmpty()) {
                throw Flags.wrong("--adapter", "does not go with --prompts, --task or --chart");
            }
            return new HealthReport(output, engine).examine(adapters, references, Optional.ofNullable(taskFile));
        }
        if (!references.isEmpty() || taskFile != null) {
            throw Flags.wrong("--reference, --task-file", "go with --adapter only");
        }
        if (prompts != null && !tasks.names().isEmpty()) {
            throw Flags.wrong("--prompts, --task", "expected at most one of the two");
        }
        diagnose();
        return 0;
    }

    private void diagnose() {
        TaskFolder folder = tasks.folder();
        GeneratorBundle bundle = GeneratorBundle.open(engine.generator());
        try (AdapterPipeline pipeline =
                AdapterPipeline.open(bundle, engine.options().session())) {
            Diagnosis diagnosis = new Diagnosis(pipeline, folder, seed, output.progress());
            Map<String, PromptSet> subjects = subjects(folder, diagnosis);
            Optional<LoraFolder> trained = tasks.trainedLoras(engine).map(LoraFolder::open);
            trained.ifPresent(diagnosis::requireTrained);
            DiagnosisReport report = new DiagnosisReport(output, bundle, folder);
            report.conditions(diagnosis.conditions());
            report.likeness(subjects.entrySet().stream()
                    .map(subject -> diagnosis.likeness(subject.getKey(), subject.getValue()))
                    .toList());
            trained.ifPresentOrElse(
                    found -> report.comparison("trained", diagnosis.amongTrained(subjects, found)), report::noLoras);
            report.comparison("generated", diagnosis.amongGenerated(subjects));
            draw(diagnosis, subjects);
            report.end();
        }
    }

    private Map<String, PromptSet> subjects(TaskFolder folder, Diagnosis diagnosis) {
        if (prompts != null) {
            return Map.of(String.valueOf(prompts.getFileName()), PromptReader.read(prompts));
        }
        List<String> chosen = tasks.names();
        if (chosen.isEmpty()) {
            chosen = folder.hasRoles() ? folder.names(TaskRole.HELD_OUT) : folder.names();
        }
        if (chosen.isEmpty()) {
            throw Flags.wrong("--task", "is not given, and " + folder.folder() + " has no task of the role held_out");
        }
        Map<String, PromptSet> subjects = new LinkedHashMap<>();
        chosen.forEach(name -> subjects.put(name, diagnosis.prompts(name)));
        return subjects;
    }

    /** Training tasks, then the subjects; prompts from a file are no task of the folder and not in it. */
    private void draw(Diagnosis diagnosis, Map<String, PromptSet> subjects) {
        if (chart == null) {
            return;
        }
        List<String> shown = new ArrayList<>(diagnosis.training());
        subjects.keySet().stream()
                .filter(name -> prompts == null && !shown.contains(name))
                .forEach(shown::add);
        HeatMap.write(chart, "cosine of mean prompt embeddings", shown, diagnosis.cosines(shown));
        output.line("written    %s", chart);
    }
}
