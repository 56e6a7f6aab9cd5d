package org.dndllm.serve.schedule;

import java.util.List;

/**
 * A token and how likely the model held it, before temperature and the like.
 *
 * @param token id
 * @param logprob natural logarithm of its probability
 * @param alternatives the likeliest tokens, best first; as many as were asked for
 */
public record TokenLogprob(int token, double logprob, List<Alternative> alternatives) {
    /** One of the likeliest tokens. */
    public record Alternative(int token, double logprob) {}

    public TokenLogprob {
        alternatives = List.copyOf(alternatives);
    }
}
