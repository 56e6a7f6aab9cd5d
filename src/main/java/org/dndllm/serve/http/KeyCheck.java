package org.dndllm.serve.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import org.dndllm.format.Sha256;

/** Compares keys in a time that says nothing about them: hashes of equal length, all of them, every byte. */
final class KeyCheck {
    private final List<byte[]> hashes;

    KeyCheck(List<String> keys) {
        hashes = keys.stream().map(KeyCheck::hash).toList();
    }

    boolean accepts(String key) {
        byte[] given = hash(key);
        boolean accepted = false;
        for (byte[] hash : hashes) {
            accepted |= MessageDigest.isEqual(hash, given);
        }
        return accepted;
    }

    private static byte[] hash(String key) {
        return Sha256.of(key.getBytes(StandardCharsets.UTF_8)).getBytes(StandardCharsets.US_ASCII);
    }
}
