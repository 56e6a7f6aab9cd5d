package org.dndllm.cli.nano;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;

/** {@code MANIFEST.json} of a shipped set, as {@link ShipStage} writes it, after one of its files changed. */
public final class ShippedManifest {
    private ShippedManifest() {}

    /**
     * Brings size and hash of a file of a bundle up to date in the manifest beside the bundle. Does nothing where there is
     * none, or where it does not list the file.
     */
    public static void refresh(Path file) {
        Path bundle = file.toAbsolutePath().normalize().getParent();
        if (bundle == null || bundle.getParent() == null) {
            return;
        }
        Path manifest = bundle.resolveSibling(ShipStage.MANIFEST);
        if (!Files.isRegularFile(manifest)) {
            return;
        }
        try {
            String name = bundle.getFileName() + "/" + file.getFileName();
            JsonValue.Obj root = JsonValue.parse(Files.readAllBytes(manifest), manifest.toString())
                    .asObject(manifest.toString());
            AtomicFile.writeString(manifest, JsonWriter.write(refreshed(root, name, file)));
        } catch (IOException e) {
            throw new InvalidInputException(manifest.toString(), "file", "cannot be read: " + e.getMessage(), e);
        }
    }

    private static Map<String, Object> refreshed(JsonValue.Obj root, String name, Path file) throws IOException {
        List<Map<String, Object>> files = new ArrayList<>();
        for (JsonValue.Obj entry : root.array("files").objects()) {
            Map<String, Object> copy = new LinkedHashMap<>(entry.members());
            if (entry.string("file").equals(name)) {
                copy.put("bytes", Files.size(file));
                copy.put("sha256", Sha256.of(file));
            }
            files.add(copy);
        }
        Map<String, Object> json = new LinkedHashMap<>(root.members());
        json.put("files", files);
        return json;
    }
}
