package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.generator.BundleWeights;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorWeights;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.generator.WeightSource;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.BaseShape;
import org.dndllm.train.LoraSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which generator is trained, and from which weights on. */
final class GeneratorFlags {
    private static final int[] HIDDEN_TOKENS = {64, 128};

    @Option(
            names = "--init-from",
            paramLabel = "BUNDLE",
            description = "Go on from a trained generator: architecture, adapter layout and weights are the bundle's,"
                    + " and the flags from --family to --length do not count.")
    private @Nullable Path initFrom;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description = "A known target, such as compact-qwen2.5-0.5b, instead of the flags from --family to"
                    + " --length.")
    private @Nullable String preset;

    @Option(
            names = "--family",
            paramLabel = "F",
            defaultValue = "compact",
            description = "compact or paper. Default: ${DEFAULT-VALUE}.")
    private String family = CompactConfig.FAMILY;

    @Mixin
    private final LoraFlags lora = new LoraFlags();

    @Option(
            names = "--chunk",
            paramLabel = "N",
            defaultValue = "32",
            description = "Columns of a weight token. Default: ${DEFAULT-VALUE}.")
    private int chunk;

    @Option(
            names = "--stages",
            paramLabel = "N,L,C",
            split = ":",
            description = "Hidden stages between condition and tokens, such as 64,4,32:128,4,32. Default: 64 and 128"
                    + " tokens of the final size.")
    private List<String> stages = List.of();

    @Option(
            names = "--slots",
            paramLabel = "P",
            defaultValue = "16",
            description = "What the compact family keeps of a prompt: slots. Default: ${DEFAULT-VALUE}.")
    private int slots;

    @Option(
            names = "--width",
            paramLabel = "H",
            defaultValue = "64",
            description = "Features of a slot. Default: ${DEFAULT-VALUE}.")
    private int width;

    @Option(
            names = "--kernel",
            paramLabel = "K",
            defaultValue = "3",
            description = "Side of the convolution kernels. Default: ${DEFAULT-VALUE}.")
    private int kernel;

    @Option(
            names = "--prompts",
            paramLabel = "N",
            defaultValue = "64",
            description = "Prompts of a condition. Default: ${DEFAULT-VALUE}.")
    private int prompts;

    @Option(
            names = "--length",
            paramLabel = "L",
            defaultValue = "16",
            description = "Tokens of a prompt that are read. Default: ${DEFAULT-VALUE}.")
    private int length;

    /**
     * A generator to train.
     *
     * @param source where the first weights come from, for manifests and messages
     */
    record Chosen(GeneratorConfig config, AdapterLayout layout, WeightSource initial, String source) {}

    /** The bundle to go on from. */
    Optional<GeneratorBundle> bundle() {
        return Optional.ofNullable(initFrom).map(GeneratorBundle::open);
    }

    /**
     * The generator that the flags describe.
     *
     * @param channels of the encoder
     * @param seed of fresh weights
     */
    Chosen choose(Optional<GeneratorBundle> from, BaseShape base, int channels, long seed) {
        if (from.isPresent()) {
            return continued(from.get(), base);
        }
        AdapterLayout layout;
        GeneratorConfig config;
        if (preset != null) {
            layout = AdapterLayout.preset(preset);
            config = GeneratorConfig.preset(preset);
            requireBase("--preset", preset, layout, base);
        } else {
            layout = layout(base);
            config = config(layout, channels);
        }
        WeightSource initial = switch (config) {
            case PaperConfig paper -> GeneratorWeights.random(paper, seed);
            case CompactConfig compact -> GeneratorWeights.random(compact, layout, seed);
        };
        return new Chosen(config, layout, initial, "random weights of seed " + seed);
    }

    private Chosen continued(GeneratorBundle bundle, BaseShape base) {
        if (preset != null || !stages.isEmpty()) {
            throw Flags.wrong("--init-from", "brings its own architecture; leave --preset and --stages out");
        }
        AdapterLayout layout = bundle.manifest().layout();
        requireBase("--init-from", bundle.folder().toString(), layout, base);
        GeneratorConfig config = bundle.manifest().generator();
        WeightSource initial = BundleWeights.of(bundle.generatorFile(), config);
        return new Chosen(config, layout, initial, "bundle " + bundle.sha256());
    }

    private static void requireBase(String flag, String name, AdapterLayout layout, BaseShape base) {
        if (!layout.shape().equals(base)) {
            throw Flags.wrong(flag, "'" + name + "' is for " + layout.shape() + ", but the base model is " + base);
        }
    }

    private AdapterLayout layout(BaseShape base) {
        LoraSettings settings = lora.settings(0);
        return switch (family.toLowerCase(Locale.ROOT)) {
            case CompactConfig.FAMILY ->
                AdapterLayout.plain(base, settings.rank(), settings.alpha(), List.copyOf(settings.modules()), chunk);
            case PaperConfig.FAMILY ->
                AdapterLayout.of(base, settings.rank(), settings.alpha(), List.copyOf(settings.modules()), chunk);
            default -> throw Flags.wrong("--family", "is '" + family + "', expected one of [compact, paper]");
        };
    }

    private GeneratorConfig config(AdapterLayout layout, int channels) {
        Flags.atLeast("--prompts", prompts, 1);
        Flags.atLeast("--length", length, 3);
        List<Stage> path = new ArrayList<>();
        path.add(new Stage(prompts, length, channels));
        if (stages.isEmpty()) {
            for (int tokens : HIDDEN_TOKENS) {
                path.add(new Stage(tokens, layout.rows(), layout.columns()));
            }
        }
        stages.forEach(text -> path.add(stage(text)));
        path.add(new Stage(layout.tokens(), layout.rows(), layout.columns()));
        Stage[] all = path.toArray(Stage[]::new);
        try {
            return family.equalsIgnoreCase(PaperConfig.FAMILY)
                    ? GeneratorConfig.paper(kernel, all)
                    : GeneratorConfig.compact(kernel, slots, width, all);
        } catch (IllegalArgumentException e) {
            throw new InvalidInputException(
                    Flags.COMMAND_LINE, "--kernel, --slots, --width", String.valueOf(e.getMessage()), e);
        }
    }

    private static Stage stage(String text) {
        if (!text.matches("[1-9]\\d{0,6},[1-9]\\d{0,6},[1-9]\\d{0,6}")) {
            throw Flags.wrong("--stages", "has '" + text + "', expected N,L,C such as 64,4,32");
        }
        String[] extents = text.split(",", -1);
        return new Stage(Integer.parseInt(extents[0]), Integer.parseInt(extents[1]), Integer.parseInt(extents[2]));
    }
}
