package org.dndllm.serve.page;

import org.dndllm.format.Sha256;

/** A file of the page. */
public final class PageFile {
    private final byte[] content;
    private final String type;
    private final String etag;

    PageFile(byte[] content, String type) {
        this.content = content;
        this.type = type;
        etag = '"' + Sha256.of(content).substring(0, 32) + '"';
    }

    /** Its bytes. */
    public byte[] content() {
        return content.clone();
    }

    /** For {@code Content-Type}. */
    public String type() {
        return type;
    }

    /** For {@code ETag}, quotes included. */
    public String etag() {
        return etag;
    }

    /** Whether an {@code If-None-Match} header says that the browser has it. */
    public boolean isKnown(String ifNoneMatch) {
        for (String known : ifNoneMatch.split(",")) {
            String tag = known.strip();
            if (tag.equals("*") || tag.equals(etag) || tag.equals("W/" + etag)) {
                return true;
            }
        }
        return false;
    }
}
