package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every damaged encoder folder is refused with the file and the field named, and harms nothing. */
final class EncoderInputsIT {
    private static final String CONFIG = "config.json";
    private static final String VOCAB = "vocab.txt";
    private static final String TOKENIZER = "tokenizer.json";
    private static final String WEIGHTS = "model.safetensors";

    /** What is done to a good folder, and what the message must name. */
    record Damage(String name, Breaker breaker, String file, String field) {
        @Override
        public String toString() {
            return name;
        }
    }

    @FunctionalInterface
    interface Breaker {
        void damage(Path folder) throws IOException;
    }

    static Stream<Damage> damages() {
        return Stream.of(configs(), vocabularies(), tokenizers(), weights(), graphs())
                .flatMap(List::stream);
    }

    private static List<Damage> configs() {
        return List.of(
                new Damage("no config", f -> Files.delete(f.resolve(CONFIG)), CONFIG, "file"),
                new Damage("config no JSON", text(CONFIG, "hidden_size: 32"), CONFIG, ""),
                new Damage("config no object", text(CONFIG, "[1]"), CONFIG, "$"),
                new Damage("config not UTF-8", bytes(CONFIG, 0x7b, 0xff, 0x7d), CONFIG, "encoding"),
                new Damage(
                        "other model type",
                        config("\"model_type\": \"bert\"", "\"model_type\": \"mpnet\""),
                        CONFIG,
                        "model_type"),
                new Damage(
                        "language model without a graph",
                        config("\"model_type\": \"bert\"", "\"model_type\": \"qwen2\""),
                        CONFIG,
                        "model_type"),
                new Damage(
                        "static vectors without a width",
                        text(CONFIG, "{\"model_type\": \"static\", \"max_position_embeddings\": 9, \"vocab_size\": 9}"),
                        CONFIG,
                        "hidden_size"),
                new Damage("other activation", config("\"gelu\"", "\"gelu_new\""), CONFIG, "hidden_act"),
                new Damage(
                        "relative positions",
                        config("{", "{\"position_embedding_type\": \"relative_key\","),
                        CONFIG,
                        "position_embedding_type"),
                new Damage("decoder", config("{", "{\"is_decoder\": true,"), CONFIG, "is_decoder"),
                new Damage("no hidden size", config("\"hidden_size\"", "\"hidden\""), CONFIG, "hidden_size"),
                new Damage(
                        "hidden size text",
                        config("\"hidden_size\": 32", "\"hidden_size\": \"32\""),
                        CONFIG,
                        "hidden_size"),
                new Damage("hidden size 0", config("\"hidden_size\": 32", "\"hidden_size\": 0"), CONFIG, "hidden_size"),
                new Damage("heads do not divide", config("heads\": 4", "heads\": 5"), CONFIG, "num_attention_heads"),
                new Damage(
                        "no layers",
                        config("\"num_hidden_layers\": 2", "\"num_hidden_layers\": -2"),
                        CONFIG,
                        "num_hidden_layers"),
                new Damage(
                        "fractional layers",
                        config("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2.5"),
                        CONFIG,
                        "num_hidden_layers"),
                new Damage(
                        "huge intermediate",
                        config("\"intermediate_size\": 64", "\"intermediate_size\": 99999999999"),
                        CONFIG,
                        "intermediate_size"),
                new Damage("eps 1", config("1e-12", "1"), CONFIG, "layer_norm_eps"),
                new Damage(
                        "types null",
                        config("\"type_vocab_size\": 2", "\"type_vocab_size\": null"),
                        CONFIG,
                        "type_vocab_size"),
                new Damage(
                        "vocabulary smaller than tokenizer",
                        config("\"vocab_size\": 200", "\"vocab_size\": 199"),
                        CONFIG,
                        "vocab_size"),
                new Damage(
                        "other pooling",
                        text("1_Pooling/config.json", "{\"pooling_mode_max_tokens\": true}"),
                        "1_Pooling",
                        "pooling_mode_max_tokens"),
                new Damage("no pooling", text("1_Pooling/config.json", "{}"), "1_Pooling", "pooling_mode_mean_tokens"),
                new Damage(
                        "newer pooling",
                        text("1_Pooling/config.json", "{\"pooling_mode\": \"lasttoken\"}"),
                        "1_Pooling",
                        "pooling_mode"));
    }

