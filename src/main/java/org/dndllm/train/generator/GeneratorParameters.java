package org.dndllm.train.generator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.WeightSource;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.TorchDevice;

/** A generator's weights as parameters that are trained, under their own names. */
final class GeneratorParameters {
    private GeneratorParameters() {}

    /**
     * Parameters with given initial values; the caller closes them. Weight decay applies to kernels and matrices, not to
     * norms, biases, gains and the base of the tokens.
     */
    static Parameters of(GeneratorConfig config, WeightSource initial, TorchDevice device) {
        List<Parameters.Spec> specs = new ArrayList<>();
        config.weightShapes().forEach((name, shape) -> specs.add(new Parameters.Spec(name, shape, decays(name))));
        Parameters parameters = new Parameters(specs, device);
        try {
            for (Parameters.Spec spec : specs) {
                long rows = spec.shape().getFirst();
                parameters.set(spec.name(), initial.rows(spec.name(), 0, rows).toFloats());
            }
            return parameters;
        } catch (RuntimeException e) {
            parameters.close();
            throw e;
        }
    }

    private static boolean decays(String name) {
        return !name.contains("norm.") && !name.endsWith("bias") && !name.startsWith("tokens.");
    }

    /** A copy of the values as they are, for the export. */
    static WeightSource copy(GeneratorConfig config, Parameters parameters) {
        Map<String, List<Long>> shapes = config.weightShapes();
        return WeightSource.of(name -> new TensorView(
                name,
                DType.F32,
                java.util.Objects.requireNonNull(shapes.get(name)),
                MemorySegment.ofArray(parameters.floats(name))));
    }
}
