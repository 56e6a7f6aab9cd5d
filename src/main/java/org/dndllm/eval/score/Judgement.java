package org.dndllm.eval.score;

/**
 * A judged answer.
 *
 * @param parsed what was taken for the answer; empty when {@link Verdict#UNPARSEABLE}
 */
public record Judgement(Verdict verdict, String parsed) {
    static Judgement of(boolean right, String parsed) {
        return new Judgement(right ? Verdict.RIGHT : Verdict.WRONG, parsed);
    }

    static Judgement unparseable() {
        return new Judgement(Verdict.UNPARSEABLE, "");
    }

    public boolean isRight() {
        return verdict == Verdict.RIGHT;
    }
}
