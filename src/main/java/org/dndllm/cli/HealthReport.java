package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.engine.LiveModel;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.diagnosis.AdapterHealth;
import org.dndllm.eval.diagnosis.AnswerProbe;
import org.dndllm.eval.diagnosis.BaseNorms;
import org.dndllm.eval.diagnosis.HealthCheck;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.LoraWeights;

/** {@code dnd diagnose --adapter}: examines adapters on the running base model and prints what is wrong with them. */
final class HealthReport {
    private final Output output;
    private final EngineFlags engine;

    HealthReport(Output output, EngineFlags engine) {
        this.output = output;
        this.engine = engine;
    }

    /** Returns the exit code: 1 when an adapter is broken. */
    int examine(List<Path> adapters, List<Path> references, Optional<Path> taskFile) {
        List<TaskItem> items = taskFile.map(TaskItem::readLabelled).orElse(List.of());
        List<AdapterHealth> all = new ArrayList<>();
        try (LiveModel live = LiveModel.open(engine.model(), engine.modelOptions(), engine.contextOptions());
                AnswerProbe probe = AnswerProbe.open(live.model(), engine.contextOptions(), items)) {
            HealthCheck check = check(live, references).withProbe(probe);
            for (Path adapter : adapters) {
                AdapterHealth health = check.file(adapter);
                print(health);
                all.add(health);
            }
        }
        boolean broken = all.stream().anyMatch(AdapterHealth::broken);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("broken", broken);
        json.put("adapters", all.stream().map(AdapterHealth::toJson).toList());
        output.result(json);
        return broken ? Main.FAILURE : 0;
    }

    private HealthCheck check(LiveModel live, List<Path> references) {
        Map<String, LoraWeights> trusted = new LinkedHashMap<>();
        for (Path reference : references) {
            trusted.put(
                    reference.toString(),
                    AdapterFile.read(reference, live.model().shape()).weights());
        }
        HealthCheck check = HealthCheck.of(live.model().shape())
                .withBaseSha256(GgufFile.sha256(engine.model()))
                .withReferences(trusted);
        try (GgufFile base = GgufFile.open(engine.model())) {
            return BaseNorms.of(base).map(check::withBaseNorms).orElse(check);
        }
    }

    private void print(AdapterHealth health) {
        output.line("%s: %s", health.name(), health.broken() ? "BROKEN" : "nothing wrong found");
        health.findings().forEach(finding -> output.line("  %-16s %s", finding.fault(), finding.sentence()));
        health.notChecked().forEach(what -> output.line("  not checked      %s", what));
    }
}
