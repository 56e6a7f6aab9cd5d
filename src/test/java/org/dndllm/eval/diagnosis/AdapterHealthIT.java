package org.dndllm.eval.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.LiveModel;
import org.dndllm.engine.Nano;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.diagnosis.AdapterHealth.Finding;
import org.dndllm.format.DType;
import org.dndllm.format.GgufFile;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.lora.TargetModule;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Faults that show in a running model only, on the shipped base, tasks and trained LoRAs. */
class AdapterHealthIT {
    private static final String TASK = "first-same";
    private static final ContextOptions ONE =
            ContextOptions.DEFAULT.withContextLength(256).withThreads(1);

    private static LiveModel live;
    private static List<TaskItem> items;
    private static AnswerProbe probe;
    private static HealthCheck check;

    @BeforeAll
    static void open() {
        live = LiveModel.open(Nano.BASE, ModelOptions.CPU, ONE);
        items = TaskFolder.open(Nano.SET.resolve("tasks")).task(TASK).test().subList(0, 12);
        probe = AnswerProbe.open(live.model(), ONE, items);
        try (GgufFile base = GgufFile.open(Nano.BASE)) {
            check = HealthCheck.of(live.model().shape())
                    .withBaseNorms(BaseNorms.of(base).orElseThrow())
                    .withProbe(probe);
        }
    }

    @AfterAll
    static void close() {
        probe.close();
        live.close();
    }

    private static Path path(String task) {
        return Nano.SET.resolve("adapters").resolve(task);
    }

    private static LoraWeights lora(String task) {
        return PeftAdapter.read(path(task), live.model().shape());
    }

    @Test
    void file_ofTheTasksOwnLora_isHealthyAndWhollyChecked() {
        AdapterHealth health = check.file(path(TASK));

        assertThat(health.findings()).isEmpty();
        assertThat(health.notChecked()).isEmpty();
    }

    @Test
    void weights_flipped_isCalledOutByTheAnswersAlone() {
        AdapterHealth health =
                check.weights("flipped", lora(TASK).withAlpha(-lora(TASK).alpha()));

        only(Fault.SIGN_FLIPPED, health, "scale -1", "12 items");
    }

    @Test
    void weights_flippedWithReference_isCalledOutOnce() {
        AdapterHealth health = check.withReferences(Map.of("own", lora(TASK)))
                .weights("flipped", lora(TASK).withAlpha(-lora(TASK).alpha()));

        only(Fault.SIGN_FLIPPED, health, "cosine -1.000", "own");
    }

    @Test
    void weights_ofOtherTasks_areWorseThanTheBaseModelButNotFlipped() {
        for (String other : List.of("last-upper", "fifth-next", "fourth-word")) {
            only(Fault.WORSE_THAN_BASE, check.weights(other, lora(other)), "lower");
        }
    }

    @Test
    void file_labelsSwappedInTheTestFile_changesTheVerdict() {
        List<TaskItem> swapped = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            String response = items.get(i).response().equals("q") ? "z" : "q";
            swapped.add(new TaskItem(items.get(i).prompt(), response, ""));
        }
        try (AnswerProbe wrong = AnswerProbe.open(live.model(), ONE, swapped)) {
            assertThat(check.withProbe(wrong).file(path(TASK)).broken()).isTrue();
        }
    }

    @Test
    void weights_thatOnlyActOnZeros_haveNoEffect() {
        LoraWeights tiny = scaled(1e-30f);

        assertThat(check.weights("tiny", tiny).findings())
                .extracting(Finding::fault)
                .containsExactly(Fault.NO_EFFECT);
    }

    @Test
    void weights_aThousandTimesTooLarge_areHuge() {
        AdapterHealth health = check.weights("huge", lora(TASK).withAlpha(8000));

        assertThat(health.has(Fault.HUGE)).isTrue();
        assertThat(health.findings().getFirst().sentence()).contains("times the norm of the weights");
    }

    @Test
    void weights_withoutItems_effectIsCheckedAndTheRestNamed() {
        try (AnswerProbe text = AnswerProbe.open(live.model(), ONE, List.of())) {
            AdapterHealth sound = check.withProbe(text).weights("sound", lora(TASK));
            AdapterHealth tiny = check.withProbe(text).weights("tiny", scaled(1e-30f));

            assertThat(sound.broken()).isFalse();
            assertThat(sound.notChecked()).hasSize(2).anyMatch(line -> line.startsWith("answers:"));
            assertThat(tiny.has(Fault.NO_EFFECT)).isTrue();
        }
    }

    @Test
    void logLikelihood_ofOneTokenAnswers_isTheSoftmaxOfTheNextLogits() {
        // given: the same by another road, one decode of the question and all logits copied
        try (LlamaContext context = live.model().newContext(ONE)) {
            for (int i = 0; i < 3; i++) {
                TaskItem item = items.get(i);
                int[] answer = live.model().vocabulary().tokenize(item.response(), false);
                assertThat(answer).as("answer of item %d", i).hasSize(1);
                context.clear();
                context.decode(ChatTemplate.tokens(live.model().vocabulary(), item.question(), true));
                float[] logits = context.logits();
                double sum = 0;
                for (float logit : logits) {
                    sum += Math.exp(logit - logits[answer[0]]);
                }

                // then
                assertThat(probe.base()[i]).isCloseTo(-Math.log(sum), Offset.offset(1e-4));
            }
        }
    }

    @Test
    void open_itemWithoutAnswer_isRefused() {
        assertThatThrownBy(() -> AnswerProbe.open(live.model(), ONE, List.of(new TaskItem("a", " ", ""))))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("item 0")
                .hasMessageContaining("answers");
    }

    /** A of the task's LoRA, B shrunk so far that no sum of floats notices. */
    private static LoraWeights scaled(float factor) {
        LoraTensor pair = lora(TASK).tensors().getFirst();
        assertThat(pair.module()).isEqualTo(TargetModule.Q_PROJ);
        float[] b = pair.b().clone();
        for (int i = 0; i < b.length; i++) {
            b[i] *= factor;
        }
        LoraTensor tiny = new LoraTensor(pair.layer(), pair.module(), pair.a(), b);
        return LoraWeights.of(live.model().shape(), 4, 8, DType.F32, List.of(tiny));
    }

    private static void only(Fault fault, AdapterHealth health, String... inSentence) {
        assertThat(health.findings()).extracting(Finding::fault).containsExactly(fault);
        assertThat(health.findings().getFirst().sentence()).contains(inSentence);
    }
}
