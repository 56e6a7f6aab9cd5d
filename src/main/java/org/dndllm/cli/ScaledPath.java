package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An adapter and its factor, as the flags {@code --lora FILE} and {@code --lora-scaled FILE:SCALE} name them. */
record ScaledPath(Path path, float scale) {

    /** Those of {@code --lora}, at scale 1, then those of {@code --lora-scaled}. */
    static List<ScaledPath> of(List<Path> plain, List<String> scaled) {
        List<ScaledPath> all = new ArrayList<>();
        plain.forEach(path -> all.add(new ScaledPath(path, 1)));
        for (String each : scaled) {
            int colon = each.lastIndexOf(':');
            if (colon <= 0) {
                throw Flags.wrong("--lora-scaled", "is '" + each + "', expected FILE:SCALE");
            }
            float scale = Flags.finite("--lora-scaled", each.substring(colon + 1));
            all.add(new ScaledPath(Path.of(each.substring(0, colon)), scale));
        }
        return all;
    }
}
