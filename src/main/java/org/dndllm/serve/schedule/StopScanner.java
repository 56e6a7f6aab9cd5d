package org.dndllm.serve.schedule;

import java.util.List;

/**
 * Finds stop texts in an answer that comes in pieces, and holds back what may still become one. The answer ends before the
 * stop text that is complete first; where several are complete at the same character, before the one that begins first. So
 * the result does not depend on where pieces are cut. One thread at a time.
 */
final class StopScanner {
    private final List<String> stops;
    private final int longest;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    StopScanner(List<String> stops) {
        this.stops = stops;
        longest = stops.stream().mapToInt(String::length).max().orElse(0);
    }

    /** Takes the next piece and gives what surely belongs to the answer. After a stop text everything is swallowed. */
    String feed(String piece) {
        if (stopped) {
            return "";
        }
        int checked = held.length();
        held.append(piece);
        for (int end = checked + 1; end <= held.length(); end++) {
            int start = stopEndingAt(end);
            if (start >= 0) {
                stopped = true;
                held.setLength(start);
                return release(start);
            }
        }
        return release(held.length() - heldBack());
    }

    /** The rest, when the answer ends without a stop text. */
    String flush() {
        return release(held.length());
    }

    boolean isStopped() {
        return stopped;
    }

    /** Where the longest stop text that ends here begins, or -1. */
    private int stopEndingAt(int end) {
        int start = -1;
        for (String stop : stops) {
            int begin = end - stop.length();
            if (begin >= 0 && matches(stop, begin, stop.length()) && (start < 0 || begin < start)) {
                start = begin;
            }
        }
        return start;
    }

    /** Length of the longest end of the held text with which a stop text begins. */
    private int heldBack() {
        for (int length = Math.min(longest - 1, held.length()); length > 0; length--) {
            int begin = held.length() - length;
            for (String stop : stops) {
                if (length < stop.length() && matches(stop, begin, length)) {
                    return length;
                }
            }
        }
        return 0;
    }

    private boolean matches(String stop, int begin, int length) {
        for (int i = 0; i < length; i++) {
            if (held.charAt(begin + i) != stop.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private String release(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }
}
