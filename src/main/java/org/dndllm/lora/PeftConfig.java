package org.dndllm.lora;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * The parts of {@code adapter_config.json} that decide what the tensors mean; every option that changes their meaning in
 * a way that A, B and alpha cannot express is refused. Source: PEFT 0.21 {@code tuners/lora/config.py}.
 *
 * @param rank {@code r}
 * @param alpha such that the scale is alpha / rank, whatever the file's own rule
 * @param scales of the modules, which may differ from these
 */
record PeftConfig(int rank, float alpha, PeftScales scales) {
    /** Initialisations that leave the base model as it is; others subtract the initial pair from its weights. */
    private static final Set<String> HARMLESS_INITIALISATIONS = Set.of("gaussian", "eva", "orthogonal");

    /** @throws InvalidInputException when modules differ in rank or alpha, or as {@link #readMixed} */
    static PeftConfig read(JsonValue.Obj json) {
        for (String pattern : List.of(PeftScales.RANKS, PeftScales.ALPHAS)) {
            if (filled(json, pattern)) {
                throw bad(
                        json,
                        pattern,
                        "is set: modules differ in rank or alpha; bring them to one with dnd lora canonicalize");
            }
        }
        return readMixed(json);
    }

    /** @throws InvalidInputException naming the member that A, B and a scale cannot express */
    static PeftConfig readMixed(JsonValue.Obj json) {
        if (!json.string("peft_type").equals("LORA")) {
            throw bad(json, "peft_type", "is '" + json.string("peft_type") + "'; expected LORA");
        }
        int rank = rank(json, "r");
        boolean rankStabilized = flag(json, "use_rslora");
        float alpha = alpha(json, json.number("lora_alpha"), rank, rankStabilized);
        refuseFlags(json);
        refuseOptions(json);
        return new PeftConfig(rank, alpha, new PeftScales(json, rankStabilized));
    }

    static int rank(JsonValue.Obj json, String key) {
        int rank = json.int32(key);
        if (rank < 1 || rank > BaseShape.MOST_FEATURES) {
            throw bad(json, key, "is " + rank + "; expected 1 to " + BaseShape.MOST_FEATURES);
        }
        return rank;
    }

    /** rsLoRA scales by alpha / sqrt(r) (arXiv 2312.03732); the same scale as an alpha over r. */
    static float alpha(JsonValue.Obj json, double given, int rank, boolean rankStabilized) {
        float alpha = (float) (rankStabilized ? given * Math.sqrt(rank) : given);
        if (!Float.isFinite(alpha) || alpha / rank == 0) {
            throw bad(json, "lora_alpha", "is " + given + "; expected a finite number other than 0");
        }
        return alpha;
    }

    private static void refuseFlags(JsonValue.Obj json) {
        Map<String, String> flags = new LinkedHashMap<>();
        flags.put(
                "use_dora",
                "DoRA also rescales the base weights, which llama.cpp cannot apply; train with use_dora false");
        flags.put("lora_bias", "biases of LoRA pairs cannot be applied by llama.cpp; train with lora_bias false");
        flags.put("use_qalora", "QA-LoRA pools its input, which llama.cpp does not; train with use_qalora false");
        flags.put("fan_in_fan_out", "Qwen2 stores its weights [out, in]; expected false");
        flags.forEach((key, reason) -> {
            if (flag(json, key)) {
                throw bad(json, key, "is true: " + reason);
            }
        });
        if (json.has("bias") && !json.string("bias").equals("none")) {
            throw bad(json, "bias", "is '" + json.string("bias") + "': biases are trained too; train with bias none");
        }
    }

