package org.dndllm.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;
import org.dndllm.generator.LoraGenerator;
import org.dndllm.generator.Stage;
import org.dndllm.lora.BaseShape;
import org.dndllm.onnx.SessionOptions;

/**
 * A folder with everything that generation needs besides the base model: {@code generator.onnx}, the sentence encoder
 * ({@code encoder.onnx}, {@code config.json}, vocabulary) and {@code bundle.json}. Opening it verifies every hash, so
 * that a half-copied or edited bundle is refused instead of giving strange adapters.
 *
 * @param folder where it is
 * @param manifest what {@code bundle.json} says
 * @param sha256 of {@code bundle.json}, which holds the hashes of all other files: the identity of the bundle
 */
public record GeneratorBundle(Path folder, BundleManifest manifest, String sha256) {
    static final String MANIFEST = "bundle.json";
    static final String GENERATOR = "generator.onnx";

    /**
     * Opens and verifies a bundle.
     *
     * @throws InvalidInputException if a file is absent, changed, or does not fit the others
     */
    public static GeneratorBundle open(Path folder) {
        GeneratorBundle bundle = unverified(folder);
        bundle.checkShapes(folder.resolve(MANIFEST).toString());
        bundle.checkHashes();
        bundle.refuseUnlisted();
        return bundle;
    }

    /**
     * What a bundle says of itself, without a look at its other files.
     *
     * @throws InvalidInputException if there is no bundle or its manifest is malformed
     */
    public static BundleManifest manifest(Path folder) {
        return unverified(folder).manifest;
    }

    /** The identity of a bundle, without a look at its other files; throws as {@link #manifest(Path)}. */
    public static String identity(Path folder) {
        return unverified(folder).sha256;
    }

    private static GeneratorBundle unverified(Path folder) {
        Path file = folder.resolve(MANIFEST);
        if (!Files.isRegularFile(file)) {
            throw new InvalidInputException(
                    folder.toString(),
                    MANIFEST,
                    "is not there; a generator bundle is a folder made by dnd train or dnd import");
        }
        byte[] bytes = read(file);
        return new GeneratorBundle(folder, BundleManifest.fromJson(root(bytes, file.toString())), Sha256.of(bytes));
    }

    /**
     * Completes a bundle: hashes all files that are in the folder and writes {@code bundle.json} beside them.
     *
     * @param folder holds the ONNX graphs and the vocabulary already
     */
    public static GeneratorBundle seal(
            Path folder,
            String name,
            org.dndllm.generator.GeneratorConfig generator,
            org.dndllm.lora.AdapterLayout layout,
            BundleManifest.Base base,
            BundleManifest.Training training) {
        Map<String, String> hashes = new TreeMap<>();
        for (String file : plainFiles(folder)) {
            hashes.put(file, Sha256.of(folder.resolve(file)));
        }
        BundleManifest manifest = new BundleManifest(name, generator, layout, base, training, hashes, Optional.empty());
        AtomicFile.writeString(folder.resolve(MANIFEST), JsonWriter.write(manifest.toJson()));
        return open(folder);
    }

    /**
     * Adds (or replaces) the statistics of the training tasks, by which generated adapters get an out-of-distribution
     * score. Interrupted half way, the bundle is refused at the next opening, as any edited bundle; calibrate again.
     *
     * @param tasks names of the training tasks, for the record
     * @param seed of the calibration, for the record
     */
    public GeneratorBundle withOutOfDistribution(OutOfDistribution statistics, List<String> tasks, long seed) {
        Path file = folder.resolve(OutOfDistribution.FILE);
        statistics.write(
                file,
                Map.of(
                        "tasks", String.join(",", tasks),
                        "prompts", Integer.toString(prompts()),
                        "quantile", Double.toString(OodCalibration.QUANTILE),
                        "seed", Long.toString(seed)));
        Map<String, String> hashes = new TreeMap<>(manifest.files());
        hashes.put(OutOfDistribution.FILE, Sha256.of(file));
        AtomicFile.writeString(
                folder.resolve(MANIFEST),
                JsonWriter.write(manifest.withFiles(hashes).toJson()));
        return open(folder);
    }

    /**
     * Refuses what {@link #withResults} would refuse, before hours go into measuring.
     *
     * @param replace whether results that are there give way
     * @throws InvalidInputException if there are results that may not be replaced
     * @throws EnvironmentException if the bundle cannot be written
     */
    public void requireRecordable(boolean replace) {
        Path file = folder.resolve(MANIFEST);
        if (!replace && manifest.results().isPresent()) {
            throw new InvalidInputException(
                    file.toString(),
                    "results",
                    "are there already, of " + manifest.results().get().date()
                            + "; let them be replaced to measure again");
        }
        if (!Files.isWritable(folder) || !Files.isWritable(file)) {
            throw new EnvironmentException(
                    file + ": cannot be written, so results cannot be recorded in it; copy the bundle to a folder of"
                            + " your own and use that one");
        }
    }

