package org.dndllm.cli;

import org.dndllm.engine.TargetPreset;

/** A preset by its name; another name is a usage error. */
final class PresetFlag {
    private PresetFlag() {}

    static TargetPreset named(String name) {
        return named("--preset", name);
    }

    static TargetPreset named(String flag, String name) {
        if (!TargetPreset.names().contains(name)) {
            throw Flags.wrong(flag, "is '" + name + "', expected one of " + TargetPreset.names());
        }
        return TargetPreset.named(name);
    }
}
