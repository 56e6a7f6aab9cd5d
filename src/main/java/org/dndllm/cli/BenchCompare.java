package org.dndllm.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.generator.PaperConfig;
import org.dndllm.onnx.OnnxRuntimeInfo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code dnd bench compare}: two reports, or this project beside other programs that do the same work. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        header =
                "Side by side: ours and the decode loop in C, ours and the official PyTorch generator; or two reports.",
        description = {
            "Without reports: our decode loop in turn with the same loop in C (--c-loop), and our generator in turn with the"
                    + " official one (--official), on the same machine in the same run. What is not given is not measured,"
                    + " and the output says so. The generator must be of the paper's family; the official code gets its"
                    + " weights, so that a bundle of dnd import stands beside the .pth that it was made of, and an untrained"
                    + " preset will do for times. --ep and --threads hold for both sides, each of which runs with its own"
                    + " defaults otherwise; on CUDA the official one also runs under bfloat16 autocast, as its scripts do.",
            "With two reports of dnd bench chain: what in machines, versions, models and settings differs, then the ratios."
                    + " Times of different moments on a shared machine differ by themselves: run both in turn, more than"
                    + " once.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd bench compare before.json after.json",
            "  dnd bench compare --c-loop native/bench/run --pairs 3",
            "  dnd bench compare --official Drag-and-Drop-LLMs --python venv/bin/python --threads 2",
            "  dnd bench compare --official Drag-and-Drop-LLMs --generator speed --ep cuda --json",
        })
final class BenchCompare implements Callable<Integer> {
    private static final int PROMPT_TOKENS = 128;
    private static final int TOKENS = 64;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Mixin
    private final PeerFlags peer = new PeerFlags();

    @Mixin
    private final OfficialFlags official = new OfficialFlags();

    @Parameters(index = "0", arity = "0..1", paramLabel = "BEFORE", description = "Written by dnd bench chain --save.")
    private @Nullable Path before;

    @Parameters(index = "1", arity = "0..1", paramLabel = "AFTER", description = "Likewise, a later one.")
    private @Nullable Path after;

    @Override
    public Integer call() {
        if (before == null) {
            return programs();
        }
        if (after == null) {
            throw Flags.wrong("AFTER", "is not given; name two reports, or none to compare programs");
        }
        if (peer.program().isPresent() || official.folder().isPresent()) {
            throw Flags.wrong("BEFORE", "and AFTER are reports; leave them out to run --c-loop and --official");
        }
        output.result(ChainReport.read(before).compare(before, ChainReport.read(after), output));
        return 0;
    }

    private int programs() {
        int pairs = peer.pairs();
        // first, since it is the one whose environment may turn out to lack something
        Optional<GeneratorPairsReport> generator = official.folder()
                .map(checkout -> pairsWith(checkout).measure(engine.options().session(), official, pairs, output));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("benchmark", "compare");
        json.put("version", new Version().getVersion()[0]);
        json.put("machine", Machine.facts());
        json.put("onnxruntime", OnnxRuntimeInfo.version());
        json.put("command", output.command());
        json.put(
                "decode",
                peer.program().isEmpty()
                        ? notMeasured("decode loop in C", "--c-loop names no program, such as native/bench/run")
                        : new DecodePairs(engine.model(), PROMPT_TOKENS, TOKENS)
                                .measure(pairs, peer.program(), output));
        json.put(
                "generator",
                generator
                        .map(report -> report.print(output))
                        .orElseGet(() -> notMeasured(
                                "official generator", "--official names no checkout of the official repository")));
        output.result(json);
        return generator.map(GeneratorPairsReport::isSameWork).orElse(true) ? 0 : Main.FAILURE;
    }

    private Map<String, Object> notMeasured(String what, String reason) {
        output.line("%s: not measured: %s", what, reason);
        return Map.of("not_measured", reason);
    }

    private GeneratorPairs pairsWith(Path checkout) {
        Path folder = engine.namesGenerator()
                ? engine.generator()
                : NanoSet.embedded().bundles().getLast();
        GeneratorBundle bundle = GeneratorBundle.open(folder);
        if (!(bundle.manifest().generator() instanceof PaperConfig paper)) {
            throw Flags.wrong(
                    "--generator",
                    "is " + folder + ", of the " + bundle.manifest().generator().family()
                            + " family, which the official code does not have; name one of the paper's family");
        }
        return new GeneratorPairs(bundle, paper, checkout);
    }
}
