package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import tools.jackson.databind.JsonNode;

/**
 * The greedy loop through Panama and the same loop in C, in turn, each on one thread of the processor.
 *
 * @param promptTokens read before the loop begins
 * @param tokens generated in each turn; with the prompt at most {@link #CONTEXT}
 */
record DecodePairs(Path model, int promptTokens, int tokens) {
    static final int CONTEXT = 1024;
    private static final int WARM_UP = 4;

    /**
     * Measures and prints.
     *
     * @param program the loop in C; without it ours is timed alone
     * @return the same for machines
     */
    Map<String, Object> measure(int pairs, Optional<BenchPeer> program, Output output) {
        List<DecodeLoop.Run> ours = new ArrayList<>();
        List<DecodeLoop.Run> theirs = new ArrayList<>();
        try (LlamaModel opened = LlamaModel.open(model, ModelOptions.CPU);
                LlamaContext context = opened.newContext(new ContextOptions(
                        CONTEXT, true, CONTEXT, 512, 1, 1, 1, false, ContextOptions.FlashAttention.AUTO))) {
            int[] prompt = DecodeLoop.prompt(opened.vocabulary().size(), promptTokens);
            DecodeLoop.run(context, prompt, WARM_UP);
            for (int pair = 0; pair < pairs; pair++) {
                ours.add(DecodeLoop.run(context, prompt, tokens));
                program.ifPresent(peer -> theirs.add(c(peer)));
                output.progress().advanced("pairs", pair + 1, pairs);
            }
        }
        return report(ours, theirs, output);
    }

    private DecodeLoop.Run c(BenchPeer program) {
        JsonNode json = program.run(model, promptTokens, tokens);
        return new DecodeLoop.Run(
                program.number(json, "prompt_ms"),
                program.number(json, "thread_cpu_ms_per_token"),
                program.number(json, "wall_ms_per_token"),
                (int) program.number(json, "checksum"));
    }

    private Map<String, Object> report(List<DecodeLoop.Run> ours, List<DecodeLoop.Run> theirs, Output output) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model", model.toString());
        json.put("prompt_tokens", promptTokens);
        json.put("tokens", tokens);
        json.put("java", side("Panama", ours, output));
        if (!theirs.isEmpty()) {
            json.put("c", side("C", theirs, output));
            Samples ratio = new Samples(ours.size());
            boolean sameWork = true;
            for (int i = 0; i < ours.size(); i++) {
                ratio.add(ours.get(i).cpuPerToken() / theirs.get(i).cpuPerToken());
                sameWork &= ours.get(i).checksum() == theirs.get(i).checksum();
            }
            json.put("cpu_ratio_java_to_c", ratio.toJson());
            json.put("same_tokens", sameWork);
            output.line(
                    "CPU per token, Panama / C, pair by pair: median %.4f (p10 %.4f, p90 %.4f), same tokens: %s",
                    ratio.median(), ratio.quantile(0.1), ratio.quantile(0.9), sameWork ? "yes" : "NO");
        }
        return json;
    }

    private static Map<String, Object> side(String name, List<DecodeLoop.Run> runs, Output output) {
        Samples cpu = new Samples(runs.size());
        Samples wall = new Samples(runs.size());
        Samples prompt = new Samples(runs.size());
        for (DecodeLoop.Run run : runs) {
            cpu.add(run.cpuPerToken());
            wall.add(run.wallPerToken());
            prompt.add(run.promptMillis());
        }
        output.line(
                "%-7s CPU per token median %.3f ms, wall %.3f ms (%.1f tokens/s), prompt %.0f ms",
                name, cpu.median(), wall.median(), 1000 / wall.median(), prompt.median());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("cpu_ms_per_token", cpu.toJson());
        json.put("wall_ms_per_token", wall.toJson());
        json.put("prompt_ms", prompt.toJson());
        return json;
    }
}
