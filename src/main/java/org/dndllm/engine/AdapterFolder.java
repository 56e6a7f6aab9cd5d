package org.dndllm.engine;

import java.nio.file.Path;
import org.dndllm.InvalidInputException;
import org.dndllm.lora.PeftAdapter;

/** What counts as an adapter folder, so that replacing one never deletes anything else. */
public final class AdapterFolder {
    private AdapterFolder() {}

    /**
     * Refuses an existing folder that is neither empty nor an adapter: a mistyped target must not cost a home folder.
     *
     * @param folder about to be replaced; may be absent
     * @throws InvalidInputException if it holds something other than an adapter
     */
    public static void requireReplaceable(Path folder) {
        ReplaceableFolder.require(folder, PeftAdapter.CONFIG_FILE, "is not an adapter");
    }
}
