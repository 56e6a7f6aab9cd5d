package org.dndllm.encoder;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.onnx.ValueShape;

/**
 * The graph of an encoder behind one set of names: ours, or a published {@code model.onnx} whose inputs and outputs are
 * spelled in one of several ways. What a graph does not pool itself is pooled here.
 */
final class EncoderSession implements AutoCloseable {
    private static final String TYPE_IDS = "token_type_ids";
    private static final List<String> STATE_NAMES =
            List.of(BertGraph.STATES, "last_hidden_state", "token_embeddings", "hidden_states");

    private final OnnxSession onnx;
    private final String statesName;
    private final Optional<String> embeddingName;
    private final int width;
    private final Pooling pooling;

    private EncoderSession(
            OnnxSession onnx, String statesName, Optional<String> embeddingName, int width, Pooling pooling) {
        this.onnx = onnx;
        this.statesName = statesName;
        this.embeddingName = embeddingName;
        this.width = width;
        this.pooling = pooling;
    }

    /** Takes the session over: it is closed here, also when the graph turns out to be no encoder. */
    static EncoderSession of(OnnxSession onnx, Path source, int width, Pooling pooling) {
        try {
            for (ValueShape input : onnx.inputs().values()) {
                checkInput(input, source);
            }
            String states = STATE_NAMES.stream()
                    .filter(onnx.outputs()::containsKey)
                    .findFirst()
                    .orElseThrow(() -> new InvalidInputException(
                            source.toString(),
                            "outputs",
                            "are " + onnx.outputs().keySet() + "; expected token states under one of the names "
                                    + STATE_NAMES + "."));
            checkStates(Objects.requireNonNull(onnx.outputs().get(states)), source, width);
            // A foreign sentence_embedding may or may not be normalised: only our own graph's is taken as it comes.
            Optional<String> embedding = Optional.of(BertGraph.EMBEDDING).filter(onnx.outputs()::containsKey);
            return new EncoderSession(onnx, states, embedding, width, pooling);
        } catch (RuntimeException e) {
            onnx.close();
            throw e;
        }
    }

    private static void checkInput(ValueShape input, Path source) {
        boolean known =
                List.of(BertGraph.INPUT_IDS, BertGraph.ATTENTION_MASK, TYPE_IDS).contains(input.name());
        if (!known || input.dims().size() != 2 || !input.type().startsWith("INT")) {
            throw new InvalidInputException(
                    source.toString(),
                    "input " + input.name(),
                    "is " + input.type() + input.dims()
                            + "; expected integer [N, L] inputs input_ids, attention_mask and,"
                            + " where the model has it, token_type_ids.");
        }
    }

    private static void checkStates(ValueShape states, Path source, int width) {
        List<Long> dims = states.dims();
        boolean widthFits = dims.size() == 3 && (dims.get(2) == width || dims.get(2) < 0);
        if (!widthFits) {
            throw new InvalidInputException(
                    source.toString(),
                    "output " + states.name(),
                    "has shape " + dims + "; config.json implies [N, L, " + width + "].");
        }
    }

    int width() {
        return width;
    }

    SessionOptions.Provider provider() {
        return onnx.provider();
    }

    String providerReport() {
        return onnx.providerReport();
    }

    /**
     * Encodes rows {@code first .. first + count} of the tokens, seen as rows of {@code length} ids, into the same rows of
     * {@code target} [rows, length, C].
     */
    void states(TokenBatch tokens, int first, int count, int length, float[] target) {
        int from = first * length;
        int to = (first + count) * length;
        long[] ids = Arrays.copyOfRange(tokens.ids(), from, to);
        long[] mask = Arrays.copyOfRange(tokens.mask(), from, to);
        float[] states = statesOf(run(ids, mask, count, length), count, length);
        System.arraycopy(states, 0, target, from * width, states.length);
    }

    /**
     * Encodes the first {@code read} ids of some rows of the tokens, seen as rows of {@code length} ids, into the same places
     * of {@code target} [rows, length, C].
     */
    void states(TokenBatch tokens, int[] rows, int read, int length, float[] target) {
        long[] ids = new long[rows.length * read];
        long[] mask = new long[ids.length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(tokens.ids(), rows[i] * length, ids, i * read, read);
            System.arraycopy(tokens.mask(), rows[i] * length, mask, i * read, read);
        }
        float[] states = statesOf(run(ids, mask, rows.length, read), rows.length, read);
        for (int i = 0; i < rows.length; i++) {
            int real = 0;
            while (real < read && mask[i * read + real] == 1) {
                real++;
            }
            System.arraycopy(states, i * read * width, target, rows[i] * length * width, real * width);
        }
    }

    /** Pooled vectors of unit length, [N][C]. */
    float[][] embeddings(TokenBatch batch) {
        Map<String, OnnxTensorValue> out = run(batch.ids(), batch.mask(), batch.texts(), batch.length());
        float[][] vectors = new float[batch.texts()][];
        if (embeddingName.isPresent()) {
            float[] flat = Objects.requireNonNull(out.get(embeddingName.get())).floats();
            for (int n = 0; n < vectors.length; n++) {
                vectors[n] = Arrays.copyOfRange(flat, n * width, (n + 1) * width);
            }
            return vectors;
        }
        float[] states = statesOf(out, batch.texts(), batch.length());
        boolean[] mask = batch.realTokens();
        for (int n = 0; n < vectors.length; n++) {
            vectors[n] = Pooling.normalize(pooling.pool(states, n * batch.length(), mask, batch.length(), width));
        }
        return vectors;
    }

    private float[] statesOf(Map<String, OnnxTensorValue> outputs, int rows, int length) {
        OnnxTensorValue states = Objects.requireNonNull(outputs.get(statesName));
        List<Long> expected = List.of((long) rows, (long) length, (long) width);
        if (!states.shape().equals(expected)) {
            throw new InvalidInputException(
                    "<encoder>",
                    "output " + statesName,
                    "has shape " + states.shape() + "; expected " + expected + ".");
        }
        return states.floats();
    }

    private Map<String, OnnxTensorValue> run(long[] ids, long[] mask, int rows, int length) {
        Map<String, OnnxTensorValue> inputs = new LinkedHashMap<>();
        for (String name : onnx.inputs().keySet()) {
            long[] values = switch (name) {
                case BertGraph.INPUT_IDS -> ids;
                case BertGraph.ATTENTION_MASK -> mask;
                default -> new long[ids.length]; // token_type_ids: one sentence, type 0
            };
            inputs.put(name, OnnxTensorValue.of(values, rows, length));
        }
        return onnx.run(inputs);
    }

    @Override
    public void close() {
        onnx.close();
    }
}
