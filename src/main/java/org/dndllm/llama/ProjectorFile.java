package org.dndllm.llama;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufArray;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.GgufType;
import org.dndllm.format.GgufValue;
import org.dndllm.lora.BaseShape;

/**
 * The image encoder and projector of Qwen2.5-VL as a GGUF file ("mmproj"), checked in Java before libmtmd opens it: that
 * library asserts on keys of another type, divides by what it is told, and follows missing tensors to address 0. Source:
 * {@code tools/mtmd/clip.cpp: load_hparams, load_tensors}, {@code models/qwen2vl.cpp}.
 *
 * @param patch pixels along a side of a patch; a token is 2 x 2 patches
 * @param layers blocks of the encoder
 * @param embed features of the encoder
 * @param inner features between the projections of its MLPs
 */
record ProjectorFile(int patch, int layers, int embed, int inner) {
    static final String PROJECTOR = "qwen2.5vl_merger";

    private static final String V = "clip.vision.";
    /** Graphs of more layers do not fit into the 8192 nodes that the library reserves; Qwen2.5-VL has 32. */
    private static final int MOST_LAYERS = 128;

    private static final int MOST_FEATURES = 1 << 16;
    /** The library computes windows of 112 pixels in units of two patches, and would never end at none. */
    private static final int MOST_PATCH = 56;

    /** Keys that the library reads whatever the projector, with the one type that it takes. */
    private static final Map<String, GgufType> OPTIONAL = Map.of(
            "general.name",
            GgufType.STRING,
            "general.description",
            GgufType.STRING,
            "clip.has_audio_encoder",
            GgufType.BOOL,
            "clip.has_gen_audio_encoder",
            GgufType.BOOL,
            "clip.use_gelu",
            GgufType.BOOL,
            "clip.use_silu",
            GgufType.BOOL,
            V + "spatial_merge_size",
            GgufType.UINT32,
            V + "attention.head_count_kv",
            GgufType.UINT32,
            V + "attention.head_dim",
            GgufType.UINT32);

    /** Keys of other projectors that the library also reads here; nothing of Qwen2.5-VL has them. */
    private static final List<String> FOREIGN = List.of(
            V + "feature_layer",
            V + "image_grid_pinpoints",
            V + "mm_patch_merge_type",
            "clip.minicpmv_version",
            "clip.minicpmv_query_num");

    /**
     * Checks a file against the model that it is to serve.
     *
     * @throws InvalidInputException naming the key or tensor at fault, or the model if it reads no images
     */
    static ProjectorFile check(Path path, String model, BaseShape shape) {
        if (shape.architecture().equals(BaseShape.QWEN2_VL) == false) {
            throw new InvalidInputException(
                    model,
                    "general.architecture",
                    "is " + shape.architecture() + ", a model of text alone, so it cannot use " + path
                            + "; choose a Qwen2.5-VL model (qwen2vl)");
        }
        try (GgufFile file = GgufFile.open(path)) {
            if (file.parts().size() > 1) {
                throw bad(file, "split.count", "is " + file.parts().size() + "; join the parts, expected one file");
            }
            Keys keys = new Keys(file);
            keys.kind();
            ProjectorFile projector = keys.measures(shape.hidden());
            projector.tensors(file, shape.hidden());
            return projector;
        }
    }

    private static InvalidInputException bad(GgufFile file, String key, String problem) {
        return new InvalidInputException(file.source(), key, problem);
    }

    /** The metadata of one file. */
    private record Keys(GgufFile file) {
        void kind() {
            expect("general.architecture", "clip", "this is no image encoder (mmproj)");
            for (Map.Entry<String, GgufType> key : OPTIONAL.entrySet()) {
                if (file.find(key.getKey()).isPresent()) {
                    value(key.getKey(), key.getValue());
                }
            }
            for (String key : FOREIGN) {
                if (file.find(key).isPresent()) {
                    throw bad(file, key, "belongs to another projector; choose the mmproj file of a Qwen2.5-VL model");
                }
            }
            value("clip.has_vision_encoder", GgufType.BOOL);
            if (file.bool("clip.has_vision_encoder") == false) {
                throw bad(file, "clip.has_vision_encoder", "is false; choose an mmproj file for images");
            }
            for (String key : List.of("clip.has_audio_encoder", "clip.has_gen_audio_encoder")) {
                if (file.findBool(key).orElse(false)) {
                    throw bad(file, key, "is true; sound is not supported, choose the mmproj file of Qwen2.5-VL");
                }
            }
            if (file.findBool("clip.use_gelu").orElse(false)
                    || file.findBool("clip.use_silu").orElse(false) == false) {
                throw bad(file, "clip.use_silu", "must be true and clip.use_gelu not, as Qwen2.5-VL has it");
            }
            String general = "clip.projector_type";
            expect(
                    file.find(general).isPresent() ? general : V + "projector_type",
                    PROJECTOR,
                    "only Qwen2.5-VL is supported");
        }

        private void expect(String key, String expected, String reason) {
            value(key, GgufType.STRING);
            if (file.string(key).equals(expected) == false) {
                throw bad(file, key, "is '" + file.string(key) + "', expected " + expected + ": " + reason);
            }
        }