    private static List<Damage> vocabularies() {
        return List.of(
                new Damage("no vocabulary", f -> Files.delete(f.resolve(VOCAB)), "", "tokenizer"),
                new Damage("empty vocabulary", text(VOCAB, ""), VOCAB, "[PAD]"),
                new Damage("duplicate token", vocabulary(v -> v.replace("\nheat\n", "\ncold\n")), VOCAB, "line "),
                new Damage("empty line", vocabulary(v -> v.replace("\nheat\n", "\n\n")), VOCAB, "line "),
                new Damage("no [UNK]", vocabulary(v -> v.replace("[UNK]", "unk")), VOCAB, "[UNK]"),
                new Damage("no [CLS]", vocabulary(v -> v.replace("[CLS]", "cls")), VOCAB, "[CLS]"),
                new Damage("no [SEP]", vocabulary(v -> v.replace("[SEP]", "sep")), VOCAB, "[SEP]"),
                new Damage("not UTF-8", bytes(VOCAB, 0x5b, 0xc3, 0x28), VOCAB, "encoding"),
                new Damage(
                        "bad lower case flag",
                        text("tokenizer_config.json", "{\"do_lower_case\": \"yes\"}"),
                        "tokenizer_config",
                        "do_lower_case"));
    }

    private static List<Damage> tokenizers() {
        return List.of(
                new Damage("tokenizer cut off", json(j -> j.substring(0, j.length() / 2)), TOKENIZER, ""),
                new Damage(
                        "other tokenizer type",
                        json(j -> j.replace("\"WordPiece\"", "\"Unigram\"")),
                        TOKENIZER,
                        "model.type"),
                new Damage(
                        "byte pairs without padding",
                        json(j -> j.replace("\"WordPiece\"", "\"BPE\"")),
                        TOKENIZER,
                        "padding"),
                new Damage("no model", json(j -> j.replace("\"model\"", "\"module\"")), TOKENIZER, "model"),
                new Damage(
                        "id twice",
                        json(j -> j.replaceFirst("\"heat\": ?\\d+", "\"heat\":7")),
                        TOKENIZER,
                        "model.vocab."),
                new Damage(
                        "negative id",
                        json(j -> j.replaceFirst("\"heat\": ?\\d+", "\"heat\":-7")),
                        TOKENIZER,
                        "model.vocab.heat"),
                new Damage(
                        "unknown token unknown",
                        json(j -> j.replaceFirst("\"unk_token\": ?\"\\[UNK\\]\"", "\"unk_token\":\"<unk>\"")),
                        TOKENIZER,
                        "model.vocab"),
                new Damage(
                        "no post processor",
                        json(j -> j.replace("\"post_processor\"", "\"post\"")),
                        TOKENIZER,
                        "post_processor"),
                new Damage(
                        "refused by the library",
                        json(j -> j.replace("BertPreTokenizer", "NoSuchThing")),
                        TOKENIZER,
                        "tokenizer"));
    }

    private static List<Damage> weights() {
        String word = "embeddings.word_embeddings.weight";
        String query = "encoder.layer.1.attention.self.query.weight";
        return List.of(
                new Damage("no weights", f -> Files.delete(f.resolve(WEIGHTS)), WEIGHTS, ""),
                new Damage("weights cut off", f -> cut(f.resolve(WEIGHTS)), WEIGHTS, ""),
                new Damage("no BERT", tensors(t -> t.withName("x." + t.name())), WEIGHTS, word),
                new Damage(
                        "tensor missing",
                        tensors(t -> t.name().equals(query) ? t.withName("other") : t),
                        WEIGHTS,
                        query),
                new Damage(
                        "tensor of other shape",
                        tensors(t -> t.name().equals(query) ? reshaped(t) : t),
                        WEIGHTS,
                        query),
                new Damage("NaN in a tensor", tensors(t -> t.name().equals(query) ? withNaN(t) : t), WEIGHTS, query));
    }

    private static List<Damage> graphs() {
        return List.of(
                new Damage("graph no ONNX", text("encoder.onnx", "no protobuf"), "encoder.onnx", "model"),
                new Damage("graph empty", text("model.onnx", ""), "model.onnx", "model"),
                new Damage(
                        "unknown input",
                        f -> graph(f, "pixels", "last_hidden_state", 32),
                        "model.onnx",
                        "input pixels"),
                new Damage("no states", f -> graph(f, "input_ids", "logits", 32), "model.onnx", "outputs"),
                new Damage(
                        "other width",
                        f -> graph(f, "input_ids", "last_hidden_state", 48),
                        "model.onnx",
                        "output last_hidden_state"));
    }

