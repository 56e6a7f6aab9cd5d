package org.dndllm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.JsonValue;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.TensorView;
import org.dndllm.train.torch.FloatSources;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * The frozen weights of a Qwen2 base model as float32 tensors under their Hugging Face names. Whoever loads them closes
 * them.
 */
public final class BaseWeights implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Qwen2Config config;
    private final Map<String, Tensor> tensors;
    private boolean closed;

    private BaseWeights(Qwen2Config config, Map<String, Tensor> tensors) {
        this.config = config;
        this.tensors = tensors;
    }

    /**
     * Loads a {@code .gguf} file (F32, F16, BF16, Q8_0) or a Hugging Face folder (config.json with safetensors).
     *
     * @throws InvalidInputException naming the file and what is wrong with it
     */
    public static BaseWeights load(Path model, TorchDevice device) {
        return Files.isDirectory(model) ? huggingFace(model, device) : gguf(model, device);
    }

    /** Finds a weight by its Hugging Face name. */
    @FunctionalInterface
    private interface Finder {
        Found find(String name);
    }

    /** @param shape outermost first */
    private record Found(List<Long> shape, Tensors.FloatSource numbers) {}

    private static BaseWeights gguf(Path file, TorchDevice device) {
        try (GgufFile model = GgufFile.open(file)) {
            return read(file.toString(), Qwen2Config.of(model), device, name -> {
                GgufTensor tensor = model.tensor(Qwen2Names.gguf(name))
                        .orElseThrow(() -> missing(file.toString(), Qwen2Names.gguf(name)));
                return new Found(tensor.dims().reversed(), FloatSources.of(tensor));
            });
        }
    }

    private static BaseWeights huggingFace(Path folder, TorchDevice device) {
        Qwen2Config config = Qwen2Config.of(folder.resolve("config.json"));
        List<SafetensorsFile> files = new ArrayList<>();
        try {
            Map<String, SafetensorsFile> places = new HashMap<>();
            for (Path path : shards(folder)) {
                SafetensorsFile file = SafetensorsFile.open(path);
                files.add(file);
                file.names().forEach(name -> places.put(name, file));
            }
            return read(folder.toString(), config, device, name -> {
                SafetensorsFile file = places.get(name);
                if (file == null) {
                    throw missing(folder.toString(), name);
                }
                TensorView view = file.tensor(name);
                return new Found(view.shape(), FloatSources.of(view));
            });
        } finally {
            files.forEach(SafetensorsFile::close);
        }
    }

    private static List<Path> shards(Path folder) {
        Path index = folder.resolve(INDEX);
        if (!Files.exists(index)) {
            return List.of(folder.resolve(SINGLE));
        }
        try {
            JsonValue.Obj map = JsonValue.parse(Files.readAllBytes(index), index.toString())
                    .asObject(index.toString())
                    .object("weight_map");
            TreeSet<String> names = new TreeSet<>();
            map.members().keySet().forEach(tensor -> names.add(map.string(tensor)));
            return names.stream()
                    .map(name -> folder.resolve(Path.of(name).getFileName()))
                    .toList();
        } catch (IOException e) {
            throw new InvalidInputException(index.toString(), "file", "cannot be read: " + e.getMessage(), e);
        }
    }

    private static BaseWeights read(String source, Qwen2Config config, TorchDevice device, Finder finder) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        BaseWeights weights = new BaseWeights(config, tensors);
        try {
            for (Parameters.Spec spec : Qwen2Names.specs(config.shape())) {
                Found found = finder.find(spec.name());
                if (!found.shape().equals(spec.shape())) {
                    throw new InvalidInputException(
                            source, spec.name(), "has shape " + found.shape() + ", expected " + spec.shape());
                }
                long[] extents =
                        spec.shape().stream().mapToLong(Long::longValue).toArray();
                try (PointerScope scope = new PointerScope()) {
                    tensors.put(spec.name(), Tensors.keep(Tensors.of(found.numbers(), device, extents)));
                }
            }
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static InvalidInputException missing(String source, String name) {
        return new InvalidInputException(source, name, "is missing; choose a complete Qwen2 or Qwen2.5 model");
    }

    /** Shape and settings of the model. */
    public Qwen2Config config() {
        return config;
    }

    /** A weight by its Hugging Face name, [out, in] for matrices; owned by this object. */
    public Tensor get(String name) {
        if (closed) {
            throw new IllegalStateException("BaseWeights are closed");
        }
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no weight is called " + name + ", there are "
                    + Arrays.toString(tensors.keySet().toArray()));
        }
        return tensor;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            tensors.values().forEach(Tensors::release);
        }
    }
}
