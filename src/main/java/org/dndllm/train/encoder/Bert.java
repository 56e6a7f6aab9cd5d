package org.dndllm.train.encoder;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.encoder.BertConfig;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * The forward pass of BERT, differentiable: the mathematics and the Hugging Face names of {@link
 * org.dndllm.encoder.BertGraph}. Letters: B rows, L positions, C channels, H heads, D channels of a head. The parameters are
 * the caller's.
 */
final class Bert {
    static final String WORDS = "embeddings.word_embeddings.weight";
    /** Floors as in sentence-transformers' Pooling and Normalize modules. */
    private static final double MIN_COUNT = 1e-9;

    private static final double MIN_NORM = 1e-12;

    private final BertConfig config;
    private final Parameters parameters;

    /** @param parameters hold at least those of {@link #specs} */
    Bert(BertConfig config, Parameters parameters) {
        this.config = config;
        this.parameters = parameters;
    }

    /** All weights of an encoder of that shape. */
    static List<Parameters.Spec> specs(BertConfig config) {
        List<Parameters.Spec> specs = new ArrayList<>();
        config.tensorShapes().forEach((name, shape) -> specs.add(new Parameters.Spec(name, shape, shape.size() > 1)));
        return specs;
    }

    TorchDevice device() {
        return parameters.device();
    }

    /** The last state of every position, padding included: [B, L, C]. */
    Tensor states(IdBatch batch) {
        Tensor x = embeddings(batch.ids());
        Tensor keys = keys(batch);
        for (int layer = 0; layer < config.layers(); layer++) {
            x = layer("encoder.layer." + layer + ".", x, keys);
        }
        return x;
    }

    /** States of real tokens as numbers, for each text [length, C] row-major. */
    List<float[]> states(List<int[]> texts, int padId) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard frozen = new NoGradGuard()) {
            IdBatch made = IdBatch.of(texts, padId, device());
            float[] all = Tensors.floats(states(made));
            int row = Math.toIntExact(made.ids().size(1)) * config.hidden();
            List<float[]> states = new ArrayList<>(texts.size());
            for (int i = 0; i < texts.size(); i++) {
                states.add(Arrays.copyOfRange(all, i * row, i * row + texts.get(i).length * config.hidden()));
            }
            return states;
        }
    }

    /** Mean of the states of real tokens, at unit length: [B, C]. */
    static Tensor embeddings(Tensor states, IdBatch batch) {
        Tensor weights = batch.mask().unsqueeze(2); // [B, L, 1]
        Tensor sum = states.mul(weights).sum(1);
        Tensor count = weights.sum(1).clamp_min(new Scalar(MIN_COUNT));
        Tensor mean = sum.div(count);
        Tensor norm = mean.mul(mean).sum(1).unsqueeze(1).sqrt().clamp_min(new Scalar(MIN_NORM));
        return mean.div(norm);
    }

    /** What is added to the scores of keys, 0 or the lowest float for padding: [B, 1, 1, L]. */
    static Tensor keys(IdBatch batch) {
        Tensor bias = batch.mask().sub(new Scalar(1.0)).mul(new Scalar(Float.MAX_VALUE));
        return bias.unsqueeze(1).unsqueeze(1);
    }

    private Tensor embeddings(Tensor ids) {
        long length = ids.size(1);
        Tensor words = torch.embedding(parameters.get(WORDS), ids);
        Tensor type = parameters.get("embeddings.token_type_embeddings.weight").select(0, 0); // [C]
        Tensor positions =
                parameters.get("embeddings.position_embeddings.weight").narrow(0, 0, length); // [L, C]
        return norm("embeddings.LayerNorm", words.add(type).add(positions));
    }

    private Tensor layer(String at, Tensor x, Tensor keys) {
        Tensor attended = dense(at + "attention.output.dense", attention(at + "attention.self.", x, keys));
        Tensor y = norm(at + "attention.output.LayerNorm", attended.add(x));
        Tensor inner = torch.gelu(dense(at + "intermediate.dense", y));
        return norm(at + "output.LayerNorm", dense(at + "output.dense", inner).add(y));
    }

    private Tensor attention(String at, Tensor x, Tensor keys) {
        return attention(at, x, x, new TensorOptional(keys), false);
    }

    /**
     * softmax(q k / sqrt(D) + bias) v of every head: [B, L, C].
     *
     * @param x [B, L, C] asks
     * @param source [B, M, C] is looked at
     * @param bias of the scores
     * @param causal whether a position sees no later one
     */
    Tensor attention(String at, Tensor x, Tensor source, TensorOptional bias, boolean causal) {
        Tensor mixed = torch.scaled_dot_product_attention(
                heads(dense(at + "query", x)),
                heads(dense(at + "key", source)),
                heads(dense(at + "value", source)),
                bias,
                0,
                causal,
                new DoubleOptional(),
                false); // [B, H, L, D]
        return mixed.transpose(1, 2).reshape(x.size(0), x.size(1), config.hidden());
    }

    private Tensor heads(Tensor x) {
        return x.view(x.size(0), x.size(1), config.heads(), config.headWidth()).transpose(1, 2);
    }

    /** W x + bias of one of the named dense modules. */
    Tensor dense(String name, Tensor x) {
        return torch.linear(x, parameters.get(name + ".weight"), parameters.get(name + ".bias"));
    }

    /** One of the named layer norms. */
    Tensor norm(String name, Tensor x) {
        return torch.layer_norm(
                x,
                new long[] {config.hidden()},
                new TensorOptional(parameters.get(name + ".weight")),
                new TensorOptional(parameters.get(name + ".bias")),
                config.layerNormEps(),
                false);
    }
}
