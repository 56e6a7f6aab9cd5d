package org.dndllm.synth;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Texts for vocabularies, and an independent reading of the byte alphabet. */
final class TextSample {
    private static final Pattern ONE_WORD = Pattern.compile(
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    private TextSample() {}

    /** A few hundred sentences from a small grammar; every call gives the same. */
    static String english() {
        String[] who = {"The teacher", "A small dog", "My neighbour", "The old captain", "Nobody"};
        String[] does = {"answers", "remembers", "builds", "measures", "forgets"};
        String[] what = {"the question", "a wooden bridge", "these numbers", "another story", "the weather"};
        StringBuilder text = new StringBuilder();
        for (String subject : who) {
            for (String verb : does) {
                for (String object : what) {
                    text.append(subject)
                            .append(' ')
                            .append(verb)
                            .append(' ')
                            .append(object)
                            .append(".\n");
                }
            }
        }
        return text.toString();
    }

    /** Whether Qwen2's pre-tokeniser, started on this text alone, takes all of it at once. */
    static boolean isOneWord(String text) {
        var matcher = ONE_WORD.matcher(text);
        return matcher.lookingAt() && matcher.end() == text.length();
    }

    /** The text of a token in GPT-2's alphabet, built from OpenAI's description of it; U+FFFD where bytes are no text. */
    static String decodeBytes(String token) {
        Map<Integer, Integer> byteOf = new HashMap<>();
        int extra = 0;
        for (int b = 0; b < 256; b++) {
            boolean visible = (b > 32 && b < 127) || (b > 160 && b < 173) || b > 173;
            byteOf.put(visible ? b : 256 + extra++, b);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        token.chars().forEach(c -> bytes.write(byteOf.get(c)));
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
