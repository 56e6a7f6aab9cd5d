package org.dndllm.engine;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.lora.AdapterLayout;

/**
 * {@code bundle.json}: what a generator bundle is for, how it was made, and the hash of each of its files.
 *
 * @param name a short name for people
 * @param generator family and stages; the first stage is the condition [N, L, C], the last the tokens [T, R, W]
 * @param layout how tokens become LoRA matrices of the base model
 * @param base the base model that the generator was made for
 * @param training how it was trained
 * @param files SHA-256 of every other file of the folder, by name
 */
public record BundleManifest(
        String name,
        GeneratorConfig generator,
        AdapterLayout layout,
        Base base,
        Training training,
        Map<String, String> files) {
    /** Version of this file format. */
    public static final int FORMAT_VERSION = 1;

    private static final String FORMAT = "dnd-generator-bundle";
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    /**
     * @param name the model's own {@code general.name}
     * @param sha256 of the GGUF file
     */
    public record Base(String name, String sha256) {}

    /**
     * @param trained false: random weights, for tests and demonstrations of the mechanism
     * @param description one or two sentences: objective, tasks, or how the random weights were made
     * @param seed the seed of it all
     */
    public record Training(boolean trained, String description, long seed) {}

    public BundleManifest {
        files = new TreeMap<>(files);
    }

    BundleManifest withFiles(Map<String, String> hashes) {
        return new BundleManifest(name, generator, layout, base, training, hashes);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("version", FORMAT_VERSION);
        json.put("name", name);
        json.put("generator", generator.toJson());
        json.put("layout", layout.toJson());
        json.put("base", Map.of("name", base.name(), "sha256", base.sha256()));
        Map<String, Object> how = new LinkedHashMap<>();
        how.put("trained", training.trained());
        how.put("description", training.description());
        how.put("seed", training.seed());
        json.put("training", how);
        json.put("files", files);
        return json;
    }

    static BundleManifest fromJson(JsonValue.Obj json) {
        String source = json.source();
        String format = json.string("format");
        if (!format.equals(FORMAT)) {
            throw new InvalidInputException(source, "format", "is '" + format + "', expected '" + FORMAT + "'");
        }
        long version = json.integer("version");
        if (version != FORMAT_VERSION) {
            throw new InvalidInputException(
                    source, "version", "is " + version + "; this program reads version " + FORMAT_VERSION);
        }
        JsonValue.Obj base = json.object("base");
        JsonValue.Obj training = json.object("training");
        Map<String, String> files = new TreeMap<>();
        JsonValue.Obj hashes = json.object("files");
        for (String file : hashes.members().keySet()) {
            if (file.contains("/") || file.contains("\\") || file.equals("..") || file.isEmpty()) {
                throw new InvalidInputException(source, "files", "'" + file + "' is not a plain file name");
            }
            files.put(file, hash(hashes, file));
        }
        return new BundleManifest(
                json.string("name"),
                GeneratorConfig.fromJson(json.object("generator")),
                layout(json),
                new Base(base.string("name"), hash(base, "sha256")),
                new Training(training.bool("trained"), training.string("description"), training.integer("seed")),
                files);
    }

    /** The layout's own checks know its members but not the file. */
    private static AdapterLayout layout(JsonValue.Obj json) {
        JsonValue.Obj layout = json.object("layout");
        try {
            return AdapterLayout.fromJson(layout);
        } catch (InvalidInputException e) {
            if (e.source().equals(json.source())) {
                throw e;
            }
            throw new InvalidInputException(
                    json.source(), "layout." + e.field(), "does not fit (" + e.getMessage() + ")", e);
        }
    }

    private static String hash(JsonValue.Obj json, String key) {
        String hash = json.string(key);
        if (!SHA256.matcher(hash).matches()) {
            throw new InvalidInputException(
                    json.source(),
                    json.pathOf(key),
                    "is '" + hash + "', expected 64 lower-case hexadecimal digits; export the bundle again");
        }
        return hash;
    }
}