    @ParameterizedTest
    @MethodSource("damages")
    void open_damagedFolder_namesFileAndField(Damage damage, @TempDir Path folder) throws IOException {
        // given
        for (String name : List.of(CONFIG, VOCAB, WEIGHTS)) {
            Files.copy(Resources.path("tiny-bert/" + name), folder.resolve(name));
        }
        Files.createDirectories(folder.resolve("1_Pooling"));
        damage.breaker.damage(folder);
        // when
        Throwable thrown = catchThrowable(
                () -> SentenceEncoder.open(folder, SessionOptions.defaults()).close());
        // then
        assertThat(thrown).isInstanceOf(InvalidInputException.class);
        assertThat(((InvalidInputException) thrown).source()).contains(damage.file);
        assertThat(((InvalidInputException) thrown).field()).contains(damage.field);
    }

    @Test
    void damages_areMany() {
        assertThat(damages()).hasSizeGreaterThanOrEqualTo(45);
    }

    @Test
    void open_notAFolder_isRefused(@TempDir Path folder) {
        Throwable thrown =
                catchThrowable(() -> SentenceEncoder.open(folder.resolve("nowhere"), SessionOptions.defaults()));
        assertThat(thrown).isInstanceOf(InvalidInputException.class).hasMessageContaining("nowhere");
    }

    private static Breaker text(String name, String content) {
        return folder -> Files.writeString(folder.resolve(name), content);
    }

    private static Breaker bytes(String name, int... content) {
        byte[] raw = new byte[content.length];
        for (int i = 0; i < raw.length; i++) {
            raw[i] = (byte) content[i];
        }
        return folder -> Files.write(folder.resolve(name), raw);
    }

    private static Breaker config(String from, String to) {
        return edit(CONFIG, text -> replaceOnce(text, from, to));
    }

    private static Breaker vocabulary(UnaryOperator<String> change) {
        return edit(VOCAB, change);
    }

    private static Breaker json(UnaryOperator<String> change) {
        return folder -> Files.writeString(
                folder.resolve(TOKENIZER),
                changed(VocabularyFile.read(folder.resolve(VOCAB)).definition().json(), change));
    }

    private static Breaker edit(String name, UnaryOperator<String> change) {
        return folder -> Files.writeString(
                folder.resolve(name), changed(Files.readString(folder.resolve(name), StandardCharsets.UTF_8), change));
    }

    private static String replaceOnce(String text, String from, String to) {
        int at = text.indexOf(from);
        return at < 0 ? text : text.substring(0, at) + to + text.substring(at + from.length());
    }

    /** A damage that damages nothing would test nothing. */
    private static String changed(String text, UnaryOperator<String> change) {
        String result = change.apply(text);
        assertThat(result).isNotEqualTo(text);
        return result;
    }

    private static Breaker tensors(UnaryOperator<TensorView> change) {
        return folder -> {
            try (SafetensorsFile file = SafetensorsFile.open(Resources.path("tiny-bert/" + WEIGHTS))) {
                SafetensorsWriter.write(
                        folder.resolve(WEIGHTS),
                        file.names().stream().map(file::tensor).map(change).toList(),
                        Map.of());
            }
        };
    }

    private static TensorView reshaped(TensorView tensor) {
        return new TensorView(tensor.name(), tensor.dtype(), List.of(16L, 64L), tensor.data());
    }

    private static TensorView withNaN(TensorView tensor) {
        float[] values = tensor.toFloats();
        values[17] = Float.NaN;
        return TensorView.ofFloats(tensor.name(), tensor.shape(), values);
    }

    private static void cut(Path file) {
        try {
            byte[] all = Files.readAllBytes(file);
            Files.write(file, java.util.Arrays.copyOf(all, all.length / 2));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void graph(Path folder, String input, String output, int width) {
        OnnxGraph graph = new OnnxGraph("wrong");
        graph.input(input, OnnxType.INT64, "N", "L");
        String cast = graph.node("Cast", List.of(input), Map.of("to", OnnxType.FLOAT.code()));
        String deep = graph.node("Unsqueeze", cast, graph.longs("last", 2));
        graph.namedNode(output, "Tile", List.of(deep, graph.longs("times", 1, 1, width)), Map.of());
        graph.output(output, OnnxType.FLOAT, "N", "L", width);
        graph.write(folder.resolve("model.onnx"));
    }
}
