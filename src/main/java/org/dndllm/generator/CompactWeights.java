package org.dndllm.generator;

import java.util.SplittableRandom;
import org.dndllm.InvalidInputException;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.ModuleTokens;
import org.dndllm.lora.TokenForm;

/**
 * What training of the compact family starts from: depthwise filters near the identity, pointwise maps and mixes with
 * PyTorch's default, and tokens that are a fresh LoRA: A random with variance 1 / in, B zero but for the part of the
 * blocks' output that {@code tokens.gain} lets through.
 */
final class CompactWeights extends SeededWeights {
    private static final float GAIN = 0.1f;
    private static final float DEPTHWISE_DEVIATION = 0.1f;

    private final float[] tokenBounds; // [T]

    CompactWeights(CompactConfig config, AdapterLayout layout, long seed) {
        super(config.weightShapes(), seed);
        Stage tokens = config.tokens();
        if (tokens.n() != layout.tokens() || tokens.l() != layout.rows() || tokens.c() != layout.columns()) {
            throw new InvalidInputException(
                    "<generator configuration>",
                    "stages",
                    "end with " + tokens + ", but the layout needs " + layout.tokens() + " tokens of " + layout.rows()
                            + " x " + layout.columns());
        }
        if (layout.form() != TokenForm.PLAIN) {
            throw new InvalidInputException(
                    "<generator configuration>",
                    "layout",
                    "has standardised tokens with a scale border; the compact family needs the plain form");
        }
        this.tokenBounds = new float[layout.tokens()];
        for (ModuleTokens module : layout.moduleTokens()) {
            float bound = (float) Math.sqrt(3.0 / layout.shape().in(module.module()));
            for (int t = module.firstA(); t < module.firstA() + module.countA(); t++) {
                tokenBounds[t] = bound;
            }
        }
    }

    @Override
    void fill(Row row, SplittableRandom random) {
        String name = row.name();
        if (name.contains("norm.")) {
            row.fill(name.endsWith(CompactNames.WEIGHT) ? 1 : 0);
        } else if (name.equals(CompactNames.QUERY)) {
            row.gaussian(random, (float) (1 / Math.sqrt(row.count())));
        } else if (name.equals(CompactNames.BASE)) {
            float bound = tokenBounds[Math.toIntExact(row.index())];
            if (bound > 0) {
                row.uniform(random, bound);
            }
        } else if (name.equals(CompactNames.GAIN)) {
            row.fill(GAIN);
        } else if (name.contains(".depthwise")) {
            row.gaussian(random, DEPTHWISE_DEVIATION);
            row.values()[row.start() + row.count() / 2]++;
        } else if (name.endsWith("mix.bias")) {
            row.uniform(random, boundOfFanIn(shape(name.replace(CompactNames.BIAS, CompactNames.WEIGHT))));
        } else if (name.endsWith(CompactNames.BIAS)) {
            row.fill(0);
        } else {
            row.uniform(random, boundOfFanIn(row.shape()));
        }
    }
}
