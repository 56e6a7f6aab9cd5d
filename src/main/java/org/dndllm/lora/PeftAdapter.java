package org.dndllm.lora;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.DType;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;
import org.jspecify.annotations.Nullable;

/**
 * LoRA adapters as Hugging Face PEFT ships them: a folder with {@code adapter_model.safetensors} and {@code
 * adapter_config.json}. Reading and writing are exact in the stored type.
 *
 * <p>Refused with the reason: everything that is more than pairs A, B (DoRA, biases, replaced modules, changed base
 * weights), and but for {@link #readMixed} patterns of ranks and alphas. rsLoRA is read as the equal alpha over r.
 */
public final class PeftAdapter {
    /** The tensors' file in an adapter folder. */
    public static final String WEIGHTS_FILE = "adapter_model.safetensors";
    /** The configuration's file in an adapter folder. */
    public static final String CONFIG_FILE = "adapter_config.json";

    private static final int MAX_CONFIG_BYTES = 1 << 24; // lists of module paths grow long

    private PeftAdapter() {}

    private static final class Pair {
        float @Nullable [] a;

        float @Nullable [] b;
    }

    /**
     * Reads an adapter for a base model of that shape. The tensors decide which modules and layers are touched; the
     * weights' type is their common one, F32 when they differ.
     *
     * @throws InvalidInputException naming file and field or tensor
     */
    public static LoraWeights read(Path folder, BaseShape shape) {
        PeftConfig config = PeftConfig.read(json(folder));
        try (SafetensorsFile file = open(folder)) {
            Content content = content(file, config, shape);
            return LoraWeights.of(
                    shape,
                    config.rank(),
                    config.alpha(),
                    content.dtype(),
                    content.pairs().stream().map(MixedLora.Scaled::pair).toList());
        }
    }

    /**
     * Reads an adapter whose modules may differ in rank and alpha ({@code rank_pattern}, {@code alpha_pattern}); otherwise
     * as {@link #read}.
     *
     * @throws InvalidInputException naming file and field or tensor
     */
    public static MixedLora readMixed(Path folder, BaseShape shape) {
        PeftConfig config = PeftConfig.readMixed(json(folder));
        try (SafetensorsFile file = open(folder)) {
            Content content = content(file, config, shape);
            config.scales().requireAllUsed();
            return MixedLora.of(shape, content.dtype(), content.pairs());
        }
    }

    /**
     * Checks all that can be checked without a base model: the configuration, and of every tensor its name, its other
     * half, its rank, its type and that its values are finite. Whether layers and features are those of a base model
     * only {@link #read} can say.
     *
     * @throws InvalidInputException naming file and field or tensor
     */
    public static void check(Path folder) {
        PeftConfig config = PeftConfig.read(json(folder));
        try (SafetensorsFile file = open(folder)) {
            content(file, config, null);
        }
    }

    /**
     * Checks as {@link #check}, also where modules differ in rank and alpha, and says which have which.
     *
     * @throws InvalidInputException naming file and field or tensor
     */
    public static PeftSummary summary(Path folder) {
        PeftConfig config = PeftConfig.readMixed(json(folder));
        try (SafetensorsFile file = open(folder)) {
            Map<MixedLora.Scale, List<ModuleName>> modules = new LinkedHashMap<>();
            for (MixedLora.Scaled each : content(file, config, null).pairs()) {
                modules.computeIfAbsent(each.scale(), scale -> new ArrayList<>())
                        .add(new ModuleName(each.pair().layer(), each.pair().module()));
            }
            config.scales().requireAllUsed();
            List<PeftSummary.Group> groups = new ArrayList<>();
            modules.forEach((scale, names) -> groups.add(new PeftSummary.Group(
                    scale.rank(),
                    scale.alpha(),
                    names.stream().sorted(ModuleName.ORDER).toList())));
            return new PeftSummary(groups);
        }
    }

    private static SafetensorsFile open(Path folder) {
        Path weights = folder.resolve(WEIGHTS_FILE);
        if (!Files.exists(weights) && Files.exists(folder.resolve("adapter_model.bin"))) {
            throw new InvalidInputException(
                    folder.resolve("adapter_model.bin").toString(),
                    "file",
                    "is a pickle; save the adapter again with safe_serialization, which writes " + WEIGHTS_FILE);
        }
        return SafetensorsFile.open(weights);
    }

    /**
     * Writes an adapter as a new folder, whole or not at all.
     *
     * @param extraConfig members for {@code adapter_config.json} that replace or join the usual ones, such as {@code
     *     base_model_name_or_path}
     * @throws InvalidInputException when the folder exists
     */
    public static void write(Path folder, LoraWeights weights, Map<String, ?> extraConfig) {
        AtomicFile.writeFolder(folder, inside -> fill(inside, weights, extraConfig), false);
    }

