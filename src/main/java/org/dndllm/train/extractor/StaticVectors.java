package org.dndllm.train.extractor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.EncoderShape;
import org.dndllm.encoder.EncoderTokenizer;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.TensorView;
import org.dndllm.lora.JacobiSvd;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/**
 * One vector for each token whatever stands around it, as GloVe's: learned from which tokens stand near each other in a
 * text, written as an encoder whose graph only looks them up. Marks and padding have the vector zero.
 */
public final class StaticVectors {
    /** Singular values below this share of the largest are noise, and their directions stay zero. */
    private static final double FLOOR = 1e-9;
    /** The table of counts is V x V doubles; beyond this it should be a sparse one. */
    private static final int MOST_TOKENS = 8192;

    private StaticVectors() {}

    /**
     * Learns vectors and writes an encoder folder: {@code encoder.onnx}, {@code config.json} and the tokenizer's files. It
     * appears, or is replaced, whole or not at all. The same text gives the same bytes.
     *
     * @param tokenizer of the vocabulary; stays the caller's
     * @param tokenizerFolder its {@code vocab.txt} and {@code tokenizer_config.json}
     * @param firstWord lowest id that is no special token
     * @param text to learn from
     * @param width C
     * @param positions longest text that the encoder will read at once
     * @throws InvalidInputException when the vocabulary is too large or smaller than the width
     */
    public static void write(
            EncoderTokenizer tokenizer,
            Path tokenizerFolder,
            int firstWord,
            Iterator<String> text,
            int width,
            int positions,
            Path folder,
            boolean replace) {
        int vocabulary = tokenizer.vocabularySize();
        if (vocabulary > MOST_TOKENS || vocabulary < width) {
            throw new InvalidInputException(
                    tokenizerFolder.toString(),
                    "vocabulary",
                    "has " + vocabulary + " tokens; expected " + width + " (the width of a vector) to " + MOST_TOKENS);
        }
        Cooccurrences counts = new Cooccurrences(vocabulary, firstWord);
        counts.count(new Tokenized(tokenizer, text));
        float[] table = vectors(counts.positiveInformation(), width);
        EncoderShape shape = new EncoderShape(width, positions, vocabulary);
        AtomicFile.writeFolder(
                folder,
                inside -> {
                    graph(table, shape, inside.resolve("encoder.onnx"));
                    Map<String, Object> json = new LinkedHashMap<>(shape.toJson(EncoderShape.STATIC));
                    AtomicFile.writeString(inside.resolve("config.json"), JsonWriter.write(json));
                    copyTokenizer(tokenizerFolder, inside);
                },
                replace);
    }

    private record Tokenized(EncoderTokenizer tokenizer, Iterator<String> text) implements Iterator<int[]> {
        @Override
        public boolean hasNext() {
            return text.hasNext();
        }

        @Override
        public int[] next() {
            return tokenizer.encode(text.next());
        }
    }

    private static void copyTokenizer(Path from, Path to) throws IOException {
        for (String file : List.of("vocab.txt", "tokenizer.json", "tokenizer_config.json")) {
            if (Files.isRegularFile(from.resolve(file))) {
                Files.copy(from.resolve(file), to.resolve(file));
            }
        }
    }

    /**
     * Rows of U times the roots of the singular values: [V, C] row-major.
     *
     * @param matrix [V][V]; given away
     */
    static float[] vectors(double[][] matrix, int width) {
        int size = matrix.length;
        double largest = 0;
        for (double[] row : matrix) {
            for (double value : row) {
                largest = Math.max(largest, Math.abs(value));
            }
        }
        JacobiSvd svd = JacobiSvd.of(matrix, size, FLOOR * largest); // columns of the transposed: V's rows are tokens
        float[] table = new float[size * width];
        for (int c = 0; c < Math.min(width, svd.values().length); c++) {
            double root = Math.sqrt(svd.values()[c]);
            for (int token = 0; token < size; token++) {
                table[token * width + c] = (float) (svd.right()[c][token] * root);
            }
        }
        return table;
    }

    /** States are the vectors; the mask is an input because every encoder has it. */
    static void graph(float[] table, EncoderShape shape, Path onnxFile) {
        OnnxGraph graph = new OnnxGraph("static-vectors");
        String ids = graph.input("input_ids", OnnxType.INT64, "N", "L");
        graph.input("attention_mask", OnnxType.INT64, "N", "L");
        List<Long> dims = List.of((long) shape.vocabulary(), (long) shape.width());
        String vectors = graph.initializer("vectors", TensorView.ofFloats("vectors", dims, table));
        graph.namedNode("states", "Gather", List.of(vectors, ids), Map.of("axis", 0));
        graph.output("states", OnnxType.FLOAT, "N", "L", shape.width());
        graph.write(onnxFile);
    }
}
