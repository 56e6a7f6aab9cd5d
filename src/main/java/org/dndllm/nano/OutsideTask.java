package org.dndllm.nano;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Tasks outside the space: other words, other kinds of list, and nothing that the base model was taught. */
enum OutsideTask {
    COUNT_DIGITS("digit-count") {
        @Override
        Draft next(Random random) {
            List<String> digits = digits(random, 3 + random.nextInt(6));
            return draft("how many digits are here : " + String.join(" ", digits), digits.size(), digits);
        }
    },
    REVERSE_DIGITS("digit-reverse") {
        @Override
        Draft next(Random random) {
            List<String> digits = digits(random, 3 + random.nextInt(3));
            return draft(
                    "turn these digits around : " + String.join(" ", digits),
                    String.join(" ", digits.reversed()),
                    digits);
        }
    },
    SUM("number-sum") {
        @Override
        Draft next(Random random) {
            int a = 1 + random.nextInt(99);
            int b = 1 + random.nextInt(99);
            return draft("what is " + a + " plus " + b + " ?", a + b, numbers(a, b));
        }
    },
    BIGGER("number-bigger") {
        @Override
        Draft next(Random random) {
            int a = 1 + random.nextInt(99);
            int b = 1 + Mixing.other(random, a - 1, 99);
            return draft("which number is bigger , " + a + " or " + b + " ?", Math.max(a, b), numbers(a, b));
        }
    },
    COLOUR("colour-question") {
        @Override
        Draft next(Random random) {
            int first = random.nextInt(THINGS.size());
            String thing = THINGS.get(first);
            String otherThing = THINGS.get(Mixing.other(random, first, THINGS.size()));
            String colour = Mixing.pick(random, COLOURS);
            String otherColour = Mixing.pick(random, COLOURS);
            String asked = random.nextBoolean() ? thing : otherThing;
            return draft(
                    "my " + thing + " is " + colour + " and your " + otherThing + " is " + otherColour
                            + " . what colour is " + (asked.equals(thing) ? "my " : "your ") + asked + " ?",
                    asked.equals(thing) ? colour : otherColour,
                    List.of(thing + colour, otherThing + otherColour));
        }
    };

    static final List<String> COLOURS = List.of("red blue green brown black white pink grey".split(" "));
    static final List<String> THINGS = List.of("car house shirt chair lamp door bike coat shoe tent".split(" "));

    /** An item and what decides its split. */
    record Draft(String content, Turn turn) {}

    private final String label;

    OutsideTask(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    /** @throws java.util.NoSuchElementException when there is none */
    static OutsideTask named(String label) {
        return Arrays.stream(values())
                .filter(task -> task.label.equals(label))
                .findFirst()
                .orElseThrow();
    }

    abstract Draft next(Random random);

    /** An item of a split. */
    Turn draw(Random random, WorldSpec spec, Split split) {
        while (true) {
            Draft draft = next(random);
            if (Split.of(draft.content(), spec) == split) {
                return draft.turn();
            }
        }
    }

    /** As with letters, all orders of a list share its split. */
    private static Draft draft(String prompt, Object answer, List<String> content) {
        List<String> sorted = new ArrayList<>(content);
        Collections.sort(sorted);
        return new Draft(String.join(" ", sorted), new Turn(prompt, answer.toString()));
    }

    private static List<String> digits(Random random, int count) {
        List<String> digits = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            digits.add(Integer.toString(random.nextInt(10)));
        }
        return digits;
    }

    private static List<String> numbers(int a, int b) {
        return List.of(Integer.toString(a), Integer.toString(b));
    }
}
