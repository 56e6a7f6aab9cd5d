package org.dndllm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** {@code dnd bench decode}: the greedy loop through Panama, beside the same loop in C. */
@Command(
        name = "decode",
        mixinStandardHelpOptions = true,
        header = "Time greedy decoding on one thread, in pairs with the same loop in C (native/bench/run).",
        description = "The protocol stands in native/bench/decode_loop.c; equal checksums mean equal work.",
        footer = {
            "",
            "Examples:",
            "  dnd bench decode --pairs 3",
            "  dnd bench decode -m target/bench/0.5b-q8_0.gguf --c-loop native/bench/run --json"
        })
final class BenchDecode implements Callable<Integer> {
    private static final int CONTEXT = 1024;
    private static final int WARM_UP = 4;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Option(names = "--prompt-tokens", defaultValue = "128", description = "Default: ${DEFAULT-VALUE}.")
    private int promptTokens;

    @Option(names = "--tokens", defaultValue = "64", description = "Generated tokens. Default: ${DEFAULT-VALUE}.")
    private int tokens;

    @Mixin
    private final PeerFlags peer = new PeerFlags();

    @Override
    public Integer call() {
        int pairs = peer.pairs();
        Flags.atLeast("--tokens", tokens, 1);
        Flags.atLeast("--prompt-tokens", promptTokens, 1);
        long all = (long) promptTokens + tokens;
        if (all > CONTEXT) {
            throw Flags.wrong("--tokens", "and --prompt-tokens are " + all + " together, expected at most " + CONTEXT);
        }
        List<DecodeLoop.Run> ours = new ArrayList<>();
        List<DecodeLoop.Run> theirs = new ArrayList<>();
        try (LlamaModel model = LlamaModel.open(engine.model(), ModelOptions.CPU);
                LlamaContext context = model.newContext(new ContextOptions(
                        CONTEXT, true, CONTEXT, 512, 1, 1, 1, false, ContextOptions.FlashAttention.AUTO))) {
            int[] prompt = DecodeLoop.prompt(model.vocabulary().size(), promptTokens);
            DecodeLoop.run(context, prompt, WARM_UP);
            for (int pair = 0; pair < pairs; pair++) {
                ours.add(DecodeLoop.run(context, prompt, tokens));
                peer.program().ifPresent(program -> theirs.add(c(program)));
                output.progress().advanced("pairs", pair + 1, pairs);
            }
        }
        report(ours, theirs);
        return 0;
    }

    private DecodeLoop.Run c(BenchPeer program) {
        JsonNode json = program.run(engine.model(), promptTokens, tokens);
        return new DecodeLoop.Run(
                program.number(json, "prompt_ms"),
                program.number(json, "thread_cpu_ms_per_token"),
                program.number(json, "wall_ms_per_token"),
                (int) program.number(json, "checksum"));
    }

    private void report(List<DecodeLoop.Run> ours, List<DecodeLoop.Run> theirs) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("machine", Machine.facts());
        json.put("model", engine.model().toString());
        json.put("prompt_tokens", promptTokens);
        json.put("tokens", tokens);
        json.put("java", side("Panama", ours));
        if (!theirs.isEmpty()) {
            json.put("c", side("C", theirs));
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
        output.result(json);
    }

    private Map<String, Object> side(String name, List<DecodeLoop.Run> runs) {
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
