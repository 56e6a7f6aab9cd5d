package org.dndllm.synth;

import java.nio.file.Path;
import java.util.List;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufWriter;

/**
 * The image encoder and projector of Qwen2.5-VL ("mmproj") with random weights as a GGUF file: keys, tensor names and types as
 * llama.cpp's converter writes them, plus {@code dnd.synthetic = true}. What a model sees through it is noise, but it sees
 * different things in different images.
 *
 * @param layers blocks of the encoder
 * @param embed features of the encoder
 * @param heads attention heads; a head has a multiple of 4 features
 * @param inner features between the projections of its MLPs
 * @param patch pixels along a side of a patch; 14 in Qwen2.5-VL
 * @param window every so many blocks attention covers the whole image, in the others 112 x 112 pixels
 * @param hidden features of the language model
 */
public record SyntheticProjector(int layers, int embed, int heads, int inner, int patch, int window, int hidden) {
    private static final float SMALL = 0.02f;
    private static final int MERGED = 4; // patches in a token

    /** Writes the file, whole or not at all. The same measures and seed give the same bytes on every machine. */
    public void write(Path gguf, long seed) {
        writer(seed).write(gguf);
    }

    /** The file before it is written. */
    GgufWriter writer(long seed) {
        GgufWriter writer = new GgufWriter()
                .put("general.architecture", "clip")
                .put("general.type", "mmproj")
                .put("general.name", "synthetic")
                .putBool("dnd.synthetic", true)
                .putUint64("dnd.synthetic.seed", seed)
                .putUint32("general.file_type", 1)
                .putBool("clip.has_vision_encoder", true)
                .putUint32("clip.vision.projection_dim", hidden)
                .putUint32("clip.vision.image_size", 560)
                .putUint32("clip.vision.patch_size", patch)
                .putUint32("clip.vision.embedding_length", embed)
                .putUint32("clip.vision.feed_forward_length", inner)
                .putUint32("clip.vision.block_count", layers)
                .putUint32("clip.vision.attention.head_count", heads)
                .putFloats("clip.vision.image_mean", new float[] {0.48145466f, 0.4578275f, 0.40821073f})
                .putFloats("clip.vision.image_std", new float[] {0.26862954f, 0.26130258f, 0.27577711f})
                .put("clip.projector_type", "qwen2.5vl_merger")
                .putBool("clip.use_silu", true)
                .putUint32("clip.vision.n_wa_pattern", window)
                .putFloat32("clip.vision.attention.layer_norm_epsilon", 1e-6f);
        new Tensors(writer, seed).all();
        return writer;
    }

    /** Puts the tensors. */
    private final class Tensors {
        private final GgufWriter writer;
        private final long seed;

        private Tensors(GgufWriter writer, long seed) {
            this.writer = writer;
            this.seed = seed;
        }

        private void all() {
            for (String name : List.of("v.patch_embd.weight", "v.patch_embd.weight.1")) {
                random(
                        name,
                        GgmlType.F16,
                        0,
                        deviation(3 * patch * patch),
                        List.of((long) patch, (long) patch, 3L, (long) embed));
            }
            for (int layer = 0; layer < layers; layer++) {
                String block = "v.blk." + layer + ".";
                norm(block + "ln1");
                for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_out")) {
                    linear(block + name, embed, embed);
                }
                norm(block + "ln2");
                linear(block + "ffn_gate", embed, inner);
                linear(block + "ffn_up", embed, inner);
                linear(block + "ffn_down", inner, embed);
            }
            norm("v.post_ln");
            linear("mm.0", MERGED * embed, MERGED * embed);
            linear("mm.2", MERGED * embed, hidden);
        }

        private void linear(String name, int in, int out) {
            random(name + ".weight", GgmlType.F16, 0, deviation(in), List.of((long) in, (long) out));
            random(name + ".bias", GgmlType.F32, 0, SMALL, List.of((long) out));
        }

        private void norm(String name) {
            random(name + ".weight", GgmlType.F32, 1, SMALL, List.of((long) embed));
        }

        private void random(String name, GgmlType type, float mean, float deviation, List<Long> dims) {
            writer.tensor(name, type, dims, RandomTensor.of(seed, name, type, mean, deviation));
        }

        private static float deviation(int inputs) {
            return (float) (1 / Math.sqrt(inputs));
        }
    }
}
