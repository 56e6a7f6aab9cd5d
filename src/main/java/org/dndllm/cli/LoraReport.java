package org.dndllm.cli;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.dndllm.lora.LoraBlend;
import org.dndllm.lora.LoraError;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.MixedLora;
import org.dndllm.lora.ModuleName;
import org.dndllm.lora.TargetModule;

/**
 * What became of adapters: measures and bytes before and after, and how far the written change of the weights is from what it
 * stands for.
 *
 * @param sources as they were read
 * @param parts the same with their factors, in the same order; of a single mixed source its groups
 * @param difference of the modules, where a set of modules was asked for
 */
record LoraReport(
        List<AdapterFile> sources, List<LoraBlend.Part> parts, AdapterFile target, Optional<Difference> difference) {

    /**
     * How a source's modules differ from those asked for.
     *
     * @param absent asked for, but not touched by the source
     * @param extra touched by the source, but not asked for
     * @param filled whether the absent ones became zeros
     */
    record Difference(List<ModuleName> absent, List<ModuleName> extra, boolean filled) {}

    LoraReport(List<AdapterFile> sources, List<LoraBlend.Part> parts, AdapterFile target) {
        this(sources, parts, target, Optional.empty());
    }

    static LoraReport of(AdapterFile source, AdapterFile target) {
        return new LoraReport(List.of(source), source.content().parts(), target);
    }

    LoraReport with(Difference found) {
        return new LoraReport(sources, parts, target, Optional.of(found));
    }

    void print(Output output) {
        LoraError error = LoraError.of(parts, target.weights());
        for (int i = 0; i < sources.size(); i++) {
            float factor = parts.get(i).factor();
            output.line("source    %s", text(sources.get(i)) + (factor == 1 ? "" : ", weight " + factor));
        }
        output.line("target    %s", text(target));
        difference.ifPresent(found -> {
            if (!found.absent().isEmpty()) {
                String what = found.filled() ? "now zeros" : "not touched";
                output.line("absent    from the source, %s: %s", what, counted(found.absent()));
            }
            if (!found.extra().isEmpty()) {
                output.line("left out  not among the modules: %s", counted(found.extra()));
            }
        });
        table(error, output);
        output.result(json(error));
    }

    private static String text(AdapterFile file) {
        MixedLora content = file.content();
        return "%s: %s, %d pairs of %s, %s, %,d bytes"
                .formatted(
                        file.path(),
                        content.groups().stream()
                                .map(group -> scale(group)
                                        + (content.uniform().isPresent()
                                                ? ""
                                                : " (" + group.tensors().size() + " pairs)"))
                                .collect(Collectors.joining(" and ")),
                        content.names().size(),
                        String.join(" ", names(content)),
                        String.join(" and ", file.types()),
                        file.bytes());
    }

    private static String scale(LoraWeights weights) {
        return "rank " + weights.rank() + ", alpha " + weights.alpha();
    }

    /** How many layers each module is touched in. */
    static String counted(List<ModuleName> names) {
        Map<TargetModule, Long> counts = names.stream()
                .collect(Collectors.groupingBy(
                        ModuleName::module, () -> new EnumMap<>(TargetModule.class), Collectors.counting()));
        List<String> parts = new ArrayList<>();
        counts.forEach((module, count) -> parts.add(module.hfName() + " in " + count + " layers"));
        return String.join(", ", parts);
    }

    private static void table(LoraError error, Output output) {
        output.line("%-10s %6s %12s %15s  %s", "module", "pairs", "|scale B A|", "relative error", "worst pair");
        error.byModule().forEach((module, sum) -> row(module.hfName(), sum, output));
        row("all", error.total(), output);
    }

    private static void row(String name, LoraError.Sum sum, Output output) {
        output.line(
                "%-10s %6d %12.4g %15.2e  %.2e %s",
                name,
                sum.count(),
                sum.norm(),
                sum.relative(),
                sum.worst().relative(),
                sum.worst().name().path());
    }

    private Map<String, Object> json(LoraError error) {
        Map<String, Object> json = new LinkedHashMap<>();
        List<Map<String, Object>> from = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            Map<String, Object> source = json(sources.get(i));
            source.put("weight", parts.get(i).factor());
            from.add(source);
        }
        json.put("sources", from);
        json.put("target", json(target));
        json.put("norm", error.total().norm());
        json.put("relative_error", error.total().relative());
        Map<String, Object> modules = new LinkedHashMap<>();
        error.byModule().forEach((module, sum) -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("pairs", sum.count());
            row.put("norm", sum.norm());
            row.put("relative_error", sum.relative());
            modules.put(module.hfName(), row);
        });
        json.put("modules", modules);
        List<Map<String, Object>> pairs = new ArrayList<>();
        for (LoraError.Entry entry : error.entries()) {
            Map<String, Object> pair = new LinkedHashMap<>();
            pair.put("module", entry.name().path());
            pair.put("norm", entry.norm());
            pair.put("relative_error", entry.relative());
            pairs.add(pair);
        }
        json.put("pairs", pairs);
        difference.ifPresent(found -> {
            json.put("absent", found.absent().stream().map(ModuleName::path).toList());
            json.put("zero_filled", found.filled());
            json.put("left_out", found.extra().stream().map(ModuleName::path).toList());
        });
        return json;
    }

    private static Map<String, Object> json(AdapterFile file) {
        MixedLora content = file.content();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("path", file.path().toString());
        content.uniform()
                .ifPresentOrElse(
                        weights -> json.putAll(scaleJson(weights)),
                        () -> json.put(
                                "groups",
                                content.groups().stream()
                                        .map(LoraReport::scaleJson)
                                        .toList()));
        json.put("target_modules", names(content));
        json.put("pairs", content.names().size());
        json.put("types", file.types());
        json.put("bytes", file.bytes());
        return json;
    }

    private static Map<String, Object> scaleJson(LoraWeights weights) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rank", weights.rank());
        json.put("alpha", weights.alpha());
        json.put("pairs", weights.tensors().size());
        return json;
    }

    private static List<String> names(MixedLora content) {
        return content.modules().stream().map(TargetModule::hfName).toList();
    }
}
