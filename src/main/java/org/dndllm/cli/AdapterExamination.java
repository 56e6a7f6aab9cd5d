package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.engine.LiveModel;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.diagnosis.AdapterHealth;
import org.dndllm.eval.diagnosis.AnswerProbe;
import org.dndllm.eval.diagnosis.BaseNorms;
import org.dndllm.eval.diagnosis.HealthCheck;
import org.dndllm.eval.experiment.Settings;
import org.dndllm.format.GgufFile;
import org.dndllm.format.Sha256;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;

/**
 * Examines adapters that were named for a report: against the base model, the set's trained LoRAs, and where the task is
 * named its labelled items.
 */
record AdapterExamination(Settings settings) {
    /** Enough to see harm; each is answered alone, twice. */
    private static final int ITEMS = 50;

    /** {@code TASK=PATH}, or a path alone. */
    private record Named(Optional<String> task, Path path) {
        /** A path that exists as it stands is one, whatever signs it holds. */
        static Named of(String word, TaskFolder tasks) {
            int sign = word.indexOf('=');
            if (sign < 0 || Files.exists(Path.of(word))) {
                return new Named(Optional.empty(), Path.of(word));
            }
            String task = word.substring(0, sign);
            if (!tasks.names().contains(task)) {
                throw Flags.wrong("--adapter", "names the task '" + task + "', which " + tasks.folder() + " lacks");
            }
            return new Named(Optional.of(task), Path.of(word.substring(sign + 1)));
        }
    }

    /** One after the other, in the given order. */
    List<AdapterHealth> all(List<String> words) {
        if (words.isEmpty()) {
            return List.of();
        }
        TaskFolder tasks = TaskFolder.open(settings.tasks());
        List<Named> named = words.stream().map(word -> Named.of(word, tasks)).toList();
        try (LiveModel live = LiveModel.open(
                settings.base(), settings.engine().model(), settings.engine().context())) {
            HealthCheck check = HealthCheck.of(live.model().shape()).withBaseSha256(Sha256.of(settings.base()));
            try (GgufFile base = GgufFile.open(settings.base())) {
                check = BaseNorms.of(base).map(check::withBaseNorms).orElse(check);
            }
            List<AdapterHealth> health = new ArrayList<>();
            for (Named each : named) {
                health.add(examine(each, check, live, tasks));
            }
            return health;
        }
    }

    private AdapterHealth examine(Named named, HealthCheck check, LiveModel live, TaskFolder tasks) {
        List<TaskItem> items = named.task().map(task -> tasks.task(task).test()).orElse(List.of());
        try (AnswerProbe probe = AnswerProbe.open(
                live.model(), settings.engine().context(), items.subList(0, Math.min(ITEMS, items.size())))) {
            return check.withReferences(references(named, live.model().shape(), tasks))
                    .withProbe(probe)
                    .file(named.path());
        }
    }

    /** The task's own trained LoRA; all of them where no task was named. */
    private Map<String, LoraWeights> references(Named named, BaseShape shape, TaskFolder tasks) {
        Map<String, LoraWeights> references = new LinkedHashMap<>();
        List<String> names = named.task().map(List::of).orElseGet(tasks::names);
        settings.loras()
                .ifPresent(loras -> names.stream()
                        .filter(name -> Files.isRegularFile(loras.resolve(name).resolve(PeftAdapter.CONFIG_FILE)))
                        .forEach(name -> references.put(
                                "the trained LoRA of " + name, PeftAdapter.read(loras.resolve(name), shape))));
        return references;
    }
}
