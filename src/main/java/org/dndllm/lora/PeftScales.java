package org.dndllm.lora;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * Rank and scale of each module of a PEFT adapter: {@code r} and {@code lora_alpha}, unless a key of {@code rank_pattern}
 * or {@code alpha_pattern} matches the module's path. A key is a regular expression that the path must end with, at the
 * start of a name; the first that matches counts. Source: PEFT 0.21 {@code tuners/lora/model.py}, {@code
 * utils/other.py: get_pattern_key}.
 */
final class PeftScales {
    static final String RANKS = "rank_pattern";
    static final String ALPHAS = "alpha_pattern";

    /** Far beyond what a sound key needs for a path of some sixty characters; the others would match for ages. */
    private static final int MOST_STEPS = 100_000;

    private static final String PREFIX = "base_model.model.";
    private static final int MOST_KEYS = 100_000;

    private final JsonValue.Obj json;
    private final boolean rankStabilized;
    private final Map<String, Rule<Integer>> ranks = new LinkedHashMap<>();
    private final Map<String, Rule<Double>> alphas = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();

    /** @throws InvalidInputException naming the member at fault */
    PeftScales(JsonValue.Obj json, boolean rankStabilized) {
        this.json = json;
        this.rankStabilized = rankStabilized;
        rules(RANKS, ranks, PeftConfig::rank);
        rules(ALPHAS, alphas, JsonValue.Obj::number);
    }

    /** A key, compiled, and its value. */
    private record Rule<T>(Pattern pattern, T value) {}

    private <T> void rules(String member, Map<String, Rule<T>> rules, BiFunction<JsonValue.Obj, String, T> value) {
        pattern(member).ifPresent(found -> {
            for (String key : found.members().keySet()) {
                rules.put(key, new Rule<>(compile(member, key), value.apply(found, key)));
            }
        });
    }

    private Optional<JsonValue.Obj> pattern(String member) {
        if (!json.has(member) || json.require(member) instanceof JsonValue.Null) {
            return Optional.empty();
        }
        JsonValue.Obj found = json.object(member);
        if (found.members().size() > MOST_KEYS) {
            throw bad(member, "has " + found.members().size() + " keys; expected at most " + MOST_KEYS);
        }
        return Optional.of(found);
    }

    private Pattern compile(String member, String key) {
        try {
            return Pattern.compile("(.*\\.)?(" + key + ")");
        } catch (PatternSyntaxException e) {
            throw new InvalidInputException(
                    json.source(),
                    json.pathOf(member),
                    "key '" + key + "' is no regular expression (" + e.getDescription() + "); write module paths",
                    e);
        }
    }

    /**
     * Rank and scale of the module that a tensor belongs to.
     *
     * @param tensor its key in the file
     */
    MixedLora.Scale of(String tensor) {
        int end = tensor.indexOf(".lora_");
        String path = tensor.substring(tensor.startsWith(PREFIX) ? PREFIX.length() : 0, end);
        int rank = first(RANKS, ranks, path).orElseGet(() -> json.int32("r"));
        double alpha = first(ALPHAS, alphas, path).orElseGet(() -> json.number("lora_alpha"));
        return new MixedLora.Scale(rank, PeftConfig.alpha(json, alpha, rank, rankStabilized));
    }

    private <T> Optional<T> first(String member, Map<String, Rule<T>> rules, String path) {
        Optional<T> found = Optional.empty();
        for (Map.Entry<String, Rule<T>> each : rules.entrySet()) {
            if (matches(member, each.getKey(), each.getValue().pattern(), path)) {
                used.add(member + each.getKey());
                found = found.isPresent() ? found : Optional.of(each.getValue().value());
            }
        }
        return found;
    }

    private boolean matches(String member, String key, Pattern pattern, String path) {
        try {
            return pattern.matcher(new Counted(path)).matches();
        } catch (TooManySteps e) {
            throw new InvalidInputException(
                    json.source(),
                    json.pathOf(member),
                    "key '" + key + "' takes forever to compare with " + path + "; write module paths",
                    e);
        }
    }

    /**
     * Refuses keys that match no module of the file: for PEFT they have no meaning, but a key that was written for other
     * names than those in the file would leave a module with the wrong scale.
     */
    void requireAllUsed() {
        for (Map.Entry<String, ? extends Map<String, ?>> each :
                Map.of(RANKS, ranks, ALPHAS, alphas).entrySet()) {
            for (String key : each.getValue().keySet()) {
                if (!used.contains(each.getKey() + key)) {
                    throw bad(each.getKey(), "key '" + key + "' matches no module of the adapter; take it out");
                }
            }
        }
    }

    private InvalidInputException bad(String member, String problem) {
        return new InvalidInputException(json.source(), json.pathOf(member), problem);
    }

    private static final class TooManySteps extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** A text that ends a comparison which backtracks without end. */
    private static final class Counted implements CharSequence {
        private final String text;
        private int steps;

        Counted(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            if (++steps > MOST_STEPS) {
                throw new TooManySteps();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
