package org.dndllm.serve.adapter;

import java.util.regex.Pattern;

/** Names that an adapter may have: usable as a model name, in a path of a URL and as a file name. */
final class AdapterName {
    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private AdapterName() {}

    static boolean isAllowed(String name) {
        return ALLOWED.matcher(name).matches();
    }

    static String require(String name) {
        if (!isAllowed(name)) {
            throw new AdapterException(
                    AdapterException.Code.INVALID,
                    "the adapter's name must be 1 to 64 letters, digits, dots, underscores and hyphens, the first one a"
                            + " letter or digit");
        }
        return name;
    }
}
