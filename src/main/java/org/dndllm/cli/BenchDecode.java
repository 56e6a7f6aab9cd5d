package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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
        if (all > DecodePairs.CONTEXT) {
            throw Flags.wrong(
                    "--tokens",
                    "and --prompt-tokens are " + all + " together, expected at most " + DecodePairs.CONTEXT);
        }
        DecodePairs loops = new DecodePairs(engine.model(), promptTokens, tokens);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("machine", Machine.facts());
        json.putAll(loops.measure(pairs, peer.program(), output));
        output.result(json);
        return 0;
    }
}
