package org.dndllm.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.diagnosis.Comparison;
import org.dndllm.eval.diagnosis.ConditionGeometry;
import org.dndllm.eval.diagnosis.Placement;
import org.dndllm.eval.diagnosis.Placement.Place;
import org.dndllm.eval.diagnosis.Placement.Spaces;
import org.dndllm.eval.diagnosis.TaskLikeness;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;

/** Prints a diagnosis part by part, as the parts are ready, and collects them for {@code --json}. */
final class DiagnosisReport {
    private static final int NEAREST = 3;
    private static final int MIXTURE = 5;

    private final Output output;
    private final GeneratorBundle bundle;
    private final TaskFolder folder;
    private final Map<String, Object> json = new LinkedHashMap<>();

    DiagnosisReport(Output output, GeneratorBundle bundle, TaskFolder folder) {
        this.output = output;
        this.bundle = bundle;
        this.folder = folder;
    }

    /** After everything that was asked for has been checked: a refusal prints nothing else. */
    void begin() {
        output.line(
                "generator  %s, trained on %s",
                bundle.manifest().name(), bundle.manifest().training().description());
        json.put("generator", bundle.manifest().name());
        json.put("generator_sha256", bundle.sha256());
        json.put("task_folder", folder.folder().toString());
    }

    void conditions(ConditionGeometry geometry) {
        output.line("");
        output.line("Conditions of %d training tasks, %d prompts", geometry.tasks(), geometry.prompts());
        output.line(
                "  variance     between tasks %.4g, within %.4g: tasks explain %.1f %%",
                geometry.between(), geometry.within(), 100 * geometry.explained());
        output.line(
                "  cosine       within a task %.3f, between tasks %.3f",
                geometry.cosineWithin(), geometry.cosineBetween());
        output.line("  silhouette   %.3f (cosine, single prompts)", geometry.silhouette());
        output.line(
                "  recognised   %.1f %% of single prompts, %.1f %% of means of half a sample; chance %.1f %%",
                100 * geometry.promptAccuracy().value(),
                100 * geometry.drawAccuracy().value(),
                100.0 / geometry.tasks());
        output.line("  rank         %.1f effective, of at most %d", geometry.effectiveRank(), geometry.tasks() - 1);
        if (geometry.warnings().isEmpty()) {
            output.line("  not collapsed: tasks can be told apart");
        }
        geometry.warnings().forEach(warning -> output.line("  WARNING %s", warning));
        json.put("conditions", geometry.toJson());
    }

    void likeness(List<TaskLikeness> all) {
        output.line("");
        output.line("%-20s %-16s nearest training tasks by prompts (cosine)", "task", "known");
        for (TaskLikeness each : all) {
            output.line(
                    "%-20s %-16s %s",
                    each.name(),
                    each.outOfDistribution()
                            .map(score -> String.format(
                                    Locale.ROOT,
                                    "%s (%.2f/%.2f)",
                                    score.outside() ? "no" : "yes",
                                    score.value(),
                                    score.threshold()))
                            .orElse("no score"),
                    each.nearest().stream()
                            .limit(NEAREST)
                            .map(part -> String.format(Locale.ROOT, "%s %.3f", part.reference(), part.value()))
                            .collect(Collectors.joining(", ")));
        }
        json.put("tasks", all.stream().map(TaskLikeness::toJson).toList());
    }

    void noLoras() {
        output.line("");
        output.line("No folder of trained LoRAs (--loras): generated adapters are compared with each other only.");
    }

    void comparison(String key, Comparison comparison) {
        output.line("");
        output.line("Among %d %s", comparison.names().size(), comparison.references());
        output.line(
                "%-34s %-30s %7s %8s %12s %6s %14s %14s",
                "adapter", "verdict", "cosine", "inside", "beside mean", "norm", "written/chance", "read/chance");
        comparison.generated().forEach(placement -> row("generated: " + placement.name(), placement));
        comparison.controls().forEach(placement -> row(placement.name(), placement));
        comparison.groups().forEach(this::group);
        if (comparison.generated().size() == 1) {
            details(comparison.generated().getFirst());
        }
        json.put("among_" + key, comparison.toJson());
    }

    private void row(String label, Placement placement) {
        line(label, placement.verdict().words(placement.nearest().reference()), placement.total());
    }

    private void line(String label, String verdict, Place place) {
        Optional<Spaces> spaces = place.spaces();
        output.line(
                "%-34s %-30s %7.3f %6.1f %% %10.1f %% %6.1f %14s %14s",
                label,
                verdict,
                place.cosine(),
                100 * place.inside(),
                100 * place.besideMean(),
                place.norm(),
                spaces.map(found -> pair(found.written(), found.writtenByChance()))
                        .orElse("-"),
                spaces.map(found -> pair(found.read(), found.readByChance())).orElse("-"));
    }

    private static String pair(double overlap, double chance) {
        return String.format(Locale.ROOT, "%.2f/%.2f", overlap, chance);
    }

    private void group(String name, List<Placement> group) {
        String verdicts = Comparison.verdicts(group).entrySet().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey().replace('_', ' '))
                .collect(Collectors.joining(", "));
        output.line(
                "%s (medians of %d): %s; cosine %.3f, inside %.1f %%, beside mean %.1f %%, norm %.1f",
                name,
                group.size(),
                verdicts,
                Comparison.median(group, placement -> placement.total().cosine()),
                100 * Comparison.median(group, placement -> placement.total().inside()),
                100 * Comparison.median(group, placement -> placement.total().besideMean()),
                Comparison.median(group, placement -> placement.total().norm()));
    }

    /** Of a single adapter: module by module, and what it is a mixture of. */
    private void details(Placement placement) {
        placement.modules().forEach((module, place) -> line("  " + module.hfName(), "", place));
        output.line(
                "  nearest weighted sum: %s ...",
                placement.mixture().stream()
                        .limit(MIXTURE)
                        .map(part -> String.format(Locale.ROOT, "%+.3f %s", part.value(), part.reference()))
                        .collect(Collectors.joining(" ")));
    }

    /** @param file to be written as well */
    void end(Optional<Path> file) {
        file.ifPresent(path -> AtomicFile.writeString(path, JsonWriter.write(json)));
        output.result(json);
    }
}
