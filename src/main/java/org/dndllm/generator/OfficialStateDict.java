package org.dndllm.generator;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;
import org.dndllm.format.TorchArchive;

/**
 * The state dict that the official training scripts save: the weights of the paper's decoder, for long texts those of the
 * "SuperLarge" projections, and beside them the weights of the loss ({@code criterion_weight}, not needed any more) and
 * possibly the sentence encoder ({@code condition_module.*}). Names may carry the {@code module.} that PyTorch's DDP puts in
 * front of all of them. The file is mapped; no value is read before it is asked for.
 *
 * <p>Source: official code, commit 60e2192, {@code model/decoderonly.py}. Threads may share it; the opener closes it, after
 * which its weights must not be used.
 */
public final class OfficialStateDict implements AutoCloseable {
    private static final String DDP = "module.";
    private static final String ENCODER = "condition_module.";
    private static final String LOSS_WEIGHTS = "criterion_weight";
    private static final Set<DType> FLOATS = Set.of(DType.F32, DType.F16, DType.BF16, DType.F64);
    private static final int SHOWN = 3;

    private final TorchArchive archive;
    private final Map<String, TensorView> decoder = new LinkedHashMap<>();
    private final Map<String, TensorView> encoder = new LinkedHashMap<>();

    private OfficialStateDict(TorchArchive archive) {
        this.archive = archive;
        boolean ddp = archive.tensors().keySet().stream().anyMatch(name -> name.startsWith(DDP));
        archive.tensors().forEach((saved, tensor) -> {
            String name = ddp ? withoutDdp(saved) : saved;
            if (name.startsWith(ENCODER)) {
                String plain = name.substring(ENCODER.length());
                encoder.put(plain, tensor.withName(plain));
            } else if (!name.equals(LOSS_WEIGHTS)) {
                decoder.put(name, tensor.withName(name));
            }
        });
        requirePlainDict();
    }

    /**
     * Maps a {@code .pth} file and sorts its tensors by name.
     *
     * @throws InvalidInputException when it is no state dict of {@code torch.save}, holds code, or mixes names with and
     *     without {@code module.}
     */
    public static OfficialStateDict open(Path file) {
        TorchArchive archive = TorchArchive.open(file);
        try {
            return new OfficialStateDict(archive);
        } catch (Throwable failure) {
            archive.close();
            throw failure;
        }
    }

    private String withoutDdp(String name) {
        if (!name.startsWith(DDP)) {
            throw fault(name, "does not begin with module., as other names here do; expected all names to, or none");
        }
        return name.substring(DDP.length());
    }

    private void requirePlainDict() {
        if (!(archive.root() instanceof Map<?, ?> root)) {
            throw fault("data.pkl", "is no dict; expected a state dict, as model.state_dict() gives it");
        }
        root.forEach((name, value) -> {
            if (!(value instanceof TensorView)) {
                throw fault(
                        String.valueOf(name),
                        "is no tensor; expected a plain state dict: save checkpoint['state_dict'] or the like alone");
            }
        });
    }

    /**
     * The configuration that the shapes of the weights imply.
     *
     * @throws InvalidInputException naming a weight without which they imply none
     */
    public PaperConfig config() {
        if (decoder.keySet().stream().noneMatch(name -> name.startsWith(WeightNames.LAYERS))) {
            throw fault(
                    WeightNames.layer(0),
                    "is not there; the file holds " + someOf(archive.tensors().keySet())
                            + ", expected the state dict of an official generator");
        }
        return new StateDictStages(decoder, source()).config();
    }

    /**
     * The weights of a generator of that configuration, of whatever float type they have here; a value that is not finite
     * is refused when it is read.
     *
     * @throws InvalidInputException naming a weight that is missing, of another shape or type, or not the configuration's
     */
    public WeightSource weights(PaperConfig config) {
        Map<String, List<Long>> shapes = config.weightShapes();
        Set<String> surplus = new TreeSet<>(decoder.keySet());
        surplus.removeAll(shapes.keySet());
        shapes.forEach((name, shape) -> requireWeight(name, shape, surplus));
        if (!surplus.isEmpty()) {
            throw fault(
                    surplus.iterator().next(),
                    "is one of " + surplus.size() + " entries that a generator of this configuration does not have: "
                            + someOf(surplus) + "; expected its " + shapes.size()
                            + " weights, condition_module.* and criterion_weight alone");
        }
        return new FiniteWeights(WeightSource.of(decoder, source()), source());
    }

    private void requireWeight(String name, List<Long> shape, Set<String> surplus) {
        TensorView tensor = decoder.get(name);
        if (tensor == null) {
            throw fault(
                    name,
                    "is missing; expected all weights of the generator in one file"
                            + (surplus.isEmpty() ? "" : " (it also has " + someOf(surplus) + ")"));
        }
        if (!tensor.shape().equals(shape)) {
            throw fault(
                    name,
                    "has shape " + tensor.shape() + ", expected " + shape
                            + "; take the configuration that the weights were trained with");
        }
        if (!FLOATS.contains(tensor.dtype())) {
            throw fault(name, "is " + tensor.dtype() + ", expected F32, F16, BF16 or F64");
        }
    }

    /** The sentence encoder's weights by their Hugging Face names; empty when it was not saved along. */
    public Map<String, TensorView> encoder() {
        return Map.copyOf(encoder);
    }

    /** The element types of the generator's weights, for reports: usually one. */
    public String types() {
        return decoder.values().stream()
                .map(tensor -> tensor.dtype().name())
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
    }

    /** The file's path, as errors spell it. */
    public String source() {
        return archive.source();
    }

    private static String someOf(Set<String> names) {
        String some = names.stream().limit(SHOWN).collect(Collectors.joining(", "));
        return names.isEmpty() ? "nothing" : names.size() > SHOWN ? some + ", ..." : some;
    }

    private InvalidInputException fault(String field, String problem) {
        return new InvalidInputException(source(), field, problem);
    }

    /** Unmaps the file. Idempotent. */
    @Override
    public void close() {
        archive.close();
    }
}
