package org.dndllm.train.torch;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.InvalidInputException;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.SafetensorsWriter;

/**
 * Adam with decoupled weight decay (Loshchilov, Hutter: arXiv 1711.05101 algorithm 2, with bias correction), step for step
 * {@code torch::optim::AdamW}. Written in tensor operations over all parameters at once because LibTorch's own does not
 * show its moments from Java, and an exact checkpoint needs them.
 */
public final class AdamW implements AutoCloseable {
    private static final String FIRST = "first_moment";
    private static final String SECOND = "second_moment";
    private static final String STEPS = "steps";
    /** In the denominator of the clipping factor, as {@code torch::nn::utils::clip_grad_norm_} has it. */
    private static final double CLIP_EPSILON = 1e-6;

    private final Parameters parameters;
    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private final double weightDecay;
    private final Tensor first; // [P]
    private final Tensor second; // [P]
    private long steps;

    /** The usual settings but for the weight decay: betas 0.9 and 0.999, epsilon 1e-8. */
    public AdamW(Parameters parameters, double weightDecay) {
        this(parameters, 0.9, 0.999, 1e-8, weightDecay);
    }

    /** The usual settings but for the weight decay and the decay of the second moment. */
    public AdamW(Parameters parameters, double weightDecay, double beta2) {
        this(parameters, 0.9, beta2, 1e-8, weightDecay);
    }

    public AdamW(Parameters parameters, double beta1, double beta2, double epsilon, double weightDecay) {
        this.parameters = parameters;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.weightDecay = weightDecay;
        try (PointerScope scope = new PointerScope()) {
            first = Tensors.keep(
                    Tensors.zeros(parameters.device(), parameters.values().numel()));
            second = Tensors.keep(
                    Tensors.zeros(parameters.device(), parameters.values().numel()));
        }
    }

    /**
     * Scales all gradients down so that their common norm is at most {@code most}.
     *
     * @param most 0 for no limit
     * @return the norm before; not finite when a gradient is not, and then nothing is scaled
     */
    public double clip(double most) {
        try (PointerScope scope = new PointerScope()) {
            double norm = parameters.gradients().norm().item_float();
            if (most > 0 && norm > most && Double.isFinite(norm)) {
                parameters.gradients().mul_(new Scalar(most / (norm + CLIP_EPSILON)));
            }
            return norm;
        }
    }

    /** Moves the parameters against their gradients. */
    public void step(double learningRate) {
        steps++;
        double correction1 = 1 - Math.pow(beta1, steps);
        double correction2 = 1 - Math.pow(beta2, steps);
        try (PointerScope scope = new PointerScope()) {
            Tensor values = parameters.values();
            Tensor gradients = parameters.gradients();
            if (weightDecay != 0 && parameters.decayed() > 0) {
                values.narrow(0, 0, parameters.decayed()).mul_(new Scalar(1 - learningRate * weightDecay));
            }
            first.lerp_(gradients, new Scalar(1 - beta1));
            second.mul_(new Scalar(beta2)).addcmul_(gradients, gradients, new Scalar(1 - beta2));
            Tensor denominator = second.sqrt().div_(new Scalar(Math.sqrt(correction2)));
            denominator.add_(new Scalar(epsilon));
            values.addcdiv_(first, denominator, new Scalar(-learningRate / correction1));
        }
    }

    /** Sets all gradients to zero. */
    public void zeroGradients() {
        parameters.gradients().zero_();
    }

    /** Writes the moments as a safetensors file. */
    public void save(Path file) {
        try (PointerScope scope = new PointerScope()) {
            SafetensorsWriter.write(
                    file,
                    List.of(Tensors.view(FIRST, first), Tensors.view(SECOND, second)),
                    Map.of(STEPS, Long.toString(steps)));
        }
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @throws InvalidInputException when it does not belong to these parameters
     */
    public void load(Path file) {
        try (SafetensorsFile stored = SafetensorsFile.open(file);
                PointerScope scope = new PointerScope()) {
            for (Map.Entry<String, Tensor> moment :
                    Map.of(FIRST, first, SECOND, second).entrySet()) {
                var view = stored.tensor(moment.getKey());
                long expected = moment.getValue().numel();
                if (view.elements() != expected) {
                    throw new InvalidInputException(
                            file.toString(),
                            moment.getKey(),
                            "has " + view.elements() + " elements, expected " + expected + "; wrong folder?");
                }
                moment.getValue().copy_(Tensors.of(FloatSources.of(view), TorchDevice.CPU, expected));
            }
            steps = steps(file, stored.metadata().getOrDefault(STEPS, ""));
        }
    }

    private static long steps(Path file, String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new InvalidInputException(file.toString(), STEPS, "'" + text + "' is not a number of steps", e);
        }
    }

    @Override
    public void close() {
        Tensors.release(first);
        Tensors.release(second);
    }
}
