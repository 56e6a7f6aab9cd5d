package org.dndllm.eval.experiment;

import org.dndllm.eval.Control;

/** One condition of an experiment: what answers the items of a task. */
public sealed interface Arm {
    /**
     * A control as {@code dnd eval} measures it.
     *
     * @param shots demonstrations of {@link Control#FEW_SHOT} at most; 0 for all others
     */
    record Controlled(Control control, int shots) implements Arm {
        /** A control that has no demonstrations. */
        public Controlled(Control control) {
            this(control, 0);
        }

        @Override
        public double weight(int draws) {
            return switch (control) {
                case FEW_SHOT -> draws * (1 + 0.15 * shots); // every item attends to all demonstrations
                case SHUFFLED, JUNK -> draws;
                default -> 1;
            };
        }
    }

    /**
     * Adapters from the shipped generator, one for each prompt draw.
     *
     * @param count prompts of a condition (N); 0 for as many as the generator was trained with
     */
    record Generated(Prompts prompts, int count, Form form) implements Arm {
        @Override
        public double weight(int draws) {
            return draws;
        }
    }

    /**
     * LoRAs trained on a few labelled items of the task, drawn anew for each seed: the very items whose prompts a generator
     * reads with that seed.
     *
     * @param items labelled items; all of the task where it has no more
     * @param steps of the training
     */
    record Tuned(int items, long steps) implements Arm {
        private static final double STEPS_PER_PASS = 30; // on the nano base

        @Override
        public double weight(int draws) {
            return draws * (1 + steps / STEPS_PER_PASS);
        }
    }

    /** Roughly how long a task takes, in passes over its items. */
    double weight(int draws);
}
