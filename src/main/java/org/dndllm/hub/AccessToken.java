package org.dndllm.hub;

import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;

/**
 * The user's secret for private and gated repositories; never printed.
 *
 * @param value the secret itself
 * @param origin where it was found, for messages
 */
public record AccessToken(String value, String origin) {
    private static final Pattern VISIBLE = Pattern.compile("[\\x21-\\x7e]+");

    /** @throws InvalidInputException when a header could not carry it */
    public AccessToken {
        if (!VISIBLE.matcher(value).matches()) {
            throw new InvalidInputException(
                    origin, "token", "holds spaces or other characters that no token has; write the token alone");
        }
    }

    @Override
    public String toString() {
        return "token from " + origin;
    }
}
