package org.dndllm.eval;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What a task is answered by: the base model, the generated adapter, and all that it must be compared with. */
public enum Control {
    /** No adapter. */
    BASE("base model"),
    /** Adapters generated from the task's own training prompts, one per seed. */
    GENERATED("generated adapter"),
    /** The LoRAs of all training tasks, averaged: the paper's only comparison. */
    TRAINING_MEAN("training LoRAs, mean"),
    /** The best of them, chosen on the test items themselves: more than a user could know. */
    TRAINING_BEST("best training LoRA (chosen on the test items)"),
    /** The LoRA of the training task whose prompts are most alike, which a user could pick. */
    NEAREST("nearest training LoRA by prompt embedding"),
    /** One LoRA of the same rank trained on all training tasks together. */
    MULTITASK("multitask LoRA"),
    /** Adapters generated from other tasks' prompts. */
    SHUFFLED("generated from another task's prompts"),
    /** Adapters generated from nonsense. */
    JUNK("generated from junk prompts"),
    /** Labelled training items as turns of the conversation before the question. */
    FEW_SHOT("few-shot in context (labelled)"),
    /** A LoRA trained on the task's own labelled training split. */
    OWN_LABELS("LoRA trained on the task's labels");

    private final String title;

    Control(String title) {
        this.title = title;
    }

    /** For people. */
    public String title() {
        return title;
    }

    /** For files and JSON. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The control of that label; empty for what a newer program may have written. */
    public static Optional<Control> labelled(String label) {
        return Arrays.stream(values())
                .filter(control -> control.label().equals(label))
                .findFirst();
    }

    /** Base model and generated adapter alone. */
    public static Set<Control> plain() {
        return EnumSet.of(BASE, GENERATED);
    }

    /** Everything. */
    public static Set<Control> all() {
        return EnumSet.allOf(Control.class);
    }
}
