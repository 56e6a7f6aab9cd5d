package org.dndllm.eval.benchmark;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;

/**
 * What a file's name says about its split. A name ends in {@code _train}, {@code _validation} or {@code _test} ({@code val}
 * and {@code dev} as well, behind {@code _}, {@code -} or {@code .}), or is one of these words, as {@code test.jsonl} of
 * GSM8K and {@code test6.jsonl} of LiveCodeBench are. Official files without such an ending are known by name.
 */
public final class OfficialNames {
    private static final Pattern ENDING = Pattern.compile("(?i)(?:^|[-_.])(train|validation|val|dev|test)\\d*$");

    /** Whole files that the paper scores; nothing of them may be trained on or conditioned on. */
    private static final Set<String> SCORED = Set.of(
            "gsm8k",
            "math",
            "human_eval",
            "humaneval",
            "live-code-bench",
            "math-vision",
            "math-vista",
            "science-dataset",
            // the labels of their test splits are hidden: the official dataset_info.json scores these
            "boolq_validation",
            "hellaswag_validation",
            "hellaswag_val",
            "winogrande_validation");

    private static final Set<String> TRAINED = Set.of(
            "competition_math",
            "math_qa",
            "math-iio-68k-mini",
            "math-plus",
            "mu-math",
            "tot-math-v1",
            "mathv360k",
            "code-74k-sharegpt",
            "evol-instruct-code-80k-v1",
            "glaive-code-assistant-v2",
            "python-codes-25k",
            "rosetta-code",
            "llama-python-codes-30k",
            "codealpaca-20k");

    private OfficialNames() {}

    /** The split that a file name shows; {@link Split#UNDECLARED} when it shows none. */
    public static Split split(String fileName) {
        String stem = stem(fileName);
        String lower = stem.toLowerCase(Locale.ROOT);
        if (SCORED.contains(lower)) {
            return Split.TEST;
        }
        if (TRAINED.contains(lower)) {
            return Split.TRAIN;
        }
        Matcher ending = ENDING.matcher(lower);
        if (!ending.find()) {
            return Split.UNDECLARED;
        }
        return switch (ending.group(1)) {
            case "train" -> Split.TRAIN;
            case "test" -> Split.TEST;
            default -> Split.VALIDATION;
        };
    }

    /**
     * The split of a file whose reader may have named it.
     *
     * @throws InvalidInputException if the name shows a test split and the reader says something else
     */
    static Split split(String source, Optional<Split> declared) {
        Split shown = split(Path.of(source).getFileName().toString());
        if (shown == Split.TEST && declared.isPresent() && declared.get() != Split.TEST) {
            throw new InvalidInputException(
                    source,
                    "split",
                    "is declared " + declared.get().label()
                            + ", but the file's name says test; name the file after what" + " it is");
        }
        return declared.orElse(shown);
    }

    /** The file name without extension and split: {@code ARC-c}. */
    static String name(String fileName) {
        String stem = stem(fileName);
        String name = ENDING.matcher(stem).replaceFirst("");
        return name.isEmpty() ? stem : name;
    }

    private static String stem(String name) {
        String fileName = name.replaceFirst("(?i)\\.gz$", "");
        for (String extension : List.of(".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt")) {
            if (fileName.length() > extension.length()
                    && fileName.regionMatches(
                            true, fileName.length() - extension.length(), extension, 0, extension.length())) {
                return fileName.substring(0, fileName.length() - extension.length());
            }
        }
        return fileName;
    }
}