        ProjectorFile measures(int hidden) {
            int embed = number("embedding_length", 8, MOST_FEATURES);
            int heads = number("attention.head_count", 1, embed);
            // rotary positions turn four quarters of a head
            if (embed % heads != 0 || embed / heads % 4 != 0) {
                throw bad(
                        file,
                        V + "attention.head_count",
                        "is " + heads + ", which does not cut " + embed + " features into heads of a multiple of 4");
            }
            same("attention.head_count_kv", heads);
            same("attention.head_dim", embed / heads);
            same("spatial_merge_size", 2);
            int projected = number("projection_dim", 1, MOST_FEATURES);
            if (projected != hidden) {
                throw bad(
                        file,
                        V + "projection_dim",
                        "is " + projected + ", but the model has " + hidden
                                + " features; take model and mmproj of one release");
            }
            // read, checked by the library, and of no use to images of any size
            number("image_size", 1, 8192);
            int layers = number("block_count", 1, MOST_LAYERS);
            number("n_wa_pattern", 1, MOST_LAYERS);
            real("attention.layer_norm_epsilon");
            colours("image_mean");
            colours("image_std");
            return new ProjectorFile(
                    number("patch_size", 2, MOST_PATCH),
                    layers,
                    embed,
                    number("feed_forward_length", 1, MOST_FEATURES));
        }

        private GgufValue value(String key, GgufType type) {
            GgufValue value = file.find(key)
                    .orElseThrow(() -> bad(file, key, "is missing; choose the mmproj file of a Qwen2.5-VL model"));
            if (value.type() != type) {
                throw bad(file, key, "is of type " + value.type() + "; expected " + type + ", convert the file again");
            }
            return value;
        }

        private int number(String name, int least, int most) {
            long number = value(V + name, GgufType.UINT32).asLong(file.source(), V + name);
            if (number < least || number > most) {
                throw bad(file, V + name, "is " + number + "; expected " + least + " to " + most);
            }
            return (int) number;
        }

        private void same(String name, int expected) {
            file.findInteger(V + name).ifPresent(found -> {
                if (found != expected) {
                    throw bad(file, V + name, "is " + found + "; expected " + expected);
                }
            });
        }

        private void real(String name) {
            double value = value(V + name, GgufType.FLOAT32).asDouble(file.source(), V + name);
            if (!(value >= 0 && value < 1)) {
                throw bad(file, V + name, "is " + value + "; expected 0 or more, below 1");
            }
        }

        private void colours(String name) {
            GgufArray array = value(V + name, GgufType.ARRAY).asArray(file.source(), V + name);
            boolean divides = name.equals("image_std");
            boolean fits = array.elementType() == GgufType.FLOAT32 && array.size() == 3;
            for (int i = 0; fits && i < 3; i++) {
                float value = array.floats()[i];
                fits = Float.isFinite(value) && (value > 0 || divides == false);
            }
            if (fits == false) {
                throw bad(
                        file,
                        V + name,
                        "must be three finite FLOAT32 numbers, one for each colour" + (divides ? ", above 0" : ""));
            }
        }
    }

    /** Every tensor that the graph follows, and none beyond: the library would use others it knows as well. */
    private void tensors(GgufFile file, int hidden) {
        TensorChecks checks = new TensorChecks(file, "a complete mmproj file of Qwen2.5-VL");
        Set<String> expected = new HashSet<>();
        for (String name : List.of("v.patch_embd.weight", "v.patch_embd.weight.1")) {
            expected.add(name);
            GgmlType type = checks.tensor(name, List.of((long) patch, (long) patch, 3L, (long) embed))
                    .type();
            if (type != GgmlType.F32 && type != GgmlType.F16) {
                throw bad(file, name, "is of type " + type + "; expected F32 or F16, which convolutions need");
            }
        }
        for (int layer = 0; layer < layers; layer++) {
            String block = "v.blk." + layer + ".";
            for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_out")) {
                linear(checks, expected, block + name, embed, embed);
            }
            linear(checks, expected, block + "ffn_gate", embed, inner);
            linear(checks, expected, block + "ffn_up", embed, inner);
            linear(checks, expected, block + "ffn_down", inner, embed);
            norm(checks, expected, block + "ln1");
            norm(checks, expected, block + "ln2");
        }
        norm(checks, expected, "v.post_ln");
        linear(checks, expected, "mm.0", 4 * embed, 4 * embed);
        linear(checks, expected, "mm.2", 4 * embed, hidden);
        file.tensors().stream()
                .map(GgufTensor::name)
                .filter(name -> expected.contains(name) == false)
                .findFirst()
                .ifPresent(name -> {
                    throw bad(file, name, "is no tensor of Qwen2.5-VL's image encoder; convert the file again");
                });
    }

    private static void linear(TensorChecks checks, Set<String> expected, String name, int in, int out) {
        expected.addAll(List.of(name + ".weight", name + ".bias"));
        checks.matrix(name + ".weight", in, out);
        checks.vector(name + ".bias", out);
    }

    private void norm(TensorChecks checks, Set<String> expected, String name) {
        expected.add(name + ".weight");
        checks.vector(name + ".weight", embed);
    }
}
