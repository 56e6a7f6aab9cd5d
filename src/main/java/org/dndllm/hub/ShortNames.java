package org.dndllm.hub;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dndllm.InvalidInputException;

/** Short names for what this project works with: base models, sentence encoder, the authors' LoRA collections. */
public final class ShortNames {
    private static final List<String> SIZES = List.of("0.5", "1.5", "3", "7", "14", "32", "72");

    /** As the files of the published repositories are named. */
    private static final List<String> QUANTS =
            List.of("q2_k", "q3_k_m", "q4_0", "q4_k_m", "q5_0", "q5_k_m", "q6_k", "q8_0", "fp16");

    /** Nearest to the weights for which the published generators and adapters were made, at half their size. */
    private static final String DEFAULT_QUANT = "q8_0";

    private static final String ENCODER = "all-minilm-l12-v2";

    /** What the encoder needs of its repository, which holds the same weights in five formats. */
    private static final List<String> ENCODER_FILES =
            List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt");

    /** LoRA checkpoints of the paper's authors, kept as data sets (download_data.py of the official code). */
    private static final List<String> COLLECTIONS =
            List.of("common_sense_reasoning", "math1.5B", "coding1.5B", "math7B", "coding7B", "vllm3B");

    private ShortNames() {}

    /**
     * What a short name stands for, or empty when it is none.
     *
     * @param name such as {@code qwen2.5-0.5b-instruct:q4_k_m}; case does not matter
     * @throws InvalidInputException when the part after the colon is no quantisation of that model
     */
    public static Optional<PullRequest> find(String name) {
        String[] parts = name.toLowerCase(Locale.ROOT).split(":", 2);
        for (String size : SIZES) {
            if (parts[0].equals(qwen(size))) {
                return Optional.of(baseModel(size, parts.length == 2 ? parts[1] : DEFAULT_QUANT));
            }
        }
        if (parts.length == 2) {
            return Optional.empty();
        }
        if (parts[0].equals(ENCODER)) {
            RepoId repo = new RepoId(RepoType.MODEL, "sentence-transformers/all-MiniLM-L12-v2");
            return Optional.of(request(repo, FileSelection.of(ENCODER_FILES, List.of())));
        }
        return COLLECTIONS.stream()
                .filter(collection -> parts[0].equals(shortCollection(collection)))
                .map(collection -> request(new RepoId(RepoType.DATASET, "Jerrylz/" + collection), FileSelection.ALL))
                .findFirst();
    }

    private static PullRequest baseModel(String size, String asked) {
        String quant = asked.equals("f16") ? "fp16" : asked;
        if (!QUANTS.contains(quant)) {
            throw new InvalidInputException(
                    PullRequest.SOURCE,
                    "quantisation",
                    "'" + RepoPath.printable(asked) + "' is not published; expected one of " + QUANTS);
        }
        // larger files are published in parts
        String stem = qwen(size) + "-" + quant;
        return request(
                new RepoId(RepoType.MODEL, qwenRepo(size)),
                FileSelection.firstOf(stem + ".gguf", stem + "-?????-of-?????.gguf"));
    }

    private static PullRequest request(RepoId repo, FileSelection selection) {
        return new PullRequest(repo, PullRequest.MAIN, selection);
    }

    private static String qwen(String size) {
        return "qwen2.5-" + size + "b-instruct";
    }

    private static String qwenRepo(String size) {
        return "Qwen/Qwen2.5-" + size + "B-Instruct-GGUF";
    }

    private static String shortCollection(String collection) {
        return "dnd-" + collection.toLowerCase(Locale.ROOT);
    }
}
