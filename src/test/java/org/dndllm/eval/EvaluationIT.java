package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.Nano;
import org.dndllm.engine.Progress;
import org.dndllm.llama.AdapterSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationIT {
    private static final EvalOptions OPTIONS = new EvalOptions(0, EvalOptions.seeds(2), EvalWorld.TOKENS, 4, 8);
    /** Answers may differ in a near tie of random weights between one by one and batched: one item of twelve. */
    private static final double NEARLY = (EvalWorld.ITEMS - 1.0) / EvalWorld.ITEMS;

    @TempDir
    static Path folder;

    private static DragAndDrop dnd;
    private static EvalWorld world;

    @BeforeAll
    static void open() {
        dnd = DragAndDrop.open(Nano.BASE, Nano.BUNDLE, EvalWorld.OPTIONS);
        world = EvalWorld.make(folder, dnd);
    }

    @AfterAll
    static void close() {
        dnd.close();
    }

    private static Evaluation evaluation(Optional<LoraFolder> loras) {
        return Evaluation.of(dnd, TaskFolder.open(world.tasks()), loras, OPTIONS);
    }

    @Test
    void task_allControls_everyOneMeasuredOrExplained() {
        // given
        List<Long> steps = new ArrayList<>();
        Progress progress = (stage, done, total) -> steps.add(total - done);

        // when
        TaskResult result;
        try (Evaluation evaluation = evaluation(Optional.of(LoraFolder.open(world.loras())))) {
            result = evaluation.task("larger", Control.all(), progress);
        }

        // then
        assertThat(result.measurements()).extracting(Measurement::control).containsExactly(Control.values());
        assertThat(accuracy(result, Control.OWN_LABELS)).isGreaterThanOrEqualTo(NEARLY);
        assertThat(accuracy(result, Control.BASE)).isLessThan(NEARLY);
        assertThat(result.of(Control.GENERATED).orElseThrow().runs()).hasSize(2);
        assertThat(result.of(Control.TRAINING_MEAN).orElseThrow().runs())
                .extracting(Run::label)
                .containsExactly("addition", "choice");
        assertThat(result.of(Control.TRAINING_MEAN).orElseThrow().remark()).startsWith("2 of 3");
        assertThat(accuracy(result, Control.TRAINING_BEST))
                .isGreaterThanOrEqualTo(accuracy(result, Control.TRAINING_MEAN));
        assertThat(result.of(Control.NEAREST).orElseThrow().remark()).isIn("addition", "choice");
        assertThat(result.of(Control.SHUFFLED).orElseThrow().runs())
                .extracting(Run::label)
                .containsExactly("prompts of plural, seed 1", "prompts of plural, seed 2");
        assertThat(result.of(Control.JUNK).orElseThrow().runs()).hasSize(2);
        assertThat(result.of(Control.FEW_SHOT).orElseThrow().remark()).isEqualTo("4 shots");
        assertThat(result.of(Control.MULTITASK).orElseThrow().measured()).isFalse();
        assertThat(result.of(Control.MULTITASK).orElseThrow().remark()).contains("has no multitask");
        assertThat(result.trainSeconds()).hasValue(12.5);
        assertThat(result.generationSeconds()).hasSize(2).allMatch(seconds -> seconds > 0);
        assertThat(result.scores()).isEmpty();
        assertThat(steps).isSortedAccordingTo((a, b) -> Long.compare(b, a));
        assertThat(dnd.live().attached()).isEqualTo(AdapterSet.EMPTY);
    }

    @Test
    void task_generatedWithTheSameDraw_answersAsTheLiveModel() {
        // given: the live model under the adapter of seed 1
        TaskFolder tasks = TaskFolder.open(world.tasks());
        dnd.attach(dnd.generate(tasks.task("plural").trainPrompts(), 1, "one"), 1);
        List<String> single = tasks.task("plural").test().stream()
                .map(item -> dnd.live().chat(item.prompt(), EvalWorld.TOKENS).text())
                .toList();
        dnd.detach();

        // when
        TaskResult result;
        try (Evaluation evaluation = evaluation(Optional.empty())) {
            result = evaluation.task("plural", Control.plain(), Progress.NONE);
        }

        // then
        assertThat(result.measurements()).hasSize(2);
        assertThat(accuracy(result, Control.BASE)).isGreaterThanOrEqualTo(NEARLY);
        List<String> batched =
                result.of(Control.GENERATED).orElseThrow().runs().getFirst().answers();
        long same = 0;
        for (int i = 0; i < single.size(); i++) {
            same += single.get(i).equals(batched.get(i)) ? 1 : 0;
        }
        assertThat(same).isGreaterThanOrEqualTo(EvalWorld.ITEMS - 1);
    }

    @Test
    void task_withoutLoras_saysNotMeasured() {
        try (Evaluation evaluation = evaluation(Optional.empty())) {
            TaskResult result = evaluation.task("plural", Control.all(), Progress.NONE);

            for (Control control : List.of(
                    Control.TRAINING_MEAN,
                    Control.TRAINING_BEST,
                    Control.NEAREST,
                    Control.MULTITASK,
                    Control.OWN_LABELS)) {
                Measurement measurement = result.of(control).orElseThrow();
                assertThat(measurement.measured()).as("%s", control).isFalse();
                assertThat(measurement.remark()).contains("no folder of trained LoRAs");
            }
            assertThat(Summary.of(List.of(result)).rows()).hasSize(Control.values().length);
        }
    }

    @Test
    void task_testPromptInAnotherTasksTraining_warns() throws IOException {
        // given: a copy of the folder in which a training task trains on a test prompt of the task
        Path leaky = Files.createDirectories(folder.resolve("leaky"));
        try (Stream<Path> files = Files.list(world.tasks())) {
            for (Path file : files.toList()) {
                Files.copy(file, leaky.resolve(file.getFileName()));
            }
        }
        String prompt = TaskFolder.open(leaky).task("plural").test().get(3).prompt();
        TaskFiles.text(leaky.resolve("choice_train.json"), "[" + TaskFiles.item(prompt, "x") + "]");
        LoraFolder loras = LoraFolder.open(world.loras());
        EvalOptions options = new EvalOptions(5, EvalOptions.seeds(1), 2, 0, 4);

        try (Evaluation evaluation = Evaluation.of(dnd, TaskFolder.open(leaky), Optional.of(loras), options)) {
            TaskResult result = evaluation.task("plural", EnumSet.of(Control.BASE, Control.FEW_SHOT), Progress.NONE);

            assertThat(result.items()).hasSize(5);
            assertThat(result.warnings())
                    .anySatisfy(warning -> assertThat(warning).startsWith("1 of 5 test prompts of plural"));
            // 512 positions do not hold the 16 prompts that the generator reads
            assertThat(result.of(Control.FEW_SHOT).orElseThrow().remark()).matches("([1-9]|1[0-5]) shots");
        }
    }

    @Test
    void task_brokenLora_refusedWithFile() throws IOException {
        Path loras = Files.createDirectories(folder.resolve("broken/plural")).getParent();
        Files.writeString(loras.resolve("plural/adapter_config.json"), "{}");

        try (Evaluation evaluation = evaluation(Optional.of(LoraFolder.open(loras)))) {
            assertThatThrownBy(() -> evaluation.task("plural", Control.all(), Progress.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("adapter_config.json");
            assertThat(evaluation.task("plural", Control.plain(), Progress.NONE).measurements())
                    .as("the evaluation goes on")
                    .hasSize(2);
        }
        assertThatThrownBy(() -> LoraFolder.open(loras.resolve("absent"))).isInstanceOf(InvalidInputException.class);
    }

    @Test
    void outOfDistribution_bundleWithoutStatistics_refused() {
        try (Evaluation evaluation = evaluation(Optional.empty())) {
            assertThatThrownBy(() -> evaluation.outOfDistribution(Progress.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("ood.safetensors")
                    .hasMessageContaining("calibrate the out-of-distribution score first");
        }
    }

    private static double accuracy(TaskResult result, Control control) {
        return result.of(control).orElseThrow().accuracy().orElseThrow();
    }
}
