package org.dndllm.serve.wire;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;

/**
 * The lines before a request's body, checked.
 *
 * @param target as sent
 * @param modern whether it is HTTP/1.1, not 1.0
 * @param length of the body; 0 for none
 * @param chunked whether the body comes in chunks, and its length is not known
 */
record RequestHead(String method, URI target, boolean modern, Headers headers, long length, boolean chunked) {
    private static final int MOST_BYTES = 64 << 10;
    private static final int MOST_HEADERS = 100;
    private static final int MOST_BLANK_LINES = 4;
    private static final String SIGNS = "!#$%&'*+-.^_`|~";

    /** Of what is no request. */
    static final RequestHead NONE = new RequestHead("", URI.create(""), true, new Headers(), 0, false);

    /** Reads one. */
    static RequestHead read(Inbound in) throws IOException {
        int[] left = {MOST_BYTES};
        String line = line(in, left);
        for (int blank = 0; line.isEmpty() && blank < MOST_BLANK_LINES; blank++) {
            line = line(in, left); // RFC 9112 2.2: some clients end a body with a line of its own
        }
        String[] words = line.split(" ", -1);
        if (words.length != 3 || !isToken(words[0]) || words[1].isEmpty()) {
            throw new MalformedRequestException(
                    400, "the first line is no request: METHOD TARGET HTTP/1.1 is expected");
        }
        if (!words[2].equals("HTTP/1.1") && !words[2].equals("HTTP/1.0")) {
            boolean other = words[2].matches("HTTP/\\d(\\.\\d)?");
            throw new MalformedRequestException(other ? 505 : 400, "HTTP/1.1 is spoken here");
        }
        return of(words[0], target(words[1]), words[2].equals("HTTP/1.1"), headers(in, left));
    }

    private static RequestHead of(String method, URI target, boolean modern, Headers headers)
            throws MalformedRequestException {
        List<String> encodings = headers.all("Transfer-Encoding");
        List<String> lengths = headers.all("Content-Length");
        if (!encodings.isEmpty() && !lengths.isEmpty()) {
            throw new MalformedRequestException(400, "Content-Length and Transfer-Encoding exclude each other");
        }
        if (!encodings.isEmpty() && (!modern || encodings.size() != 1)) {
            throw new MalformedRequestException(400, "one Transfer-Encoding is expected, in HTTP/1.1");
        }
        if (!encodings.isEmpty() && !encodings.getFirst().equalsIgnoreCase("chunked")) {
            throw new MalformedRequestException(501, "chunked is the only Transfer-Encoding that is known here");
        }
        if (lengths.size() > 1 || lengths.stream().anyMatch(each -> !each.matches("\\d{1,18}"))) {
            throw new MalformedRequestException(400, "one Content-Length is expected, a number of bytes");
        }
        long length = lengths.isEmpty() ? 0 : Long.parseLong(lengths.getFirst());
        return new RequestHead(method, target, modern, headers, length, !encodings.isEmpty());
    }

    private static URI target(String text) throws MalformedRequestException {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new MalformedRequestException(400, "the target of the request is no address");
        }
    }

    private static Headers headers(Inbound in, int[] left) throws IOException {
        Headers headers = new Headers();
        int count = 0;
        for (String line = line(in, left); !line.isEmpty(); line = line(in, left)) {
            int colon = line.indexOf(':');
            if (colon < 0 || !isToken(line.substring(0, colon))) {
                throw new MalformedRequestException(400, "a header is no NAME: VALUE");
            }
            if (++count > MOST_HEADERS) {
                throw new MalformedRequestException(431, "more than " + MOST_HEADERS + " headers; send fewer");
            }
            headers.add(line.substring(0, colon), line.substring(colon + 1).strip());
        }
        return headers;
    }

    private static boolean isToken(String text) {
        return !text.isEmpty()
                && text.chars()
                        .allMatch(each -> each < 128 && (Character.isLetterOrDigit(each) || SIGNS.indexOf(each) >= 0));
    }

    /** A line without its end, which must be CR LF; takes its bytes from what is left. */
    static String line(Inbound in, int[] left) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.next(); next != '\r'; next = in.next()) {
            if (--left[0] <= 0) {
                throw new MalformedRequestException(431, "the lines before the body are too long; send less");
            }
            if (next < ' ' && next != '\t' || next == 127) {
                throw new MalformedRequestException(400, "a control character among the lines before the body");
            }
            line.append((char) next); // ISO 8859-1
        }
        left[0] -= 2;
        if (in.next() != '\n') {
            throw new MalformedRequestException(400, "a line does not end with CR LF");
        }
        return line.toString();
    }

    /** Whether the client keeps the connection for a further request. */
    boolean keepsAlive() {
        return modern && !headers.lists("Connection", "close");
    }

    /** Whether the client waits for a word before it sends the body. */
    boolean expectsContinue() {
        return modern && headers.lists("Expect", "100-continue");
    }
}
