package org.dndllm.engine;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongConsumer;
import org.dndllm.encoder.EncoderPart;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;
import org.dndllm.generator.AdapterPart;
import org.dndllm.generator.GeneratorGraph;
import org.dndllm.lora.AdapterFrame;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/**
 * A bundle's encoder, its generator and the detokenisation as one ONNX model: token ids and mask [N, L] in, {@value
 * #ADAPTER} (the bytes of a GGUF adapter behind its header) and {@value #MEANS} [N, C] out. The condition and the weight
 * tokens never leave the device that runs it.
 */
final class FusedGraph {
    static final String ADAPTER = "adapter";
    static final String MEANS = "means";

    /** To be raised whenever the graph for the same bundle changes. */
    private static final int VERSION = 1;

    private static final List<String> SOURCES = List.of(
            "encoder.onnx",
            "encoder.onnx.data",
            "config.json",
            GeneratorBundle.GENERATOR,
            GeneratorBundle.GENERATOR + ".data");

    private FusedGraph() {}

    /**
     * @param arithmetic of encoder and generator
     * @param progress told of the bytes of the parts' constants as they stream
     * @throws org.dndllm.InvalidInputException when a graph of the bundle was not written by dnd
     */
    static OnnxGraph build(GeneratorBundle bundle, AdapterFrame frame, Arithmetic arithmetic, LongConsumer progress) {
        BundleManifest manifest = bundle.manifest();
        OnnxGraph graph = new OnnxGraph("dnd-fused");
        EncoderPart.Values encoded =
                EncoderPart.append(graph, bundle.folder(), bundle.prompts(), bundle.length(), arithmetic, progress);
        String tokens = GeneratorGraph.append(
                graph,
                bundle.generatorFile(),
                manifest.generator(),
                encoded.states(),
                encoded.mask(),
                arithmetic,
                progress);
        AdapterPart.append(graph, manifest.layout(), frame, tokens, ADAPTER);
        graph.namedNode(MEANS, "Identity", List.of(encoded.means()), Map.of());
        graph.output(
                MEANS, OnnxType.FLOAT, bundle.prompts(), manifest.generator().channels());
        return graph;
    }

    /**
     * The model's file, which is written when it is not there.
     *
     * @throws org.dndllm.EnvironmentException when the cache has no room or cannot be written
     */
    static Path in(LayoutCache cache, GeneratorBundle bundle, AdapterFrame frame, Arithmetic arithmetic) {
        String name = String.format(
                Locale.ROOT,
                "%.24s-fused-%s-%s-v%d",
                identity(bundle),
                frame.type().name().toLowerCase(Locale.ROOT),
                arithmetic.label(),
                VERSION);
        return cache.model(name, progress -> build(bundle, frame, arithmetic, progress));
    }

    /** A hash of all that the graph is made of, whatever else the bundle says. */
    private static String identity(GeneratorBundle bundle) {
        BundleManifest manifest = bundle.manifest();
        StringBuilder facts = new StringBuilder();
        manifest.files().forEach((file, hash) -> {
            if (SOURCES.contains(file)) {
                facts.append(file).append(' ').append(hash).append('\n');
            }
        });
        facts.append(JsonWriter.write(manifest.generator().toJson()));
        facts.append(JsonWriter.write(manifest.layout().toJson()));
        return Sha256.of(facts.toString().getBytes(StandardCharsets.UTF_8));
    }
}
