package org.dndllm.generator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;

/**
 * The configurations of the official training scripts ({@code workspace/main/tasks}, commit 60e2192), and ours for the
 * smallest of their targets with the same encoder, prompts and chunks.
 */
final class GeneratorPresets {
    private static final Map<String, GeneratorConfig> PRESETS = new LinkedHashMap<>();

    static {
        PRESETS.put(
                "qwen2.5-0.5b-commonsense",
                GeneratorConfig.paper(
                        9,
                        new Stage(128, 384, 384),
                        new Stage(128, 200, 300),
                        new Stage(128, 100, 256),
                        new Stage(256, 50, 200),
                        new Stage(512, 50, 200),
                        new Stage(1024, 25, 200),
                        new Stage(1024, 10, 200),
                        new Stage(2048, 10, 200),
                        new Stage(4296, 10, 130)));
        PRESETS.put(
                "qwen2.5-1.5b-coding",
                GeneratorConfig.superLarge(
                        26624,
                        11,
                        new Stage(16, 1000, 384),
                        new Stage(64, 500, 300),
                        new Stage(256, 125, 300),
                        new Stage(512, 64, 300),
                        new Stage(1024, 64, 256),
                        new Stage(2048, 32, 256),
                        new Stage(4508, 18, 258)));
        PRESETS.put(
                "qwen2.5-1.5b-math",
                GeneratorConfig.superLarge(
                        4608,
                        11,
                        new Stage(32, 1000, 384),
                        new Stage(64, 500, 300),
                        new Stage(256, 500, 300),
                        new Stage(512, 125, 300),
                        new Stage(1024, 64, 256),
                        new Stage(2048, 32, 256),
                        new Stage(4508, 18, 258)));
        PRESETS.put("qwen2.5-7b-coding", seven(26624));
        PRESETS.put("qwen2.5-7b-math", seven(4608));
        PRESETS.put(
                "qwen2.5-vl-3b-math",
                GeneratorConfig.paper(
                        11,
                        new Stage(16, 1536, 384),
                        new Stage(64, 500, 300),
                        new Stage(256, 125, 300),
                        new Stage(1024, 64, 300),
                        new Stage(2048, 16, 256),
                        new Stage(7308, 18, 258)));
        PRESETS.put(
                "compact-qwen2.5-0.5b",
                GeneratorConfig.compact(
                        3,
                        64,
                        256,
                        new Stage(128, 384, 384),
                        new Stage(256, 4, 128),
                        new Stage(1024, 8, 128),
                        new Stage(1024, 8, 128),
                        new Stage(4296, 8, 128)));
    }

    private GeneratorPresets() {}

    static GeneratorConfig byName(String name) {
        GeneratorConfig config = PRESETS.get(name);
        if (config == null) {
            throw new InvalidInputException(
                    "<argument>", "preset", "there is no " + name + "; choose one of " + names());
        }
        return config;
    }

    static List<String> names() {
        return List.copyOf(PRESETS.keySet());
    }

    private static GeneratorConfig seven(int textLength) {
        return GeneratorConfig.superLarge(
                textLength,
                11,
                new Stage(16, 1000, 384),
                new Stage(64, 500, 384),
                new Stage(256, 125, 400),
                new Stage(512, 64, 400),
                new Stage(1024, 64, 400),
                new Stage(2048, 32, 400),
                new Stage(4928, 18, 514));
    }
}
