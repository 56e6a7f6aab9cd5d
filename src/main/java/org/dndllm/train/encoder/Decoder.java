package org.dndllm.train.encoder;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.encoder.BertConfig;
import org.dndllm.train.torch.Parameters;

/**
 * The second half of an encoder-decoder: writes a text from the encoder's states, word by word (arXiv 1910.13461 §2.1, of
 * the encoder's own shape). It shares the encoder's words and is thrown away after training. Letters as in {@link Bert}; T
 * positions of what is written.
 */
final class Decoder {
    private static final String POSITIONS = "embeddings.decoder_positions.weight";
    private static final String FIRST_NORM = "decoder.LayerNorm";
    private static final String BIAS = "decoder.bias";

    private final BertConfig config;
    private final Parameters parameters;
    private final Bert bert;

    /** @param parameters hold at least those of {@link #specs} and {@link Bert#specs} */
    Decoder(BertConfig config, Parameters parameters, Bert bert) {
        this.config = config;
        this.parameters = parameters;
        this.bert = bert;
    }

    /** All weights that the encoder does not have. */
    static List<Parameters.Spec> specs(BertConfig config) {
        int width = config.hidden();
        List<Parameters.Spec> specs = new ArrayList<>();
        specs.add(Parameters.Spec.of(POSITIONS, true, config.maxPositions(), width));
        norm(specs, FIRST_NORM, width);
        for (int layer = 0; layer < config.layers(); layer++) {
            String at = at(layer);
            for (String kind : List.of("self.", "cross.")) {
                for (String part : List.of("query", "key", "value", "output")) {
                    dense(specs, at + kind + part, width, width);
                }
                norm(specs, at + kind + "LayerNorm", width);
            }
            dense(specs, at + "intermediate", config.intermediate(), width);
            dense(specs, at + "output", width, config.intermediate());
            norm(specs, at + "output.LayerNorm", width);
        }
        specs.add(Parameters.Spec.of(BIAS, false, config.vocabulary()));
        return specs;
    }

    private static void dense(List<Parameters.Spec> specs, String name, int out, int in) {
        specs.add(Parameters.Spec.of(name + ".weight", true, out, in));
        specs.add(Parameters.Spec.of(name + ".bias", false, out));
    }

    private static void norm(List<Parameters.Spec> specs, String name, int width) {
        specs.add(Parameters.Spec.of(name + ".weight", false, width));
        specs.add(Parameters.Spec.of(name + ".bias", false, width));
    }

    private static String at(int layer) {
        return "decoder.layer." + layer + ".";
    }

    /**
     * Scores of the word that follows each position: [B * T, V].
     *
     * @param states of the encoder [B, L, C]
     * @param read what the encoder read
     * @param written [B, T] words so far; no position sees a later one
     */
    Tensor logits(Tensor states, IdBatch read, Tensor written) {
        Tensor keys = Bert.keys(read);
        Tensor words = torch.embedding(parameters.get(Bert.WORDS), written);
        Tensor positions = parameters.get(POSITIONS).narrow(0, 0, written.size(1)); // [T, C]
        Tensor x = bert.norm(FIRST_NORM, words.add(positions));
        for (int layer = 0; layer < config.layers(); layer++) {
            String at = at(layer);
            Tensor own = bert.attention(at + "self.", x, x, new TensorOptional(), true);
            x = bert.norm(at + "self.LayerNorm", x.add(bert.dense(at + "self.output", own)));
            Tensor seen = bert.attention(at + "cross.", x, states, new TensorOptional(keys), false);
            x = bert.norm(at + "cross.LayerNorm", x.add(bert.dense(at + "cross.output", seen)));
            Tensor inner = torch.gelu(bert.dense(at + "intermediate", x));
            x = bert.norm(at + "output.LayerNorm", x.add(bert.dense(at + "output", inner)));
        }
        return torch.linear(x.reshape(-1, config.hidden()), parameters.get(Bert.WORDS), parameters.get(BIAS));
    }
}
