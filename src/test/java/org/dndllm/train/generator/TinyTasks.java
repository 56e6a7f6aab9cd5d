package org.dndllm.train.generator;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.dndllm.encoder.BertConfig;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.synth.SyntheticEncoder;
import org.dndllm.train.Example;

/** Tasks whose answers cannot be told from their questions: only the prompts of the condition say which task it is. */
final class TinyTasks {
    private static final List<String> WORDS = List.of("red", "green", "fast", "slow", "one", "two", "cat", "dog");
    private static final int FIRST_ANSWER = 50;

    private TinyTasks() {}

    static SentenceEncoder encoder(Path folder) {
        Path target = folder.resolve("encoder");
        if (!Files.exists(target)) {
            BertConfig shape = new BertConfig(16, 1, 2, 32, 32, 2, 64, 1e-12);
            SyntheticEncoder.write(target, shape, WORDS, 5);
        }
        return SentenceEncoder.open(target, SessionOptions.defaults());
    }

    /** Task {@code i} is about words 2 i and 2 i + 1, and its answer is always token 50 + i. */
    static GeneratorTask task(int i, int items) {
        Random random = new Random(i);
        List<String> prompts = new ArrayList<>();
        List<Example> examples = new ArrayList<>();
        for (int item = 0; item < items; item++) {
            prompts.add(
                    WORDS.get(2 * i) + " " + WORDS.get(2 * i + random.nextInt(2)) + " " + WORDS.get(random.nextInt(8)));
            int[] question = random.ints(3 + random.nextInt(3), 0, 10).toArray();
            examples.add(Example.of(question, new int[] {FIRST_ANSWER + i}));
        }
        List<Example> validation = examples.subList(0, items / 4);
        return new GeneratorTask("task" + i, "hash" + i, prompts, examples.subList(items / 4, items), validation);
    }
}
