package org.dndllm.llama;

/**
 * A turn of a chat.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param content what was said
 */
public record ChatMessage(String role, String content) {
    /** A system message. */
    public static ChatMessage system(String content) {
        return new ChatMessage("system", content);
    }

    /** What the user said. */
    public static ChatMessage user(String content) {
        return new ChatMessage("user", content);
    }

    /** What the model said. */
    public static ChatMessage assistant(String content) {
        return new ChatMessage("assistant", content);
    }
}
