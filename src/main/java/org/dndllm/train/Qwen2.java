package org.dndllm.train;

import java.util.Optional;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.TargetModule;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * The forward pass of a Qwen2 decoder with LoRA in front of any of its linear modules; differentiable in whichever weights
 * ask for gradients. Letters: B rows, T positions, H hidden, n heads, m key-value heads, d features of a head, V tokens, M
 * places that count, G groups.
 *
 * <p>Sources: {@code modeling_qwen2.py} of transformers (order of operations, rotation of halves), arXiv 2106.09685 for
 * LoRA. Checked against llama.cpp's logits. The weights are the caller's and must outlive this object.
 */
public final class Qwen2 implements AutoCloseable {
    private final Qwen2Config config;
    private final Function<String, Tensor> weights;
    private final TorchDevice device;
    private Tensor cosines; // [positions, d]
    private Tensor sines; // [positions, d]
    private int positions;

    private Qwen2(Qwen2Config config, Function<String, Tensor> weights, TorchDevice device) {
        this.config = config;
        this.weights = weights;
        this.device = device;
        this.positions = 64;
        try (PointerScope scope = new PointerScope()) {
            cosines = Tensors.keep(angles(positions, Math::cos));
            sines = Tensors.keep(angles(positions, Math::sin));
        }
    }

    /** A frozen base model. */
    public static Qwen2 of(BaseWeights weights, TorchDevice device) {
        return new Qwen2(weights.config(), weights::get, device);
    }

    /** A base model that is itself trained; the parameters have the Hugging Face names of all its weights. */
    public static Qwen2 of(Qwen2Config config, Parameters parameters) {
        return new Qwen2(config, parameters::get, parameters.device());
    }

    /** Shape and settings. */
    public Qwen2Config config() {
        return config;
    }

    /** Where it runs. */
    public TorchDevice device() {
        return device;
    }

    /** Mean cross-entropy over the tokens that count: a scalar with its graph. */
    public Tensor loss(TokenBatch batch, AdapterTensors adapter) {
        return torch.cross_entropy(answerLogits(batch, adapter), batch.targets());
    }

    /** Logits at the places that count: [M, V]. */
    public Tensor answerLogits(TokenBatch batch, AdapterTensors adapter) {
        Tensor hidden = hidden(batch.tokens(), batch.groups(), adapter); // [B, T, H]
        Tensor flat = hidden.reshape(-1, config.shape().hidden());
        return logits(flat.index_select(0, batch.positions()));
    }

    /** From final states [.., H] to logits [.., V]. */
    public Tensor logits(Tensor hidden) {
        String output = config.shape().tiedEmbeddings() ? Qwen2Names.EMBEDDING : Qwen2Names.OUTPUT;
        return torch.linear(hidden, weights.apply(output));
    }

    /**
     * The states after the last norm: [B, T, H].
     *
     * @param tokens [B, T] int64
     * @param groups G, divides B; matters for adapters that come in batches
     */
    public Tensor hidden(Tensor tokens, int groups, AdapterTensors adapter) {
        int length = (int) tokens.size(1);
        growTables(length);
        Tensor cos = cosines.narrow(0, 0, length); // [T, d]
        Tensor sin = sines.narrow(0, 0, length);
        Tensor x = torch.embedding(weights.apply(Qwen2Names.EMBEDDING), tokens); // [B, T, H]
        for (int layer = 0; layer < config.shape().layers(); layer++) {
            Linear linear = new Linear(layer, groups, adapter);
            x = x.add(attention(norm(x, layer, "input_layernorm.weight"), linear, cos, sin));
            x = x.add(mlp(norm(x, layer, "post_attention_layernorm.weight"), linear));
        }
        return norm(x, weights.apply(Qwen2Names.FINAL_NORM));
    }

    private Tensor norm(Tensor x, int layer, String name) {
        return norm(x, weights.apply(Qwen2Names.layer(layer, name)));
    }

    private Tensor norm(Tensor x, Tensor weight) {
        return torch.rms_norm(
                x,
                new long[] {config.shape().hidden()},
                new TensorOptional(weight),
                new DoubleOptional(config.rmsEpsilon()));
    }

    private Tensor attention(Tensor x, Linear linear, Tensor cos, Tensor sin) {
        BaseShape shape = config.shape();
        Tensor q = rotate(heads(linear.apply(x, TargetModule.Q_PROJ), shape.heads()), cos, sin); // [B, n, T, d]
        Tensor k = rotate(heads(linear.apply(x, TargetModule.K_PROJ), shape.kvHeads()), cos, sin); // [B, m, T, d]
        Tensor v = heads(linear.apply(x, TargetModule.V_PROJ), shape.kvHeads());
        Tensor mixed = torch.scaled_dot_product_attention(
                q, repeated(k), repeated(v), new TensorOptional(), 0, true, new DoubleOptional(), false);
        long width = (long) shape.heads() * shape.headDim();
        Tensor joined = mixed.transpose(1, 2).reshape(x.size(0), x.size(1), width);
        return linear.apply(joined, TargetModule.O_PROJ);
    }

