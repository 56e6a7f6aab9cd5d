package org.dndllm.engine;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionText;
import org.dndllm.format.GgufFile;
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
 * @param results what its adapters were measured to do; absent until {@code dnd eval --record}
 */
public record BundleManifest(
        String name,
        GeneratorConfig generator,
        AdapterLayout layout,
        Base base,
        Training training,
        Map<String, String> files,
        Optional<MeasuredResults> results) {
    /** Version of this file format. */
    public static final int FORMAT_VERSION = 1;

    private static final String FORMAT = "dnd-generator-bundle";
    private static final String RUN = "run";
    private static final String RESULTS = "results";
    private static final String CONDITION_TEXT = "condition_text";
    private static final String VALIDATION_LOSS = "validation_loss";
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    /**
     * @param name the model's own {@code general.name}, or what it was called by
     * @param sha256 of the GGUF file; absent where only the model's shape was known
     */
    public record Base(String name, Optional<String> sha256) {
        /** A model whose file is known. */
        public Base(String name, String sha256) {
            this(name, Optional.of(sha256));
        }

        /**
         * Reads name and hash of a model.
         *
         * @throws InvalidInputException when it is no GGUF file
         */
        public static Base ofGguf(Path gguf) {
            try (GgufFile file = GgufFile.open(gguf)) {
                String name = file.findString("general.name")
                        .orElseGet(() -> gguf.getFileName().toString());
                return new Base(name, GgufFile.sha256(gguf));
            }
        }
    }

    /**
     * @param trained false: random weights, for tests and demonstrations of the mechanism
     * @param description one or two sentences: objective, tasks, or how the random weights were made
     * @param seed the seed of it all
     * @param run the training run; absent for random weights and in bundles made before it was noted
     */
    public record Training(boolean trained, String description, long seed, Optional<Run> run) {
        /** Without a run. */
        public Training(boolean trained, String description, long seed) {
            this(trained, description, seed, Optional.empty());
        }

        /** What of the items conditions were made of; prompts, where that was not noted. */
        public ConditionText conditionText() {
            return run.map(Run::conditionText).orElse(ConditionText.PROMPTS);
        }
    }

    /**
     * How a trained generator came about.
     *
     * @param objective {@code task}, {@code recon} or {@code recon+task}
     * @param conditionText what of the items conditions were made of
     * @param tasks names of the training tasks
     * @param steps taken
     * @param bestStep after which the weights were as they are here
     * @param seconds that the steps took
     * @param validationLoss at that step, where the run validated
     */
    public record Run(
            String objective,
            ConditionText conditionText,
            List<String> tasks,
            long steps,
            long bestStep,
            double seconds,
            OptionalDouble validationLoss) {
        public Run {
            tasks = List.copyOf(tasks);
        }

        private Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("objective", objective);
            json.put(CONDITION_TEXT, conditionText.label());
            json.put("tasks", tasks);
            json.put("steps", steps);
            json.put("best_step", bestStep);
            json.put("seconds", seconds);
            validationLoss.ifPresent(loss -> json.put(VALIDATION_LOSS, loss));
            return json;
        }

        private static Run fromJson(JsonValue.Obj json) {
            String label = json.string(CONDITION_TEXT);
            ConditionText text = ConditionText.named(label)
                    .orElseThrow(() -> new InvalidInputException(
                            json.source(),
                            json.pathOf(CONDITION_TEXT),
                            "is '" + label + "', expected prompts, prompts+answers or mixed"));
            return new Run(
                    json.string("objective"),
                    text,
                    json.array("tasks").strings(),
                    json.integer("steps"),
                    json.integer("best_step"),
                    json.number("seconds"),
                    json.has(VALIDATION_LOSS)
                            ? OptionalDouble.of(json.number(VALIDATION_LOSS))
                            : OptionalDouble.empty());
        }
    }

    public BundleManifest {
        files = new TreeMap<>(files);
    }

    BundleManifest withFiles(Map<String, String> hashes) {
        return new BundleManifest(name, generator, layout, base, training, hashes, results);
    }

    BundleManifest withResults(MeasuredResults measured) {
        return new BundleManifest(name, generator, layout, base, training, files, Optional.of(measured));
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("version", FORMAT_VERSION);
        json.put("name", name);
        json.put("generator", generator.toJson());
        json.put("layout", layout.toJson());
        Map<String, Object> model = new LinkedHashMap<>(); // ordered: equal bundles have equal manifests
        model.put("name", base.name());
        base.sha256().ifPresent(hash -> model.put("sha256", hash));
        json.put("base", model);
        Map<String, Object> how = new LinkedHashMap<>();
        how.put("trained", training.trained());
        how.put("description", training.description());
        how.put("seed", training.seed());
        training.run().ifPresent(run -> how.put(RUN, run.toJson()));
        json.put("training", how);
        json.put("files", files);
        results.ifPresent(measured -> json.put(RESULTS, measured.toJson()));
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
                new Base(
                        base.string("name"), base.has("sha256") ? Optional.of(hash(base, "sha256")) : Optional.empty()),
                training(json.object("training")),
                files,
                json.has(RESULTS) ? Optional.of(MeasuredResults.fromJson(json.object(RESULTS))) : Optional.empty());
    }

    private static Training training(JsonValue.Obj json) {
        return new Training(
                json.bool("trained"),
                json.string("description"),
                json.integer("seed"),
                json.has(RUN) ? Optional.of(Run.fromJson(json.object(RUN))) : Optional.empty());
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

    static String hash(JsonValue.Obj json, String key) {
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
