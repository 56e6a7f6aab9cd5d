package org.dndllm.eval.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.AdapterPipeline;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.Nano;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.JunkPrompts;
import org.dndllm.eval.LoraFolder;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.diagnosis.Placement.Part;
import org.dndllm.lora.LoraWeights;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Relations that must hold on the shipped set, whatever its numbers are. */
class DiagnosisIT {
    private static final Path LORAS = Nano.SET.resolve("adapters");
    private static final String HELD_OUT = "first-same";
    private static final String TRAINING = "first-next";

    @TempDir
    static Path folder;

    private static AdapterPipeline pipeline;
    private static Diagnosis diagnosis;

    @BeforeAll
    static void open() {
        SmallWorld.make(folder);
        pipeline = AdapterPipeline.open(
                GeneratorBundle.open(Nano.SET.resolve("paper")),
                SessionOptions.defaults().withThreads(1));
        diagnosis = new Diagnosis(pipeline, TaskFolder.open(folder), 1, Progress.NONE);
    }

    @AfterAll
    static void close() {
        pipeline.close();
    }

    private static Map<String, PromptSet> prompts(String... tasks) {
        Map<String, PromptSet> prompts = new LinkedHashMap<>();
        for (String task : tasks) {
            prompts.put(task, diagnosis.prompts(task));
        }
        return prompts;
    }

    @Test
    void conditions_ofTheShippedEncoder_areToldApart() {
        ConditionGeometry geometry = diagnosis.conditions();

        assertThat(geometry.tasks()).isEqualTo(SmallWorld.TRAIN.size());
        assertThat(geometry.warnings()).isEmpty();
        assertThat(geometry.drawAccuracy().value()).isEqualTo(1);
        assertThat(geometry.cosineWithin()).isGreaterThan(geometry.cosineBetween());
        assertThat(geometry.effectiveRank()).isBetween(1.0, SmallWorld.TRAIN.size() - 1.0);
    }

    @Test
    void likeness_ofAHeldOutTask_tasksOfTheSameSelectionFirst() {
        TaskLikeness likeness = diagnosis.likeness(HELD_OUT, diagnosis.prompts(HELD_OUT));

        assertThat(likeness.nearest())
                .extracting(Part::reference)
                .containsExactlyInAnyOrderElementsOf(SmallWorld.TRAIN)
                .first()
                .asString()
                .startsWith("first-");
        assertThat(likeness.outOfDistribution().orElseThrow().outside()).isFalse();
    }

    @Test
    void likeness_ofATrainingTask_neverItself() {
        assertThat(diagnosis.likeness(TRAINING, diagnosis.prompts(TRAINING)).nearest())
                .extracting(Part::reference)
                .hasSize(SmallWorld.TRAIN.size() - 1)
                .doesNotContain(TRAINING);
    }

    @Test
    void likeness_ofJunk_scoresAsOutside() {
        TaskLikeness likeness = diagnosis.likeness("junk", JunkPrompts.of(64, 1));

        assertThat(likeness.outOfDistribution().orElseThrow().outside()).isTrue();
    }

    @Test
    void cosines_areSymmetricWithOnesOnTheDiagonal() {
        double[][] cosines = diagnosis.cosines(List.of("first-next", "last-word", HELD_OUT));

        for (int i = 0; i < 3; i++) {
            assertThat(cosines[i][i]).isBetween(1 - 1e-12, 1 + 1e-12);
            for (int j = 0; j < i; j++) {
                assertThat(cosines[i][j]).isEqualTo(cosines[j][i]);
            }
        }
        assertThat(cosines[0][2]).isGreaterThan(cosines[0][1]);
    }

    /** The shipped paper generator learned by reconstruction of LoRAs: it must come nearer to them than junk does. */
    @Test
    void amongTrained_paperFamily_nearerThanJunkAndControlsPresent() {
        Comparison comparison = diagnosis.amongTrained(prompts(HELD_OUT, TRAINING), LoraFolder.open(LORAS));

        Placement heldOut = comparison.generated().get(0);
        Placement training = comparison.generated().get(1);
        assertThat(comparison.controls())
                .extracting(Placement::name)
                .containsExactly("own labels: " + HELD_OUT, "junk prompts", "mean of the references");
        Placement own = comparison.controls().get(0);
        Placement junk = comparison.controls().get(1);
        assertThat(training.nearest().reference()).isEqualTo(TRAINING);
        assertThat(training.total().cosine()).isGreaterThan(heldOut.total().cosine());
        assertThat(heldOut.total().inside()).isGreaterThan(junk.total().inside());
        assertThat(own.verdict()).isEqualTo(Verdict.OUTSIDE);
        assertThat(own.total().spaces().orElseThrow().read())
                .isGreaterThan(5 * own.total().spaces().orElseThrow().readByChance());
        assertThat(comparison.controls().get(2).verdict()).isEqualTo(Verdict.INTERPOLATES);
        assertThat(comparison.groups().values())
                .allSatisfy(group -> assertThat(group).hasSize(SmallWorld.TRAIN.size()));
        assertThat(comparison.toJson()).containsKeys("references", "generated", "controls", "groups");
    }

    @Test
    void amongGenerated_aTrainingTask_isLeftOutOfItsOwnReferences() {
        Comparison comparison = diagnosis.amongGenerated(prompts(HELD_OUT, TRAINING));

        assertThat(comparison.generated()).extracting(Placement::name).containsExactly(HELD_OUT, TRAINING);
        assertThat(comparison.generated().get(0).neighbours()).hasSize(SmallWorld.TRAIN.size());
        assertThat(comparison.generated().get(1).neighbours())
                .extracting(Part::reference)
                .hasSize(SmallWorld.TRAIN.size() - 1)
                .doesNotContain(TRAINING);
    }

    @Test
    void references_aShippedLoraAmongTheShipped_isCalledACopy() {
        LoraFolder loras = LoraFolder.open(LORAS);
        Map<String, LoraWeights> trained = new LinkedHashMap<>();
        for (String task : SmallWorld.TRAIN) {
            trained.put(
                    task,
                    loras.read(task, pipeline.bundle().manifest().layout().shape())
                            .orElseThrow());
        }

        Placement placement = References.of(trained).place("again", trained.get(TRAINING));

        assertThat(placement.verdict().words(placement.nearest().reference())).isEqualTo("copies " + TRAINING);
    }

    @Test
    void amongTrained_noLoraOfAnyTrainingTask_isRefused(@TempDir Path empty) {
        assertThatThrownBy(() -> diagnosis.amongTrained(prompts(HELD_OUT), LoraFolder.open(empty)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(empty.toString())
                .hasMessageContaining("no training task");
    }
}