    private Tensor mlp(Tensor x, Linear linear) {
        Tensor gate = torch.silu(linear.apply(x, TargetModule.GATE_PROJ));
        return linear.apply(gate.mul(linear.apply(x, TargetModule.UP_PROJ)), TargetModule.DOWN_PROJ);
    }

    private Tensor heads(Tensor x, int heads) {
        return x.view(x.size(0), x.size(1), heads, config.shape().headDim()).transpose(1, 2);
    }

    /** Each key-value head serves n / m neighbouring query heads: [B, m, T, d] to [B, n, T, d]. */
    private Tensor repeated(Tensor x) {
        BaseShape shape = config.shape();
        int share = shape.heads() / shape.kvHeads();
        if (share == 1) {
            return x;
        }
        return x.unsqueeze(2)
                .expand(x.size(0), shape.kvHeads(), share, x.size(2), shape.headDim())
                .reshape(x.size(0), shape.heads(), x.size(2), shape.headDim());
    }

    /** Rotary positions on halves: pairs are (i, i + d/2). */
    private Tensor rotate(Tensor x, Tensor cos, Tensor sin) {
        long half = config.shape().headDim() / 2;
        Tensor turned = torch.cat(new TensorVector(x.narrow(3, half, half).neg(), x.narrow(3, 0, half)), 3);
        return x.mul(cos).add(turned.mul(sin));
    }

    /** The linear modules of one layer, each with its share of the adapter. */
    private final class Linear {
        private final int layer;
        private final int groups;
        private final AdapterTensors adapter;

        Linear(int layer, int groups, AdapterTensors adapter) {
            this.layer = layer;
            this.groups = groups;
            this.adapter = adapter;
        }

        /** W x + bias + scale * B (A x): [B, T, in] to [B, T, out]. */
        Tensor apply(Tensor x, TargetModule module) {
            Tensor weight = weights.apply(Qwen2Names.weight(layer, module));
            Tensor y = Qwen2Names.biased(module)
                    ? torch.linear(x, weight, weights.apply(Qwen2Names.bias(layer, module)))
                    : torch.linear(x, weight);
            Optional<AdapterTensors.Pair> pair = adapter.at(layer, module);
            return pair.isEmpty() ? y : y.add(delta(x, pair.get()), new Scalar(adapter.scale()));
        }

        private Tensor delta(Tensor x, AdapterTensors.Pair pair) {
            Tensor input = adapter.dropout() > 0 ? torch.dropout(x, adapter.dropout(), true) : x;
            if (pair.a().dim() == 2) {
                return torch.linear(torch.linear(input, pair.a()), pair.b());
            }
            long rows = x.size(0) / groups * x.size(1); // S * T
            Tensor grouped = input.reshape(groups, rows, x.size(2)); // [G, S * T, in]
            Tensor inner = torch.bmm(grouped, pair.a().transpose(1, 2)); // [G, S * T, r]
            Tensor outer = torch.bmm(inner, pair.b().transpose(1, 2)); // [G, S * T, out]
            return outer.reshape(x.size(0), x.size(1), outer.size(2));
        }
    }

    private void growTables(int length) {
        if (length > positions) {
            int wanted = Math.max(length, 2 * positions);
            try (PointerScope scope = new PointerScope()) {
                Tensor moreCosines = Tensors.keep(angles(wanted, Math::cos));
                Tensor moreSines = Tensors.keep(angles(wanted, Math::sin));
                Tensors.release(cosines);
                Tensors.release(sines);
                cosines = moreCosines;
                sines = moreSines;
            }
            positions = wanted;
        }
    }

    /** [positions, d]: a function of position * base^(-2i/d), the same for both halves. */
    private Tensor angles(int count, java.util.function.DoubleUnaryOperator function) {
        int width = config.shape().headDim();
        int half = width / 2;
        float[] table = new float[count * width];
        for (int i = 0; i < half; i++) {
            double frequency = Math.pow(config.ropeBase(), -2.0 * i / width);
            for (int position = 0; position < count; position++) {
                float value = (float) function.applyAsDouble(position * frequency);
                table[position * width + i] = value;
                table[position * width + half + i] = value;
            }
        }
        return Tensors.of(table, device, count, width);
    }

    @Override
    public void close() {
        Tensors.release(cosines);
        Tensors.release(sines);
    }
}
