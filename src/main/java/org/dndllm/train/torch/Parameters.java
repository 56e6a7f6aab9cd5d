package org.dndllm.train.torch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.InvalidInputException;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;

/**
 * Named float32 parameters that are trained. They lie one after another in a single tensor, and so do their gradients: an
 * optimiser step, the norm of all gradients and setting them to zero are a few operations each, however many parameters
 * there are. Autograd adds into the gradients in place.
 *
 * <p>Used by one thread at a time. Whoever makes it closes it; the tensors end with it.
 */
public final class Parameters implements AutoCloseable {
    /** Floats to a cache line: parameters begin at such a boundary, gaps stay zero. */
    private static final long ALIGNMENT = 16;

    private final TorchDevice device;
    private final Map<String, Tensor> leaves = new LinkedHashMap<>();
    private final Tensor values; // [P] all parameters, the decayed ones first
    private final Tensor gradients; // [P]
    private final long decayed;
    private final long count;
    private boolean closed;

    /**
     * One parameter.
     *
     * @param name unique
     * @param shape extents, outermost first
     * @param decay whether weight decay applies; not for norms and biases
     */
    public record Spec(String name, List<Long> shape, boolean decay) {
        public Spec {
            shape = List.copyOf(shape);
        }

        public static Spec of(String name, boolean decay, long... shape) {
            return new Spec(name, java.util.Arrays.stream(shape).boxed().toList(), decay);
        }

        long elements() {
            return shape.stream().reduce(1L, Math::multiplyExact);
        }

        private long room() {
            return Math.ceilDiv(elements(), ALIGNMENT) * ALIGNMENT;
        }

        private long[] extents() {
            return shape.stream().mapToLong(Long::longValue).toArray();
        }
    }

    /** Parameters of these shapes, all zero. */
    public Parameters(List<Spec> specs, TorchDevice device) {
        LibTorch.require();
        this.device = device;
        long[] room = new long[2];
        long elements = 0;
        for (Spec spec : specs) {
            room[spec.decay() ? 0 : 1] += spec.room();
            elements += spec.elements();
        }
        decayed = room[0];
        count = elements;
        try (PointerScope scope = new PointerScope()) {
            values = Tensors.keep(Tensors.zeros(device, room[0] + room[1]));
            gradients = Tensors.keep(Tensors.zeros(device, room[0] + room[1]));
            long[] at = {0, decayed};
            for (Spec spec : specs) {
                int group = spec.decay() ? 0 : 1;
                if (leaves.containsKey(spec.name())) {
                    throw new IllegalArgumentException("two parameters are called " + spec.name());
                }
                leaves.put(spec.name(), leaf(spec, at[group]));
                at[group] += spec.room();
            }
        }
    }

    private Tensor leaf(Spec spec, long at) {
        Tensor leaf = values.narrow(0, at, spec.elements()).view(spec.extents()).detach();
        leaf.set_requires_grad(true); // the returned alias owns nothing and is dropped
        Tensor gradient = gradients.narrow(0, at, spec.elements()).view(spec.extents());
        leaf.mutable_grad().put(gradient);
        return Tensors.keep(leaf);
    }

    /** Where they live. */
    public TorchDevice device() {
        return device;
    }

    /** All names, in the order given. */
    public Set<String> names() {
        return java.util.Collections.unmodifiableSet(leaves.keySet());
    }

    /** How many numbers are trained. */
    public long count() {
        return count;
    }

    /** A parameter as a leaf of the graph; owned by this object. */
    public Tensor get(String name) {
        requireOpen();
        Tensor leaf = leaves.get(name);
        if (leaf == null) {
            throw new IllegalArgumentException("no parameter is called " + name);
        }
        return leaf;
    }

    /** Sets one parameter, row-major. */
    public void set(String name, float[] numbers) {
        Tensor leaf = get(name);
        try (PointerScope scope = new PointerScope()) {
            Tensors.copy(numbers, leaf.detach());
        }
    }

    /** A copy of one parameter, row-major. */
    public float[] floats(String name) {
        Tensor leaf = get(name);
        try (PointerScope scope = new PointerScope()) {
            return Tensors.floats(leaf);
        }
    }

    /** All parameters and the gaps between them, [P]; changing it changes them. */
    public Tensor values() {
        requireOpen();
        return values;
    }

    /** The gradient of {@link #values()}, [P]. */
    public Tensor gradients() {
        requireOpen();
        return gradients;
    }

    /** How many numbers at the beginning of {@link #values()} weight decay applies to. */
    long decayed() {
        return decayed;
    }

    /** Norm of each parameter's gradient. */
    public Map<String, Float> gradientNorms() {
        requireOpen();
        Map<String, Float> norms = new LinkedHashMap<>();
        try (PointerScope scope = new PointerScope()) {
            leaves.forEach((name, leaf) -> norms.put(name, leaf.grad().norm().item_float()));
        }
        return norms;
    }

    /** Writes all parameters under their names as a safetensors file, whole or not at all. */
    public void save(Path file, Map<String, String> metadata) {
        requireOpen();
        try (PointerScope scope = new PointerScope()) {
            List<TensorView> views = new ArrayList<>();
            leaves.forEach((name, leaf) -> views.add(Tensors.view(name, leaf)));
            SafetensorsWriter.write(file, views, metadata);
        }
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @throws InvalidInputException when names or shapes differ from these parameters'
     */
    public void load(Path file) {
        requireOpen();
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            if (!Set.copyOf(stored.names()).equals(leaves.keySet())) {
                throw new InvalidInputException(
                        file.toString(), "tensors", "are not the parameters of this training run; wrong folder?");
            }
            for (Map.Entry<String, Tensor> entry : leaves.entrySet()) {
                read(file, stored.tensor(entry.getKey()), entry.getValue());
            }
        }
    }

    private static void read(Path file, TensorView view, Tensor leaf) {
        List<Long> shape = java.util.Arrays.stream(leaf.shape()).boxed().toList();
        if (!view.shape().equals(shape)) {
            throw new InvalidInputException(
                    file.toString(), view.name(), "has shape " + view.shape() + ", expected " + shape);
        }
        try (PointerScope scope = new PointerScope()) {
            leaf.detach().copy_(Tensors.of(FloatSources.of(view), TorchDevice.CPU, leaf.shape()));
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("Parameters are closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            leaves.values().forEach(Tensors::release);
            Tensors.release(values);
            Tensors.release(gradients);
        }
    }
}
