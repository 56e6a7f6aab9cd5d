package org.dndllm.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.dndllm.NativeFailureException;
import org.dndllm.onnx.SessionOptions.Optimization;
import org.dndllm.onnx.SessionOptions.Provider;

/**
 * A model loaded into ONNX Runtime. Any number of threads may run it; {@link #close} waits for them. The opener closes
 * it; closing twice is harmless, any use afterwards is an {@link IllegalStateException}.
 */
public final class OnnxSession implements AutoCloseable {
    private final Path model;
    private final SessionLoader.Loaded loaded;
    private final OrtSession session;
    private final Map<String, ValueShape> inputs;
    private final Map<String, ValueShape> outputs;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock(); // runs read, close writes
    private boolean closed;

    private OnnxSession(Path model, SessionLoader.Loaded loaded) throws OrtException {
        this.model = model;
        this.loaded = loaded;
        this.session = loaded.session();
        this.inputs = shapes(session.getInputInfo());
        this.outputs = shapes(session.getOutputInfo());
    }

    /**
     * Loads a model and, beside it, its external data.
     *
     * @throws org.dndllm.InvalidInputException when the file is missing or no model that ONNX Runtime accepts
     * @throws org.dndllm.EnvironmentException when ONNX Runtime or a forced provider cannot be used here
     */
    public static OnnxSession open(Path model, SessionOptions options) {
        SessionLoader.Loaded loaded = SessionLoader.load(model, options);
        try {
            return new OnnxSession(model, loaded);
        } catch (OrtException e) {
            throw new NativeFailureException(model + ": ONNX Runtime cannot describe the model: " + e.getMessage(), e);
        }
    }

    /** The provider in use: CPU or CUDA. */
    public Provider provider() {
        return loaded.provider();
    }

    /** The provider in use and why, in one line for a log. */
    public String providerReport() {
        return loaded.report();
    }

    /** The optimisation level in use, never {@link Optimization#AUTO}. */
    public Optimization optimization() {
        return loaded.optimization();
    }

    /** Inputs in the model's order. */
    public Map<String, ValueShape> inputs() {
        return inputs;
    }

    /** Outputs in the model's order. */
    public Map<String, ValueShape> outputs() {
        return outputs;
    }

    /**
     * Runs the model once.
     *
     * @param values exactly the model's inputs
     * @return all outputs, in the model's order, as copies that belong to the caller
     * @throws IllegalArgumentException when names, types or shapes are not those of {@link #inputs}
     * @throws NativeFailureException when ONNX Runtime fails, for instance for lack of memory
     */
    public Map<String, OnnxTensorValue> run(Map<String, OnnxTensorValue> values) {
        return run(values, Map.of());
    }

    /**
     * Runs the model once; some outputs go straight to where the caller wants them.
     *
     * @param places native memory for outputs of fixed shape, by name, each of exactly the output's bytes; filled
     *     row-major, little-endian, in the output's own type
     * @return the other outputs, as {@link #run(Map)} gives them
     * @throws IllegalArgumentException also when a place does not fit its output
     */
    public Map<String, OnnxTensorValue> run(Map<String, OnnxTensorValue> values, Map<String, MemorySegment> places) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("OnnxSession of " + model + " is closed");
            }
            check(values);
            places.forEach(this::check);
            return execute(values, places);
        } catch (OrtException e) {
            throw new NativeFailureException(
                    model + ": ONNX Runtime failed on " + loaded.provider() + ": " + e.getMessage()
                            + ". Check free memory, or try the other provider",
                    e);
        } finally {
            lock.readLock().unlock();
        }
    }

    private Map<String, OnnxTensorValue> execute(Map<String, OnnxTensorValue> values, Map<String, MemorySegment> places)
            throws OrtException {
        try (Arena memory =
                Arena.ofConfined()) { // of the inputs: gone with this run, and not when garbage is collected
            return execute(values, places, memory);
        }
    }

    private Map<String, OnnxTensorValue> execute(
            Map<String, OnnxTensorValue> values, Map<String, MemorySegment> places, Arena memory) throws OrtException {
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        Map<String, OnnxTensor> pinned = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, OnnxTensorValue> value : values.entrySet()) {
                ValueShape shape = Objects.requireNonNull(inputs.get(value.getKey()));
                tensors.put(value.getKey(), TensorCopies.toNative(shape, value.getValue(), memory));
            }
            for (Map.Entry<String, MemorySegment> place : places.entrySet()) {
                ValueShape shape = Objects.requireNonNull(outputs.get(place.getKey()));
                pinned.put(place.getKey(), TensorCopies.over(shape, place.getValue()));
            }
            Set<String> others = new LinkedHashSet<>(outputs.keySet());
            others.removeAll(places.keySet());
            try (OrtSession.Result result = session.run(tensors, others, pinned)) {
                Map<String, OnnxTensorValue> copies = new LinkedHashMap<>();
                for (var output : result) {
                    if (others.contains(output.getKey())) {
                        copies.put(output.getKey(), TensorCopies.fromNative(output.getKey(), output.getValue()));
                    }
                }
                return Collections.unmodifiableMap(copies);
            }
        } finally {
            tensors.values().forEach(OnnxTensor::close);
            pinned.values().forEach(OnnxTensor::close);
            Reference.reachabilityFence(places);
        }
    }

    private void check(String name, MemorySegment place) {
        ValueShape output = outputs.get(name);
        if (output == null || output.bytes() < 0 || output.bytes() != place.byteSize() || !place.isNative()) {
            throw new IllegalArgumentException(model + ": " + place.byteSize() + " bytes of "
                    + (place.isNative() ? "native" : "heap") + " memory are no place for output " + name
                    + "; the outputs are " + outputs.values());
        }
    }

    private void check(Map<String, OnnxTensorValue> values) {
        if (!values.keySet().equals(inputs.keySet())) {
            throw new IllegalArgumentException(
                    model + " takes the inputs " + inputs.keySet() + ", not " + values.keySet());
        }
        // In the model's order, so that the same mistake always gives the same message.
        inputs.forEach((name, expected) -> {
            OnnxTensorValue value = Objects.requireNonNull(values.get(name));
            if (!expected.accepts(value.shape())) {
                throw new IllegalArgumentException(
                        model + ": input " + name + " is " + expected.dims() + ", not " + value.shape());
            }
        });
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                session.close();
            }
        } catch (OrtException e) {
            throw new NativeFailureException(model + ": session cannot be closed: " + e.getMessage(), e);
        } finally {
            lock.writeLock().unlock();
        }
    }

    private static Map<String, ValueShape> shapes(Map<String, NodeInfo> infos) {
        Map<String, ValueShape> shapes = new LinkedHashMap<>();
        infos.forEach((name, info) -> {
            if (info.getInfo() instanceof TensorInfo tensor) {
                shapes.put(
                        name,
                        new ValueShape(
                                name,
                                tensor.type.name(),
                                Arrays.stream(tensor.getShape()).boxed().toList()));
            } else {
                shapes.put(name, new ValueShape(name, "not a tensor", List.of()));
            }
        });
        return Collections.unmodifiableMap(shapes);
    }
}
