package org.dndllm.llama;

import java.lang.reflect.Method;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.dndllm.EnvironmentException;

/**
 * Whether a loaded library is the one the bindings were generated for. llama.cpp promises no stable ABI: in another
 * build the same struct may have another size, or the same size and other offsets, so anything else is refused.
 */
final class Handshake {
    private static final String ADDRESS_SUFFIX = "$address";

    private Handshake() {}

    /** Names of every C function in a header class of the bindings. */
    static List<String> boundSymbols(Class<?> header) {
        TreeSet<String> names = new TreeSet<>();
        for (Method method : header.getMethods()) {
            if (method.getName().endsWith(ADDRESS_SUFFIX)) {
                names.add(method.getName().substring(0, method.getName().length() - ADDRESS_SUFFIX.length()));
            }
        }
        return List.copyOf(names);
    }

    /**
     * The bindings look symbols up one by one at first use; asking for all at the start turns a failure deep inside a
     * request into one message.
     *
     * @throws EnvironmentException naming all symbols that {@code present} does not know
     */
    static void requireSymbols(List<String> symbols, Predicate<String> present, String library) {
        List<String> missing =
                symbols.stream().filter(name -> present.test(name) == false).toList();
        if (missing.isEmpty() == false) {
            throw new EnvironmentException(library + " lacks " + missing.size() + " of " + symbols.size()
                    + " functions that this program calls: " + String.join(", ", missing)
                    + ". It is another build than the bindings were generated for; " + remedy());
        }
    }

    /**
     * @param llamaVersion what {@code llama_version()} answered, {@code 0.5.0-dev}
     * @param ggmlVersion what {@code ggml_version()} answered
     * @throws EnvironmentException naming both versions when they differ from {@code pin}
     */
    static void requireVersion(String llamaVersion, String ggmlVersion, NativePin pin, String library) {
        boolean sameLlama =
                llamaVersion.equals(pin.llamaVersion()) || llamaVersion.startsWith(pin.llamaVersion() + "-");
        if (sameLlama == false || ggmlVersion.equals(pin.ggmlVersion()) == false) {
            throw new EnvironmentException(library + " is llama.cpp " + llamaVersion + " with ggml " + ggmlVersion
                    + ", but the bindings were generated for llama.cpp " + pin.llamaVersion() + " with ggml "
                    + pin.ggmlVersion() + "; " + remedy());
        }
    }

    private static String remedy() {
        return "run native/install for the matching prebuilt libraries, or unset " + NativeLibrary.PATH_VARIABLE
                + " and -D" + NativeLibrary.PATH_PROPERTY
                + ", or regenerate the bindings with scripts/generate-bindings.";
    }
}