    /** Writes an adapter's two files into an existing folder; for callers that add files of their own beside them. */
    public static void fill(Path folder, LoraWeights weights, Map<String, ?> extraConfig) {
        List<TensorView> tensors = new ArrayList<>(2 * weights.tensors().size());
        long rank = weights.rank();
        for (LoraTensor pair : weights.tensors()) {
            long in = weights.shape().in(pair.module());
            long out = weights.shape().out(pair.module());
            tensors.add(TensorView.ofFloats(PeftKey.of(pair, 'A'), weights.dtype(), List.of(rank, in), pair.a()));
            tensors.add(TensorView.ofFloats(PeftKey.of(pair, 'B'), weights.dtype(), List.of(out, rank), pair.b()));
        }
        SafetensorsWriter.write(folder.resolve(WEIGHTS_FILE), tensors, Map.of("format", "pt"));
        AtomicFile.writeString(folder.resolve(CONFIG_FILE), JsonWriter.write(PeftConfig.write(weights, extraConfig)));
    }

    private static JsonValue.Obj json(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(
                    folder.toString(), "folder", "is not a folder; name the one that holds " + CONFIG_FILE);
        }
        Path file = folder.resolve(CONFIG_FILE);
        try {
            if (Files.size(file) > MAX_CONFIG_BYTES) {
                throw new InvalidInputException(
                        file.toString(), "file", "is larger than 16 MiB; expected a PEFT config");
            }
            return JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
        } catch (NoSuchFileException e) {
            throw new InvalidInputException(
                    file.toString(), "file", "does not exist; a PEFT adapter needs it beside " + WEIGHTS_FILE, e);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read: " + e.getMessage(), e);
        }
    }

    /** The pairs of a file and their common type. */
    private record Content(List<MixedLora.Scaled> pairs, DType dtype) {}

    /** Checks without {@code shape} leave layers and features open. */
    private static Content content(SafetensorsFile file, PeftConfig config, @Nullable BaseShape shape) {
        Map<String, Pair> pairs = new TreeMap<>();
        Map<PeftKey, MixedLora.Scale> scales = new LinkedHashMap<>(); // by the first key of each pair
        @Nullable DType common = null;
        for (String name : file.names()) {
            PeftKey key = PeftKey.parse(name, file.source());
            TensorView tensor = file.tensor(name);
            MixedLora.Scale scale = config.scales().of(name);
            requireSound(file.source(), tensor, key, scale.rank(), shape);
            common = common == null || common == tensor.dtype() ? tensor.dtype() : DType.F32;
            String label = LoraTensor.label(key.layer(), key.module());
            Pair pair = pairs.computeIfAbsent(label, missing -> {
                scales.put(key, scale);
                return new Pair();
            });
            put(file.source(), name, key, pair, tensor.toFloats());
        }
        if (common == null) {
            throw new InvalidInputException(
                    file.source(), "tensors", "there are none; the adapter would change nothing");
        }
        List<MixedLora.Scaled> joined = new ArrayList<>(scales.size());
        scales.forEach((key, scale) -> joined.add(new MixedLora.Scaled(join(file.source(), key, pairs), scale)));
        return new Content(joined, common);
    }

    private static void put(String source, String name, PeftKey key, Pair pair, float[] values) {
        if ((key.isA() ? pair.a : pair.b) != null) {
            throw new InvalidInputException(
                    source, name, "is a second tensor for the same matrix; the file holds more than one adapter");
        }
        int bad = Finite.firstBad(values);
        if (bad >= 0) {
            throw new InvalidInputException(
                    source, name, "value " + bad + " is " + values[bad] + "; expected finite numbers");
        }
        if (key.isA()) {
            pair.a = values;
        } else {
            pair.b = values;
        }
    }

    private static LoraTensor join(String source, PeftKey key, Map<String, Pair> pairs) {
        String label = LoraTensor.label(key.layer(), key.module());
        Pair pair = pairs.get(label);
        if (pair == null || pair.a == null || pair.b == null) {
            String missing = pair != null && pair.a == null ? "lora_A" : "lora_B";
            throw new InvalidInputException(source, label + " " + missing, "is missing beside its other half");
        }
        return new LoraTensor(key.layer(), key.module(), pair.a, pair.b);
    }

    private static void requireSound(
            String source, TensorView tensor, PeftKey key, long rank, @Nullable BaseShape shape) {
        if (shape != null && key.layer() >= shape.layers()) {
            throw new InvalidInputException(
                    source, tensor.name(), "the base model has only " + shape.layers() + " layers; wrong base model?");
        }
        switch (tensor.dtype()) {
            case F32, F16, BF16 -> {}
            default ->
                throw new InvalidInputException(
                        source, tensor.name(), "is of type " + tensor.dtype() + "; expected F32, F16 or BF16");
        }
        if (shape == null) {
            requireRank(source, tensor, key, rank);
            return;
        }
        List<Long> expected = key.isA()
                ? List.of(rank, (long) shape.in(key.module()))
                : List.of((long) shape.out(key.module()), rank);
        if (!tensor.shape().equals(expected)) {
            throw new InvalidInputException(
                    source,
                    tensor.name(),
                    "has shape " + tensor.shape() + "; the base model and r ask for " + expected
                            + "; wrong base model?");
        }
    }

    /** A is [r, in], B is [out, r]. */
    private static void requireRank(String source, TensorView tensor, PeftKey key, long rank) {
        List<Long> shape = tensor.shape();
        if (shape.size() != 2 || shape.get(key.isA() ? 0 : 1) != rank) {
            throw new InvalidInputException(
                    source,
                    tensor.name(),
                    "has shape " + shape + "; expected " + (key.isA() ? "[r, in]" : "[out, r]") + " with r = " + rank);
        }
    }
}
