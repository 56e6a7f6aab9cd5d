package org.dndllm.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The hash by which the hub tags a file's content: SHA-256 of the bytes for large files, git's blob SHA-1 for files that
 * lie in the repository itself.
 *
 * @param hex lower-case hexadecimal digits: 64 for SHA-256, 40 for SHA-1
 */
record ContentHash(String hex) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern GIT_SHA1 = Pattern.compile("[0-9a-f]{40}");

    /** The hash in an ETag header, weak or quoted as it may be; empty when it is no hash. */
    static Optional<ContentHash> ofEtag(String etag) {
        String bare = etag.strip().replaceFirst("^W/", "").replaceAll("^\"|\"$", "");
        return SHA256.matcher(bare).matches() || GIT_SHA1.matcher(bare).matches()
                ? Optional.of(new ContentHash(bare))
                : Optional.empty();
    }

    /**
     * A digest that has this value in the end, if the content is right.
     *
     * @param size bytes of the whole content, which git's hash begins with
     */
    MessageDigest newDigest(long size) {
        try {
            if (hex.length() == 64) {
                return MessageDigest.getInstance("SHA-256");
            }
            MessageDigest digest = MessageDigest.getInstance("SHA-1");
            digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
            return digest;
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256 and SHA-1", e);
        }
    }

    /** Name of the algorithm, for messages. */
    String algorithm() {
        return hex.length() == 64 ? "SHA-256" : "git SHA-1";
    }
}