    private static void refuseOptions(JsonValue.Obj json) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("modules_to_save", "whole modules are replaced; train without modules_to_save");
        options.put("layer_replication", "the base model's layers are rearranged; train on the plain model");
        options.put("target_parameters", "bare parameters are adapted; train on target_modules");
        options.put("trainable_token_indices", "embedding rows are trained; train without them");
        options.put(
                "alora_invocation_tokens", "an activated LoRA acts only after certain tokens; train an ordinary LoRA");
        options.put("arrow_config", "adapters are routed per token; export a single adapter");
        options.put("use_bdlora", "block-diagonal pairs are not supported; train an ordinary LoRA");
        options.put("kasa_config", "KaSA changes the base weights; train an ordinary LoRA");
        options.put("monteclora_config", "a variational variant is not a plain pair; train an ordinary LoRA");
        options.put("velora_config", "VeLoRA is not a plain pair; train an ordinary LoRA");
        options.forEach((key, reason) -> {
            if (filled(json, key)) {
                throw bad(json, key, "is set: " + reason);
            }
        });
        if (json.find("init_lora_weights").orElse(new JsonValue.Null()) instanceof JsonValue.Str initialisation
                && !HARMLESS_INITIALISATIONS.contains(initialisation.value())) {
            throw bad(
                    json,
                    "init_lora_weights",
                    "is '" + initialisation.value() + "', which changes the base weights; save the adapter with "
                            + "path_initial_model_for_weight_conversion");
        }
    }

    private static boolean flag(JsonValue.Obj json, String key) {
        return json.has(key) && json.bool(key);
    }

    private static boolean filled(JsonValue.Obj json, String key) {
        return json.find(key)
                .map(value -> switch (value) {
                    case JsonValue.Obj object -> !object.members().isEmpty();
                    case JsonValue.Arr array -> array.size() > 0;
                    case JsonValue.Bool bool -> bool.value();
                    default -> true;
                })
                .orElse(false);
    }

    /** The members that PEFT writes for a plain LoRA, with the caller's own on top. */
    static Map<String, Object> write(LoraWeights weights, Map<String, ?> extra) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("base_model_name_or_path", new JsonValue.Null());
        json.put("bias", "none");
        json.put("fan_in_fan_out", false);
        json.put("inference_mode", true);
        json.put("init_lora_weights", true);
        json.put("lora_alpha", plain(weights.alpha()));
        json.put("lora_dropout", 0.0);
        json.put("modules_to_save", new JsonValue.Null());
        json.put("peft_type", "LORA");
        json.put("r", weights.rank());
        json.put("rank_pattern", Map.of());
        json.put("alpha_pattern", Map.of());
        json.put("target_modules", targets(weights));
        json.put("task_type", "CAUSAL_LM");
        json.put("use_dora", false);
        json.put("use_rslora", false);
        json.putAll(extra);
        return json;
    }

    /** PEFT types lora_alpha as a whole number, though it computes with any. */
    private static Number plain(float alpha) {
        return alpha == (long) alpha ? (Number) (long) alpha : (Number) alpha;
    }

    /**
     * Plain names when each module is touched in every layer of a language model. Otherwise paths from the layer on, which
     * PEFT compares with the ends of module names: they leave out other layers, and the vision blocks of a VL model, whose
     * MLP has modules of the same names.
     */
    private static List<String> targets(LoraWeights weights) {
        Map<TargetModule, Long> layers =
                weights.tensors().stream().collect(Collectors.groupingBy(LoraTensor::module, Collectors.counting()));
        Set<TargetModule> everywhere = EnumSet.noneOf(TargetModule.class);
        layers.forEach((module, count) -> {
            if (count == weights.shape().layers()
                    && weights.shape().architecture().equals(BaseShape.QWEN2)) {
                everywhere.add(module);
            }
        });
        Set<String> names = new TreeSet<>();
        everywhere.forEach(module -> names.add(module.hfName()));
        for (LoraTensor pair : weights.tensors()) {
            if (!everywhere.contains(pair.module())) {
                names.add(new ModuleName(pair.layer(), pair.module()).path());
            }
        }
        return new ArrayList<>(names);
    }

    private static InvalidInputException bad(JsonValue.Obj json, String key, String problem) {
        return new InvalidInputException(json.source(), json.pathOf(key), problem);
    }
}
