package org.dndllm.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.hub.PullRequest;
import org.dndllm.lora.CanonicalForm;

/** Turns flag values into the constants they name; anything else is refused with the list of what there is. */
final class Flags {
    private static final List<GgmlType> ADAPTER_TYPES =
            List.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0);

    /** The source of every refusal of a flag. */
    static final String COMMAND_LINE = "command line";

    /** Sources of refusals that only flags can cause: their own, and the option records that they fill. */
    private static final Set<String> USAGE = Set.of(
            COMMAND_LINE,
            "context options",
            "model options",
            "vision options",
            "sampler options",
            "evaluation options",
            PullRequest.SOURCE,
            "LoRA settings",
            CanonicalForm.SOURCE,
            "scheduler options",
            "serve options",
            "training options");

    private Flags() {}

    /** A flag whose value the command refuses; the process ends with exit code 2. */
    static InvalidInputException wrong(String flag, String problem) {
        return new InvalidInputException(COMMAND_LINE, flag, problem);
    }

    /** Whether what was refused is a flag and not an input. */
    static boolean isUsage(InvalidInputException refusal) {
        return USAGE.contains(refusal.source());
    }

    static <E extends Enum<E>> E oneOf(String flag, String given, Class<E> type, String name) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(name)) {
                return constant;
            }
        }
        throw unknown(
                flag,
                given,
                Arrays.stream(type.getEnumConstants())
                        .map(c -> c.name().toLowerCase(Locale.ROOT))
                        .toList());
    }

    /** An element type that llama.cpp takes in adapters, Q8_0 included. */
    static GgmlType adapterType(String flag, String given) {
        return ADAPTER_TYPES.stream()
                .filter(type -> type.name().equalsIgnoreCase(given))
                .findFirst()
                .orElseThrow(() -> unknown(flag, given, names(ADAPTER_TYPES)));
    }

    /** As {@link #adapterType}, without Q8_0. */
    static GgmlType floatType(String flag, String given) {
        GgmlType type = adapterType(flag, given);
        if (type == GgmlType.Q8_0) {
            throw unknown(flag, given, names(ADAPTER_TYPES.subList(0, 3)));
        }
        return type;
    }

    /** A count that must not be less than {@code least}. */
    static void atLeast(String flag, int given, int least) {
        if (given < least) {
            throw wrong(flag, "is " + given + ", expected at least " + least);
        }
    }

    /** A number within bounds; NaN never is. */
    static void range(String flag, double given, double least, double most) {
        if (!(given >= least && given <= most)) {
            throw wrong(flag, "is " + given + ", expected " + least + " to " + most);
        }
    }

    /** A number other than NaN and infinity. */
    static float finite(String flag, String given) {
        try {
            float number = Float.parseFloat(given);
            if (Float.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new InvalidInputException(COMMAND_LINE, flag, "'" + given + "' is not a number", e);
        }
        throw wrong(flag, "'" + given + "' is not finite");
    }

    private static List<String> names(List<GgmlType> types) {
        return types.stream().map(t -> t.name().toLowerCase(Locale.ROOT)).toList();
    }

    private static InvalidInputException unknown(String flag, String given, List<String> known) {
        return wrong(flag, "is '" + given + "', expected one of " + known);
    }
}
