package org.dndllm.eval;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.LiveModel;
import org.dndllm.engine.Nano;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.onnx.SessionOptions;

/**
 * A task folder over the nano base whose right answers are known without training: the test answers of task {@code larger}
 * are what the model says under one certain LoRA, which is also in the folder of LoRAs as the one trained on the task's
 * labels; those of {@code plural} are what the base model says.
 *
 * @param tasks task folder: three training tasks, two held-out, one outside
 * @param loras PEFT folders: addition, choice, larger
 */
public record EvalWorld(Path tasks, Path loras) {
    public static final int ITEMS = 12;
    public static final int TOKENS = 6;
    public static final EngineOptions OPTIONS = new EngineOptions(
            SessionOptions.defaults().withThreads(1),
            ModelOptions.CPU,
            ContextOptions.DEFAULT.withContextLength(512).withThreads(1),
            GgmlType.F32);

    private static final int TRAIN = 40;

    /** Makes both folders inside {@code folder}; {@code dnd} is left without an adapter. */
    public static EvalWorld make(Path folder, DragAndDrop dnd) {
        Path tasks = folder.resolve("tasks");
        Path loras = folder.resolve("loras");
        try {
            Files.createDirectories(tasks);
            for (String name : List.of("addition", "choice", "first-letter", "larger", "plural", "reverse")) {
                List<TaskItem> train = TaskFolder.open(Nano.TASKS).task(name).train();
                write(tasks.resolve(name + "_train.json"), train.subList(0, TRAIN));
                write(tasks.resolve(name + "_test.json"), test(name));
            }
            TaskFiles.world(
                    tasks,
                    "addition",
                    "train",
                    "choice",
                    "train",
                    "first-letter",
                    "train",
                    "larger",
                    "held_out",
                    "plural",
                    "held_out",
                    "reverse",
                    "outside");
            write(tasks.resolve("plural_test.json"), asAnswered(dnd.live(), test("plural")));
            TaskFolder made = TaskFolder.open(tasks);
            for (String name : List.of("addition", "choice", "larger")) {
                GeneratedAdapter adapter = dnd.generate(made.task(name).trainPrompts(), 7, name);
                PeftAdapter.write(loras.resolve(name), adapter.weights(), Map.of());
                if (name.equals("larger")) {
                    dnd.attach(adapter, 1);
                    write(tasks.resolve("larger_test.json"), asAnswered(dnd.live(), test("larger")));
                    dnd.detach();
                }
            }
            Files.writeString(loras.resolve("larger/dnd.json"), "{\"train_seconds\": 12.5}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new EvalWorld(tasks, loras);
    }

    private static List<TaskItem> test(String name) {
        return TaskFolder.open(Nano.TASKS).task(name).test().subList(0, ITEMS);
    }

    private static List<TaskItem> asAnswered(LiveModel live, List<TaskItem> items) {
        List<TaskItem> answered = new ArrayList<>();
        for (TaskItem item : items) {
            answered.add(
                    new TaskItem(item.prompt(), live.chat(item.prompt(), TOKENS).text(), item.system()));
        }
        return answered;
    }

    private static void write(Path file, List<TaskItem> items) {
        List<String> json = items.stream()
                .map(item -> TaskFiles.item(item.prompt(), item.response()))
                .toList();
        TaskFiles.text(file, "[" + String.join(",\n", json) + "]");
    }
}
