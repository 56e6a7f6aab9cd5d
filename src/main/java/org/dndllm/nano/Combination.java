package org.dndllm.nano;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** A rule of the compositional space: select a letter, then transform it. */
public record Combination(Selection selection, Transform transform) {

    /** One in each column that has three unseen cells, all in different rows: every row and column keeps held-out cells. */
    private static final Set<Combination> VALIDATION = Set.of(
            new Combination(Selection.FOURTH, Transform.SAME),
            new Combination(Selection.SECOND, Transform.PREVIOUS),
            new Combination(Selection.SMALLEST, Transform.UPPER),
            new Combination(Selection.FIFTH, Transform.WORD));

    /** All 48, row by row. */
    public static List<Combination> all() {
        List<Combination> all = new ArrayList<>();
        for (Selection selection : Selection.values()) {
            for (Transform transform : Transform.values()) {
                all.add(new Combination(selection, transform));
            }
        }
        return all;
    }

    static Combination draw(Random random) {
        return Mixing.pick(random, all());
    }

    /** Every third diagonal is unseen, so each row trains on 4 transforms and each column on 5 or 6 selections. */
    public Role role() {
        if ((selection.ordinal() + transform.ordinal()) % 3 != 0) {
            return Role.TRAIN;
        }
        return VALIDATION.contains(this) ? Role.VALIDATION : Role.HELD_OUT;
    }

    /** The task's name, {@code largest-next} for instance. */
    public String name() {
        return selection.label() + "-" + transform.label();
    }

    /** The rule in words, {@code largest then next} for instance. */
    String instruction() {
        return selection.label() + " then " + transform.label();
    }

    /** The right answer. */
    String answer(LetterList list) {
        return transform.of(selection.of(list));
    }
}