    /**
     * Adds (or replaces) what the bundle's adapters were measured to do. The identity of the bundle changes with it, as the
     * results say; no other file does. Written whole or not at all.
     *
     * @param replace whether results that are there give way
     * @throws InvalidInputException as {@link #requireRecordable}, or if the results are of another bundle
     */
    public GeneratorBundle withResults(MeasuredResults results, boolean replace) {
        requireRecordable(replace);
        if (!results.bundle().equals(sha256)) {
            throw new InvalidInputException(
                    folder.resolve(MANIFEST).toString(),
                    "results",
                    "were measured on the bundle " + results.bundle() + ", this one is " + sha256
                            + "; it was changed meanwhile, measure again");
        }
        AtomicFile.writeString(
                folder.resolve(MANIFEST),
                JsonWriter.write(manifest.withResults(results).toJson()));
        return open(folder);
    }

    /** Statistics for the out-of-distribution score, where the bundle has them. */
    Optional<OutOfDistribution> outOfDistribution(int width) {
        return manifest.files().containsKey(OutOfDistribution.FILE)
                ? Optional.of(OutOfDistribution.read(folder.resolve(OutOfDistribution.FILE), width))
                : Optional.empty();
    }

    /**
     * Refuses a base model that takes other adapters.
     *
     * @param base where that model is, for the message
     * @throws InvalidInputException if the bundle's adapters do not fit it
     */
    public void requireBase(BaseShape shape, Path base) {
        if (!shape.takesAdaptersOf(manifest.layout().shape())) {
            throw new InvalidInputException(
                    folder.toString(),
                    "layout",
                    "is for " + manifest.layout().shape() + ", but " + base + " is " + shape
                            + "; use a bundle made for this base model");
        }
    }

    /** The decoder graph. */
    public Path generatorFile() {
        return folder.resolve(GENERATOR);
    }

    /**
     * Opens the decoder by itself; the caller closes it.
     *
     * @throws InvalidInputException when it is no generator of the bundle's configuration
     * @throws org.dndllm.EnvironmentException when ONNX Runtime, a forced provider or the place for layouts cannot be used
     */
    public LoraGenerator openGenerator(SessionOptions options) {
        return LoraGenerator.open(generatorFile(), manifest.generator(), options, generatorIdentity());
    }

    /** A hash of the decoder graph and its weights, whatever else the bundle says. */
    private String generatorIdentity() {
        StringBuilder hashes = new StringBuilder();
        manifest.files().forEach((file, hash) -> {
            if (file.startsWith(GENERATOR)) {
                hashes.append(hash);
            }
        });
        return Sha256.of(hashes.toString().getBytes(StandardCharsets.US_ASCII));
    }

    /** How many prompts a condition has (N). */
    public int prompts() {
        return manifest.generator().stages().getFirst().n();
    }

    /** How many token positions of each prompt are read (L). */
    public int length() {
        return manifest.generator().textLength();
    }

    private void checkShapes(String source) {
        List<Stage> stages = manifest.generator().stages();
        Stage last = stages.getLast();
        var layout = manifest.layout();
        if (last.n() != layout.tokens() || last.l() != layout.rows() || last.c() != layout.columns()) {
            throw new InvalidInputException(
                    source,
                    "generator.stages",
                    "the last stage is " + last + ", but the layout needs " + layout.tokens() + " tokens of "
                            + layout.rows() + " x " + layout.columns());
        }
    }

    private void checkHashes() {
        if (!manifest.files().containsKey(GENERATOR)) {
            throw new InvalidInputException(folder.resolve(MANIFEST).toString(), "files", "does not list " + GENERATOR);
        }
        VerifiedFiles files = new VerifiedFiles(folder);
        manifest.files().forEach((name, expected) -> {
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file)) {
                throw new InvalidInputException(
                        file.toString(), "file", "is listed in bundle.json but absent; copy the whole bundle again");
            }
            String actual = files.sha256(name);
            if (!actual.equals(expected)) {
                throw new InvalidInputException(
                        file.toString(),
                        "sha256",
                        "is " + actual + ", bundle.json says " + expected + "; copy the whole bundle again");
            }
        });
    }

    /** An unlisted tokenizer.json, for instance, would be taken before the vocab.txt that is listed. */
    private void refuseUnlisted() {
        for (String name : plainFiles(folder)) {
            if (!name.startsWith(".") && !manifest.files().containsKey(name)) {
                throw new InvalidInputException(
                        folder.resolve(name).toString(),
                        "file",
                        "is not listed in bundle.json; move it out of the bundle");
            }
        }
    }

    /** Names of all files of a folder except the manifest and our notes, sorted. */
    private static List<String> plainFiles(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(MANIFEST) && !name.equals(VerifiedFiles.NOTES))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new InvalidInputException(
                    folder.toString(), "folder", "cannot be listed (" + e.getMessage() + ")", e);
        }
    }

    private static JsonValue.Obj root(byte[] bytes, String source) {
        if (JsonValue.parse(bytes, source) instanceof JsonValue.Obj root) {
            return root;
        }
        throw new InvalidInputException(source, "$", "must be a JSON object");
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
