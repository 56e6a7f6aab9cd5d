package org.dndllm.train;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.format.DType;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.TorchDevice;

/**
 * One LoRA adapter as trainable parameters. A is uniform within 1/sqrt(in), as PEFT initialises it (Kaiming with a =
 * sqrt(5)); B is zero, so the adapter changes nothing at first. Whoever makes it closes it.
 */
public final class LoraParameters implements AutoCloseable {
    private final BaseShape shape;
    private final LoraSettings settings;
    private final Parameters parameters;
    private final AdapterTensors adapter;

    /**
     * A fresh adapter.
     *
     * @param initSeed of A; adapters that are to be comparable share it
     */
    public LoraParameters(BaseShape shape, LoraSettings settings, long initSeed, TorchDevice device) {
        this.shape = shape;
        this.settings = settings;
        this.parameters = new Parameters(specs(shape, settings), device);
        this.adapter = adapter();
        adapter.pairs().keySet().forEach(site -> parameters.set(name(site, 'A'), initial(site, initSeed)));
    }

    /** Parameters that begin at an existing adapter's values. */
    public static LoraParameters of(LoraWeights weights, double dropout, TorchDevice device) {
        LoraSettings settings = new LoraSettings(weights.rank(), weights.alpha(), weights.modules(), dropout);
        LoraParameters made = new LoraParameters(weights.shape(), settings, 0, device);
        for (AdapterTensors.Site site : made.adapter.pairs().keySet()) {
            made.parameters.set(
                    name(site, 'A'), new float[settings.rank() * weights.shape().in(site.module())]);
        }
        for (LoraTensor pair : weights.tensors()) {
            AdapterTensors.Site site = new AdapterTensors.Site(pair.layer(), pair.module());
            made.parameters.set(name(site, 'A'), pair.a());
            made.parameters.set(name(site, 'B'), pair.b());
        }
        return made;
    }

    /** What is trained. */
    public Parameters parameters() {
        return parameters;
    }

    /** The pairs for a forward pass, with the settings' dropout; owned by this object. */
    public AdapterTensors tensors() {
        return adapter;
    }

    /**
     * A copy of the values as an adapter.
     *
     * @param dtype F32, F16 or BF16; narrower types round
     */
    public LoraWeights weights(DType dtype) {
        List<LoraTensor> tensors = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : settings.modules()) {
                AdapterTensors.Site site = new AdapterTensors.Site(layer, module);
                tensors.add(new LoraTensor(
                        layer,
                        module,
                        parameters.floats(name(site, 'A')), // [r, in]
                        parameters.floats(name(site, 'B')))); // [out, r]
            }
        }
        return LoraWeights.of(shape, settings.rank(), settings.alpha(), DType.F32, tensors)
                .withDtype(dtype);
    }

    private static List<Parameters.Spec> specs(BaseShape shape, LoraSettings settings) {
        List<Parameters.Spec> specs = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : settings.modules()) {
                AdapterTensors.Site site = new AdapterTensors.Site(layer, module);
                specs.add(Parameters.Spec.of(name(site, 'A'), true, settings.rank(), shape.in(module)));
                specs.add(Parameters.Spec.of(name(site, 'B'), true, shape.out(module), settings.rank()));
            }
        }
        return specs;
    }

    private AdapterTensors adapter() {
        Map<AdapterTensors.Site, AdapterTensors.Pair> pairs = new HashMap<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : settings.modules()) {
                AdapterTensors.Site site = new AdapterTensors.Site(layer, module);
                pairs.put(
                        site,
                        new AdapterTensors.Pair(parameters.get(name(site, 'A')), parameters.get(name(site, 'B'))));
            }
        }
        return new AdapterTensors(pairs, settings.scale(), settings.dropout());
    }

    private float[] initial(AdapterTensors.Site site, long seed) {
        int in = shape.in(site.module());
        Random random = new Random(Seeds.mix(seed, site.layer(), site.module().ordinal()));
        double bound = 1 / Math.sqrt(in);
        float[] a = new float[settings.rank() * in];
        for (int i = 0; i < a.length; i++) {
            a[i] = (float) ((2 * random.nextDouble() - 1) * bound);
        }
        return a;
    }

    private static String name(AdapterTensors.Site site, char matrix) {
        return "layers." + site.layer() + "." + site.module().hfPath() + ".lora_" + matrix;
    }

    @Override
    public void close() {
        parameters.close();
    }
}
