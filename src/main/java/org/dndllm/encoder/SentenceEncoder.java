package org.dndllm.encoder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.SessionOptions;

/**
 * A frozen Sentence-BERT: prompts to the token states that condition the generator, texts to unit vectors. Any other graph
 * from token ids to states does as well ({@link EncoderShape}): vectors without context, or a language model.
 *
 * <p>Prompts longer than {@link #maxPositions()} are cut into blocks of that many ids which are encoded one by one and laid
 * side by side, as the official code does: only the first block of a prompt starts with [CLS], later ones may be all
 * padding. Text beyond the length is dropped, [SEP] stays the last real token.
 *
 * <p>Threads: may be shared. The opener closes it; afterwards every call throws {@link IllegalStateException}. Source: arXiv
 * 2506.16406 §3.2, arXiv 1908.10084.
 */
public final class SentenceEncoder implements AutoCloseable {
    /** Tokens per run of the graph. Attention scores take 4 H L bytes per token: 200 MB at L = 512 with 12 heads. */
    private static final int TOKENS_PER_RUN = 8192;

    private static final int MAX_TEXTS_PER_RUN = 32;

    /** Called after each run with the prompts (or texts) done so far and their total number. */
    @FunctionalInterface
    public interface Progress {
        /** Nothing is reported. */
        Progress NONE = (done, total) -> {};

        void report(int done, int total);
    }

    private final EncoderTokenizer tokenizer;
    private final EncoderSession session;
    private final int maxPositions;

    private SentenceEncoder(EncoderTokenizer tokenizer, EncoderSession session, int maxPositions) {
        this.tokenizer = tokenizer;
        this.session = session;
        this.maxPositions = maxPositions;
    }

    /**
     * Opens an encoder folder: a bundle ({@code encoder.onnx}, {@code config.json}, {@code tokenizer.json} or {@code
     * vocab.txt}), a sentence-transformers or Hugging Face download ({@code model.safetensors} or {@code model.onnx} with the
     * same companions). Weights without a graph are converted into a temporary file first; to keep the result, call {@link
     * BertGraph#export(Path, Path)} once.
     *
     * @throws InvalidInputException naming the file and field at fault
     * @throws org.dndllm.EnvironmentException when a forced provider or a native library is not there
     */
    public static SentenceEncoder open(Path folder, SessionOptions options) {
        EncoderFolder.require(folder);
        EncoderShape shape = EncoderShape.read(folder.resolve("config.json"));
        Pooling pooling = EncoderFolder.pooling(folder);
        EncoderTokenizer tokenizer = EncoderTokenizer.open(folder);
        try {
            requireVocabulary(folder, shape, tokenizer);
            Optional<Path> graph = EncoderFolder.graph(folder);
            OnnxSession onnx =
                    graph.isPresent() ? OnnxSession.open(graph.get(), options) : convertAndOpen(folder, options);
            Path source = graph.orElse(folder.resolve("model.safetensors"));
            return new SentenceEncoder(
                    tokenizer, EncoderSession.of(onnx, source, shape.width(), pooling), shape.maxPositions());
        } catch (RuntimeException | Error e) {
            tokenizer.close();
            throw e;
        }
    }

    /**
     * Reads configuration, pooling and tokenizer of an encoder folder, but neither weights nor graph.
     *
     * @throws InvalidInputException naming the file and field at fault
     */
    public static EncoderShape inspect(Path folder) {
        EncoderFolder.require(folder);
        EncoderShape shape = EncoderShape.read(folder.resolve("config.json"));
        EncoderFolder.pooling(folder);
        try (EncoderTokenizer tokenizer = EncoderTokenizer.open(folder)) {
            requireVocabulary(folder, shape, tokenizer);
        }
        return shape;
    }

