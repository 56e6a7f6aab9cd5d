package org.dndllm.nano;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Documents from which the base model learns every skill and every wording, but not which skill a wording asks for: cues
 * are uniform and tell nothing about the answer. Lists are training lists. Immutable.
 */
final class BaseText {
    private final WorldSpec spec;

    BaseText(WorldSpec spec) {
        this.spec = spec;
    }

    /** The turns of one document; a function of seed and index. */
    List<Turn> document(long index) {
        Random random = Mixing.random(spec.seed(), "base", index);
        double kind = random.nextDouble();
        Combination rule = Combination.draw(random);
        if (kind < spec.instructionShare()) {
            return List.of(instruction(rule, random, Split.TRAIN));
        }
        if (kind < spec.instructionShare() + spec.cueShare()) {
            return List.of(cued(rule, random));
        }
        // One hidden rule for the whole conversation: what came before shows it.
        List<Turn> turns = new ArrayList<>(spec.turns());
        for (int i = 0; i < spec.turns(); i++) {
            turns.add(cued(rule, random));
        }
        return List.copyOf(turns);
    }

    /** An instruction over a train list. */
    Turn instruction(long index) {
        Random random = Mixing.random(spec.seed(), "instruction", index);
        return instruction(Combination.draw(random), random, Split.TRAIN);
    }

    /** Instructions over lists of a split, the rules in turn. */
    List<Turn> instructions(Split split, int count) {
        Random random = Mixing.random(spec.seed(), "instructions " + split.label(), 0);
        List<Combination> rules = Combination.all();
        List<Turn> turns = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            turns.add(instruction(rules.get(i % rules.size()), random, split));
        }
        return List.copyOf(turns);
    }

    private Turn instruction(Combination rule, Random random, Split split) {
        LetterList list = LetterList.draw(random, spec, split);
        return new Turn(rule.instruction() + " : " + list.text(), rule.answer(list));
    }

    private Turn cued(Combination rule, Random random) {
        CueSentence sentence = CueSentence.uniform(random, spec);
        return new Turn(sentence.text(), rule.answer(sentence.list()));
    }
}
