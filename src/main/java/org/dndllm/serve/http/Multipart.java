package org.dndllm.serve.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bodies of type {@code multipart/form-data} (RFC 7578, boundaries as in RFC 2046 section 5.1.1). A text before the first
 * boundary and one after the last are skipped, as the latter asks; everything else must be exactly so.
 */
final class Multipart {
    static final String TYPE = "multipart/form-data";
    private static final String BODY = "request body";
    private static final String LINE = "\r\n";
    private static final int MOST_PARTS = 32;
    private static final int MOST_HEAD = 4096;
    private static final Pattern BOUNDARY = Pattern.compile(
            ";\\s*boundary=(?:\"([\\w'()+,./:=? -]{0,69}[\\w'()+,./:=?-])\"|([\\w'+.-]{1,70}))\\s*(?:;|$)",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern DISPOSITION =
            Pattern.compile("content-disposition:\\s*form-data\\s*(;.*)", Pattern.CASE_INSENSITIVE);
    private static final Pattern ENCODING =
            Pattern.compile("content-transfer-encoding:\\s*(?!7bit|8bit|binary).*", Pattern.CASE_INSENSITIVE);
    private static final Pattern PARAMETER = Pattern.compile(
            ";\\s*(name|filename)=(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^\\s\";]++))", Pattern.CASE_INSENSITIVE);

    private Multipart() {}

    /**
     * One part.
     *
     * @param file name of the file that it holds, as the client has it; empty for a plain field
     */
    record Part(String name, Optional<String> file, byte[] content) {
        String text() {
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(content))
                        .toString();
            } catch (CharacterCodingException e) {
                throw ApiException.field(name, "is not valid UTF-8");
            }
        }
    }

    /**
     * All parts, in their order.
     *
     * @param type value of the header Content-Type
     */
    static List<Part> parse(byte[] body, String type) {
        String delimiter = LINE + "--" + boundary(type);
        String text = LINE + new String(body, StandardCharsets.ISO_8859_1); // a char for each byte
        List<Part> parts = new ArrayList<>();
        int at = find(text, delimiter, 0);
        while (!text.startsWith("--", at + delimiter.length())) {
            int line = text.indexOf(LINE, at + delimiter.length());
            if (line < 0 || !text.substring(at + delimiter.length(), line).isBlank()) {
                throw malformed("has a boundary with other text behind it");
            }
            int end = find(text, delimiter, line);
            if (parts.size() == MOST_PARTS) {
                throw malformed("has more than " + MOST_PARTS + " parts");
            }
            parts.add(part(text.substring(line + LINE.length(), Math.max(end, line + LINE.length()))));
            at = end;
        }
        return parts;
    }

    private static int find(String text, String delimiter, int from) {
        int at = text.indexOf(delimiter, from);
        if (at < 0) {
            throw malformed("ends before its closing boundary; it was cut, or the boundary in Content-Type is another");
        }
        return at;
    }

    private static String boundary(String type) {
        Matcher matcher = BOUNDARY.matcher(type);
        if (!matcher.find()) {
            throw malformed("needs a boundary of up to 70 characters in its Content-Type");
        }
        return matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
    }

    private static Part part(String text) {
        int head = text.indexOf(LINE + LINE);
        if (head < 0 || head > MOST_HEAD) {
            throw malformed("has a part whose headers do not end within " + MOST_HEAD + " bytes");
        }
        Map<String, String> parameters = new HashMap<>();
        for (String header : text.substring(0, head).split(LINE, -1)) {
            if (ENCODING.matcher(header).matches()) {
                throw malformed("has an encoded part; send parts as they are");
            }
            Matcher disposition = DISPOSITION.matcher(header);
            if (disposition.matches()) {
                addParameters(disposition.group(1), parameters);
            }
        }
        String name = parameters.getOrDefault("name", "");
        if (name.isEmpty()) {
            throw malformed("has a part without Content-Disposition: form-data; name=\"...\"");
        }
        byte[] content = text.substring(head + 2 * LINE.length()).getBytes(StandardCharsets.ISO_8859_1);
        return new Part(name, Optional.ofNullable(parameters.get("filename")), content);
    }

    private static void addParameters(String text, Map<String, String> parameters) {
        Matcher matcher = PARAMETER.matcher(text);
        while (matcher.find()) {
            String value = matcher.group(2) == null ? matcher.group(3) : matcher.group(2);
            if (parameters.put(matcher.group(1).toLowerCase(Locale.ROOT), value) != null) {
                throw malformed("has a part with two names");
            }
        }
    }

    private static ApiException malformed(String problem) {
        return ApiException.field(BODY, problem);
    }
}