    private static void requireVocabulary(Path folder, EncoderShape shape, EncoderTokenizer tokenizer) {
        if (tokenizer.vocabularySize() > shape.vocabulary()) {
            throw new InvalidInputException(
                    folder.resolve("config.json").toString(),
                    "vocab_size",
                    "is " + shape.vocabulary() + ", but the tokenizer makes ids up to "
                            + (tokenizer.vocabularySize() - 1) + "; the two do not belong together.");
        }
    }

    /** The session holds what it needs once it is open, so the file goes at once. */
    private static OnnxSession convertAndOpen(Path folder, SessionOptions options) {
        Path temporary;
        try {
            temporary = Files.createTempDirectory("dnd-encoder");
        } catch (IOException e) {
            throw new EnvironmentException(
                    "No temporary folder for the encoder's graph (" + e + "). Point java.io.tmpdir at a writable one.",
                    e);
        }
        try {
            Path graph = temporary.resolve("encoder.onnx");
            BertGraph.export(folder, graph);
            return OnnxSession.open(graph, options);
        } finally {
            deleteFolder(temporary);
        }
    }

    private static void deleteFolder(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            // Windows keeps mapped files until the session closes. The JVM deletes in reverse order: files first.
            folder.toFile().deleteOnExit();
            folder.resolve("encoder.onnx.data").toFile().deleteOnExit();
            folder.resolve("encoder.onnx").toFile().deleteOnExit();
        }
    }

    /** C: channels of a state and of an embedding. */
    public int width() {
        return session.width();
    }

    /** The longest block of tokens that the encoder sees at once; 512 for the published ones. */
    public int maxPositions() {
        return maxPositions;
    }

    /** The provider in use: CPU or CUDA. */
    public SessionOptions.Provider provider() {
        return session.provider();
    }

    /** Where and why the graph runs, one line for a log. */
    public String providerReport() {
        return session.providerReport();
    }

    /** The tokenizer in use; closed with the encoder. */
    public EncoderTokenizer tokenizer() {
        return tokenizer;
    }

    /** As {@link #encode(List, int, Progress)} without reports. */
    public Condition encode(List<String> prompts, int length) {
        return encode(prompts, length, Progress.NONE);
    }

    /**
     * Encodes N prompts at L positions each.
     *
     * @param prompts any text, also empty; at least one
     * @param length L: 3 to {@link #maxPositions()}, or a multiple of it
     * @return states [N, L, C] with mask and token counts; outputs at padding positions included
     * @throws InvalidInputException when there is no prompt, the length is impossible or the result exceeds a Java array
     */
    public Condition encode(List<String> prompts, int length, Progress progress) {
        checkLength(prompts.size(), length);
        int blockLength = Math.min(length, maxPositions);
        int blocks = length / blockLength;
        TokenBatch tokens = tokenizer.encode(prompts, length);
        float[] states = new float[prompts.size() * length * width()]; // [N, L, C] = [N * blocks, blockLength, C]
        int rowsPerRun = Math.clamp(TOKENS_PER_RUN / blockLength, 1, MAX_TEXTS_PER_RUN);
        int rows = prompts.size() * blocks;
        for (int row = 0; row < rows; row += rowsPerRun) {
            int count = Math.min(rowsPerRun, rows - row);
            session.states(tokens, row, count, blockLength, states);
            progress.report((row + count) / blocks, prompts.size());
        }
        int[] counts =
                IntStream.range(0, prompts.size()).map(tokens::tokenCount).toArray();
        return new Condition(prompts.size(), length, width(), states, tokens.realTokens(), counts);
    }

    /**
     * As {@link #encode(List, int, Progress)}, but padding costs nothing and its states are zeros: prompts of like length
     * share a run that is as long as the longest of them. For readers that look at the mask.
     */
    public Condition encodeUnpadded(List<String> prompts, int length, Progress progress) {
        checkLength(prompts.size(), length);
        int blockLength = Math.min(length, maxPositions);
        TokenBatch tokens = tokenizer.encode(prompts, length);
        int[] counts =
                IntStream.range(0, prompts.size()).map(tokens::tokenCount).toArray();
        int blocks = length / blockLength;
        int[] lengths = new int[prompts.size() * blocks]; // real tokens of each block
        for (int row = 0; row < lengths.length; row++) {
            lengths[row] = Math.clamp(counts[row / blocks] - (row % blocks) * blockLength, 0, blockLength);
        }
        float[] states = new float[prompts.size() * length * width()]; // [N, L, C] = [N * blocks, blockLength, C]
        int done = 0;
        for (int[] group : groups(lengths)) {
            int longest = lengths[group[group.length - 1]];
            if (longest > 0) {
                session.states(tokens, group, longest, blockLength, states);
            }
            done += group.length;
            progress.report(done / blocks, prompts.size());
        }
        return new Condition(prompts.size(), length, width(), states, tokens.realTokens(), counts);
    }

    private void checkLength(int prompts, int length) {
        if (prompts == 0) {
            throw new InvalidInputException("<prompts>", "count", "is 0; give at least one prompt.");
        }
        boolean inOneBlock = length >= 3 && length <= maxPositions;
        boolean inWholeBlocks = length > maxPositions && length % maxPositions == 0;
        if (!inOneBlock && !inWholeBlocks) {
            throw new InvalidInputException(
                    "<arguments>",
                    "length",
                    "is " + length + "; expected 3 to " + maxPositions + " tokens, or a multiple of " + maxPositions
                            + " (longer text is encoded in blocks of that many).");
        }
        long values = (long) prompts * length * width();
        if (values > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException(
                    "<arguments>",
                    "length",
                    prompts + " prompts x " + length + " tokens x " + width() + " channels are " + values
                            + " numbers, more than fit; use fewer prompts or a smaller length.");
        }
    }

    /** As {@link #embed(List, Progress)} without reports. */
    public float[][] embed(List<String> texts) {
        return embed(texts, Progress.NONE);
    }

    /**
     * One vector per text, pooled as the model's {@code 1_Pooling} says and scaled to unit length. Texts longer than {@link
     * #maxPositions()} are cut. Texts of like length share a run, so little is spent on padding; the order of the result is
     * that of {@code texts}.
     *
     * @return [N][C]; no rows for no texts
     */
    public float[][] embed(List<String> texts, Progress progress) {
        List<int[]> ids =
                texts.stream().map(text -> tokenizer.encode(text, maxPositions)).toList();
        float[][] embeddings = new float[texts.size()][];
        int done = 0;
        for (int[] group : groups(ids.stream().mapToInt(text -> text.length).toArray())) {
            int longest = ids.get(group[group.length - 1]).length;
            TokenBatch batch = TokenBatch.padded(group.length, longest, tokenizer.padId());
            for (int i = 0; i < group.length; i++) {
                batch.put(i, ids.get(group[i]));
            }
            float[][] vectors = session.embeddings(batch);
            for (int i = 0; i < group.length; i++) {
                embeddings[group[i]] = vectors[i];
            }
            done += group.length;
            progress.report(done, texts.size());
        }
        return embeddings;
    }

    /** Rows in order of their length, cut into groups that fit one run when padded to the longest, the last, of them. */
    private static List<int[]> groups(int[] lengths) {
        int[] byLength = IntStream.range(0, lengths.length)
                .boxed()
                .sorted(Comparator.comparingInt(row -> lengths[row]))
                .mapToInt(Integer::intValue)
                .toArray();
        List<int[]> groups = new ArrayList<>();
        for (int from = 0; from < byLength.length; ) {
            int to = from + 1;
            while (to < byLength.length
                    && to - from < MAX_TEXTS_PER_RUN
                    && (to - from + 1) * lengths[byLength[to]] <= TOKENS_PER_RUN) {
                to++;
            }
            groups.add(Arrays.copyOfRange(byLength, from, to));
            from = to;
        }
        return groups;
    }

    /** Idempotent. */
    @Override
    public void close() {
        session.close();
        tokenizer.close();
    }
}
