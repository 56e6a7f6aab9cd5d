package org.dndllm.serve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.LiveModel;
import org.dndllm.engine.Nano;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.Wilson;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.serve.schedule.Scheduler;
import org.dndllm.serve.schedule.SchedulerOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Scores on the nano base, against answers that the conversation context gives alone. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class EvaluatorIT {
    private static final ContextOptions CONTEXT =
            ContextOptions.DEFAULT.withContextLength(512).withBatch(64).withThreads(1);
    private static final int TOKENS = 6;

    private static LiveModel live;
    private static Scheduler scheduler;
    private static LoraAdapter adapter;
    private static Contender trained;
    private static List<String> prompts;

    @BeforeAll
    static void open() {
        live = LiveModel.open(Nano.BASE, ModelOptions.CPU, CONTEXT);
        scheduler = Scheduler.start(live.model(), new SchedulerOptions(CONTEXT, 4, 2, 3));
        adapter = load("first-upper");
        prompts = PromptReader.read(Nano.SET.resolve("tasks/first-upper_test.json"))
                .prompts()
                .subList(0, 12);
        trained = new Contender(
                Optional.of("first-upper"),
                AdapterSet.of(adapter),
                Optional.of(Set.of(PromptSet.hash(prompts.get(3)), PromptSet.hash("unrelated"))));
    }

    @AfterAll
    static void close() {
        scheduler.close();
        live.close();
    }

    @Test
    void run_baseAndAdapter_countsTheAnswersThatEachGivesAlone() throws InterruptedException {
        // given: labels of which the adapter alone gets the first seven right
        live.attach(adapter, 1f);
        List<String> own = prompts.stream().map(EvaluatorIT::alone).toList();
        live.detach();
        List<TaskItem> items = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            items.add(new TaskItem(prompts.get(i), i < 7 ? " " + own.get(i) + "\n" : "no such answer", ""));
        }
        List<Long> steps = new ArrayList<>();
        // when
        EvaluationReport report = new Evaluator(scheduler, live.model().vocabulary())
                .run(
                        new EvaluationRequest(items, List.of("first-upper"), TOKENS),
                        List.of(Contender.BASE, trained),
                        (stage, done, total) -> steps.add(done),
                        CancelToken.create());
        // then
        EvaluationReport.Result result = report.results().getLast();
        assertThat(result.answers()).isEqualTo(own);
        assertThat(result.correct()).isEqualTo(7);
        assertThat(result.accuracy()).isEqualTo(Wilson.of(7, 12));
        assertThat(report.results().getFirst().answers())
                .isEqualTo(prompts.stream().map(EvaluatorIT::alone).toList());
        assertThat(steps).isSorted().contains(0L, 12L, 24L);
    }

    @Test
    void run_promptsOfTheCondition_areCountedAndSaid() throws InterruptedException {
        // given
        List<TaskItem> items =
                prompts.stream().map(prompt -> new TaskItem(prompt, "x", "")).toList();
        Contender unknown = new Contender(Optional.of("of-a-file"), AdapterSet.of(adapter), Optional.empty());
        // when
        EvaluationReport report = run(items, List.of(Contender.BASE, trained, unknown), CancelToken.create());
        // then
        assertThat(report.results())
                .extracting(EvaluationReport.Result::conditionItems)
                .containsExactly(Optional.of(0), Optional.of(1), Optional.empty());
        assertThat(report.warnings())
                .containsExactly("1 of 12 items have a prompt that first-upper was generated from; score it on prompts"
                        + " that it has not seen");
    }

    @Test
    void run_anAdapterThatChangesNothing_isSaid() throws InterruptedException {
        // given
        List<TaskItem> items =
                List.of(new TaskItem(prompts.getFirst(), "x", ""), new TaskItem(prompts.getFirst(), "x", ""));
        Contender idle = new Contender(Optional.of("idle"), AdapterSet.EMPTY, Optional.of(Set.of()));
        // when
        EvaluationReport report = run(items, List.of(Contender.BASE, idle), CancelToken.create());
        // then
        assertThat(report.warnings())
                .containsExactly(
                        "1 of 2 items repeat the prompt of an earlier one; the intervals are too narrow",
                        "idle gives exactly the base model's answers");
    }

    @Test
    void run_cancelled_endsAndLeavesTheSchedulerIdle() {
        // given: cancelled by the first progress
        CancelToken cancel = CancelToken.create();
        List<TaskItem> items =
                prompts.stream().map(prompt -> new TaskItem(prompt, "x", "")).toList();
        // then
        assertThatThrownBy(() -> new Evaluator(scheduler, live.model().vocabulary())
                        .run(
                                new EvaluationRequest(items, List.of(), 64),
                                List.of(trained),
                                (stage, done, total) -> cancel.cancel(),
                                cancel))
                .isInstanceOf(CancellationException.class);
        assertThat(scheduler.release(adapter)).succeedsWithin(10, TimeUnit.SECONDS);
    }

    @Test
    void run_itemLongerThanAContext_isRefusedByName() {
        List<TaskItem> items = List.of(new TaskItem("short", "x", ""), new TaskItem("word ".repeat(600), "x", ""));
        assertThatThrownBy(() -> run(items, List.of(Contender.BASE), CancelToken.create()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("items[1].prompt");
    }

    private static EvaluationReport run(List<TaskItem> items, List<Contender> contenders, CancelToken cancel)
            throws InterruptedException {
        return new Evaluator(scheduler, live.model().vocabulary())
                .run(new EvaluationRequest(items, List.of(), TOKENS), contenders, Progress.NONE, cancel);
    }

    private static String alone(String prompt) {
        return live.chat(prompt, TOKENS).text();
    }

    private static LoraAdapter load(String name) {
        LoraWeights weights = PeftAdapter.read(
                Nano.SET.resolve("adapters").resolve(name), live.model().shape());
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
            return live.model().loadAdapter(GgufAdapter.toMemory(weights, GgmlType.F16, arena), name);
        }
    }
}
