package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.engine.Draw;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;

/** How alike prompt files are to the encoder: within a file, and between files. */
final class PromptInspection {
    /** Prompts encoded of each file; enough for a mean, quick on a laptop. */
    private static final int SAMPLE = 64;

    private PromptInspection() {}

    static Map<String, Object> of(List<Path> files, EngineFlags engine, Output output) {
        List<float[][]> tasks = new ArrayList<>();
        Map<String, Object> perFile = new LinkedHashMap<>();
        try (SentenceEncoder encoder =
                SentenceEncoder.open(engine.generator(), engine.options().session())) {
            for (Path file : files) {
                PromptSet set = PromptReader.read(file);
                Draw draw = set.draw(Math.min(SAMPLE, set.size()), 1);
                float[][] embeddings = encoder.embed(draw.prompts());
                tasks.add(embeddings);
                double within = meanCosine(embeddings, embeddings, true);
                output.line(
                        "%s: %d prompts, sha256 %s, mean cosine within %.3f", file, set.size(), set.sha256(), within);
                Map<String, Object> json = new LinkedHashMap<>();
                json.put("prompts", set.size());
                json.put("sha256", set.sha256());
                json.put("cosine_within", within);
                perFile.put(file.toString(), json);
            }
        }
        List<List<Double>> between = new ArrayList<>();
        for (int row = 0; row < tasks.size(); row++) {
            List<Double> cosines = new ArrayList<>();
            for (int column = 0; column < tasks.size(); column++) {
                cosines.add(meanCosine(tasks.get(row), tasks.get(column), row == column));
            }
            between.add(cosines);
        }
        if (files.size() > 1) {
            output.line("mean cosine between files (rows and columns in the order above):");
            between.forEach(row -> output.line(
                    "  %s",
                    String.join(
                            " ",
                            row.stream()
                                    .map(v -> String.format(java.util.Locale.ROOT, "%6.3f", v))
                                    .toList())));
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("files", perFile);
        json.put("cosine_between", between);
        return json;
    }

    /** Mean cosine over pairs of unit vectors; pairs of a prompt with itself do not count. */
    private static double meanCosine(float[][] a, float[][] b, boolean same) {
        double sum = 0;
        long pairs = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b.length; j++) {
                if (!same || i != j) {
                    sum += dot(a[i], b[j]);
                    pairs++;
                }
            }
        }
        return pairs == 0 ? 1 : sum / pairs;
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }
}
