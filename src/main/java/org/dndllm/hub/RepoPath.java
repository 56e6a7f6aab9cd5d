package org.dndllm.hub;

import java.io.File;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Names with slashes that come from a user or a server and are about to become paths and addresses. */
final class RepoPath {
    private static final int LONGEST = 1024;
    private static final Pattern FORBIDDEN = Pattern.compile("[\\p{Cntrl}\\\\]");

    /** What Windows forbids in names or gives a meaning of its own; it also drops dots and spaces at the end. */
    private static final Pattern FORBIDDEN_ON_WINDOWS = Pattern.compile("[:*?\"<>|]|[. ]$");

    private static final Pattern INVISIBLE = Pattern.compile("[\\p{Cntrl}\\p{Cf}]");

    private RepoPath() {}

    /** Whether a name stays below the folder that it is resolved against, on every system. */
    static boolean isSafe(String name) {
        return !name.isEmpty()
                && name.length() <= LONGEST
                && !FORBIDDEN.matcher(name).find()
                && Arrays.stream(name.split("/", -1)).allMatch(RepoPath::isSafeSegment);
    }

    private static boolean isSafeSegment(String segment) {
        return !segment.isEmpty()
                && !segment.equals(".")
                && !segment.equals("..")
                && (File.separatorChar == '/'
                        || !FORBIDDEN_ON_WINDOWS.matcher(segment).find());
    }

    /** A name as part of a message: no characters that steer a terminal, and not endless. */
    static String printable(String name) {
        String shown = INVISIBLE.matcher(name).replaceAll("?");
        return shown.length() <= 120 ? shown : shown.substring(0, 120) + "...";
    }

    /** Percent-encoded for an address, slashes kept. */
    static String encodeSegments(String name) {
        return Arrays.stream(name.split("/", -1)).map(RepoPath::encodeWhole).collect(Collectors.joining("/"));
    }

    /** Percent-encoded for an address, slashes too. */
    static String encodeWhole(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
