package org.dndllm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The nano generator bundle, spoilt in one place each. */
final class MalformedBundles {
    private static final String LAYERS = "\"layers\": 4,"; // of the shipped base

    private final Path folder;
    private final Path sound;
    private final List<MalformedInput> all = new ArrayList<>();

    private MalformedBundles(Path folder, Path sound) {
        this.folder = folder;
        this.sound = sound;
    }

    static List<MalformedInput> of(Path folder, Path sound) {
        MalformedBundles bundles = new MalformedBundles(folder, sound);
        bundles.manifests();
        bundles.files();
        return bundles.all;
    }

    /** May fail like any work with files. */
    private interface Change {
        void apply(Path bundle) throws IOException;
    }

    private void add(String name, String file, String field, Change change) {
        Path bundle = folder.resolve("bundle-" + all.size());
        all.add(new MalformedInput("bundle", name, bundle.resolve(file).toString(), field, live -> {
            copy(bundle, change);
            GeneratorBundle.open(bundle);
        }));
    }

    private void copy(Path bundle, Change change) {
        try (Stream<Path> files = Files.list(sound)) {
            Files.createDirectories(bundle);
            for (Path file : files.toList()) {
                Files.copy(file, bundle.resolve(file.getFileName().toString()));
            }
            change.apply(bundle);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void manifest(String name, String field, String from, String to) {
        add(name, "bundle.json", field, bundle -> {
            Path file = bundle.resolve("bundle.json");
            String text = Files.readString(file);
            if (!text.contains(from)) {
                throw new IllegalArgumentException("bundle.json has no " + from);
            }
            Files.writeString(file, text.replace(from, to));
        });
    }

    private void manifests() {
        manifest("another format", "format", "dnd-generator-bundle", "tarball");
        manifest("next version", "version", "\"version\": 1", "\"version\": 2");
        manifest("version is text", "version", "\"version\": 1", "\"version\": \"1\"");
        manifest("no name", "name", "\"name\": \"nano-paper-untrained\",", "");
        manifest("unknown family", "family", "\"paper\"", "\"novel\"");
        manifest("stage of two extents", "stages", "[16, 48, 64]", "[16, 48]");
        manifest("stage of 0", "stages", "[16, 48, 64]", "[0, 48, 64]");
        manifest("last stage beside the layout", "generator.stages", ", 6, 34]", ", 6, 36]");
        manifest("kernel 0", "generator", "\"kernel\": 5", "\"kernel\": 0");
        manifest("rank 0", "rank", "\"rank\": 4", "\"rank\": 0");
        manifest("odd chunk", "chunk", "\"chunk\": 32", "\"chunk\": 31");
        manifest("no layers", "layers", LAYERS, "");
        manifest("2^20 layers", "layout.base.layers", LAYERS, "\"layers\": 1048576,");
        manifest("more KV heads than heads", "layout.base.kv_heads", "\"kv_heads\": 2", "\"kv_heads\": 5");
        manifest("base of another family", "layout.base.architecture", "\"qwen2\"", "\"llama\"");
        manifest("rank is too large", "layout.rank", "\"rank\": 4", "\"rank\": 2000000000");
        manifest("unknown module", "modules", "\"q_proj\"", "\"c_attn\"");
        manifest("module twice", "modules", "\"k_proj\"", "\"q_proj\"");
        manifest("another number of tokens", "tokens", "\"tokens\": ", "\"tokens\": 1");
        manifest("alpha 0", "alpha", "\"alpha\": 512.0", "\"alpha\": 0");
        manifest("file that climbs folders", "files", "\"vocab.txt\":", "\"../vocab.txt\":");
        manifest("generator not listed", "files", "\"generator.onnx\":", "\"vocab2.txt\":");
    }

    private void files() {
        add("absent bundle.json", "", "bundle.json", bundle -> Files.delete(bundle.resolve("bundle.json")));
        add("empty bundle.json", "bundle.json", "$", bundle -> Files.writeString(bundle.resolve("bundle.json"), ""));
        add(
                "bundle.json is a list",
                "bundle.json",
                "$",
                bundle -> Files.writeString(bundle.resolve("bundle.json"), "[]"));
        add(
                "bundle.json is binary",
                "bundle.json",
                "UTF-8",
                bundle -> Files.write(bundle.resolve("bundle.json"), new byte[] {'"', (byte) 0xff, '"'}));
        add("generator absent", "generator.onnx", "absent", bundle -> Files.delete(bundle.resolve("generator.onnx")));
        add("generator cut", "generator.onnx", "sha256", bundle -> {
            byte[] bytes = Files.readAllBytes(bundle.resolve("generator.onnx"));
            Files.write(bundle.resolve("generator.onnx"), java.util.Arrays.copyOf(bytes, bytes.length - 1));
        });
        add("one bit of the encoder", "encoder.onnx", "sha256", bundle -> {
            byte[] bytes = Files.readAllBytes(bundle.resolve("encoder.onnx"));
            bytes[bytes.length / 2] ^= 1;
            Files.write(bundle.resolve("encoder.onnx"), bytes);
        });
        add(
                "vocabulary edited",
                "vocab.txt",
                "sha256",
                bundle -> Files.writeString(bundle.resolve("vocab.txt"), "[PAD]\n", StandardCharsets.UTF_8));
    }
}
