package org.dndllm.engine;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.TokenForm;

/**
 * A known target: the architecture of its generator and the layout of its adapters. A preset holds no weights.
 *
 * @param name such as {@code qwen2.5-0.5b-commonsense}
 */
public record TargetPreset(String name, GeneratorConfig config, AdapterLayout layout) {
    /** The names that {@link #named} takes. */
    public static List<String> names() {
        return GeneratorConfig.presetNames();
    }

    /**
     * The preset of that name.
     *
     * @throws InvalidInputException listing the names when there is no such preset
     */
    public static TargetPreset named(String name) {
        return new TargetPreset(name, GeneratorConfig.preset(name), AdapterLayout.preset(name));
    }

    /** A preset of exactly that architecture, for a base model of that shape. */
    static Optional<TargetPreset> of(GeneratorConfig config, AdapterLayout layout) {
        return names().stream()
                .map(TargetPreset::named)
                .filter(preset -> preset.matches(config, layout))
                .findFirst();
    }

    /**
     * The layout for a base model itself, whose vocabulary may differ from the published one.
     *
     * @throws InvalidInputException naming the base model when the preset is for another shape
     */
    AdapterLayout layoutFor(BaseModel base) {
        if (!base.shape().takesAdaptersOf(layout.shape())) {
            throw new InvalidInputException(
                    base.source(),
                    "shape",
                    "is " + base.shape() + ", but preset " + name + " is for " + layout.shape()
                            + "; choose the base model of the preset or the preset of the base model");
        }
        return layout.form() == TokenForm.PLAIN
                ? AdapterLayout.plain(base.shape(), layout.rank(), layout.alpha(), layout.modules(), layout.chunk())
                : AdapterLayout.of(base.shape(), layout.rank(), layout.alpha(), layout.modules(), layout.chunk());
    }

    /**
     * Refuses a bundle that is not of this preset.
     *
     * @param bundle its folder, for errors
     * @throws InvalidInputException naming the bundle and what differs
     */
    public void require(Path bundle, BundleManifest manifest) {
        if (!matches(manifest.generator(), manifest.layout())) {
            boolean sameGenerator = config.equals(manifest.generator());
            throw new InvalidInputException(
                    bundle.resolve(GeneratorBundle.MANIFEST).toString(),
                    sameGenerator ? "layout" : "generator",
                    "is " + (sameGenerator ? describe(manifest.layout()) : manifest.generator()) + ", but preset "
                            + name
                            + " is " + (sameGenerator ? describe(layout) : config)
                            + "; choose a bundle of that preset, or name none");
        }
    }

    private static String describe(AdapterLayout layout) {
        return layout + " for " + layout.shape();
    }

    /** Alpha is the trainer's choice and no part of a preset's architecture. */
    private boolean matches(GeneratorConfig otherConfig, AdapterLayout other) {
        return config.equals(otherConfig)
                && layout.rank() == other.rank()
                && layout.chunk() == other.chunk()
                && layout.modules().equals(other.modules())
                && layout.form() == other.form()
                && layout.shape().takesAdaptersOf(other.shape());
    }
}
