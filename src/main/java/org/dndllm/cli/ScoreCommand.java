package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkReader;
import org.dndllm.eval.benchmark.BenchmarkSet;
import org.dndllm.eval.contest.AnswerForm;
import org.dndllm.eval.contest.Contest;
import org.dndllm.eval.contest.ContestOptions;
import org.dndllm.eval.contest.ContestReport;
import org.dndllm.eval.contest.ItemSample;
import org.dndllm.eval.contest.ScoreColumn;
import org.dndllm.eval.contest.SetContest;
import org.dndllm.eval.contest.SetScore;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LlamaModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd score}. */
@Command(
        name = "score",
        mixinStandardHelpOptions = true,
        header = "Score a base model and adapters on labelled benchmark files, by every scorer side by side.",
        description = {
            "Files: ARC, OBQA, PIQA, HellaSwag, WinoGrande, BoolQ, GSM8K, MATH in the official JSON, HellaSwag and MATH"
                    + " as their authors publish them, or any JSON, JSONL, CSV or TSV with questions and answers;"
                    + " Math-Vision, Math-Vista or any with an image field, for a Qwen2.5-VL model with --mmproj. In such"
                    + " a file some questions may have options and others not: likelihood is of those that have.",
            "Scorers: likelihood compares how probable the model finds each option, as it stands, by token and by byte;"
                    + " greedy reads the model's answer in whatever form it has; official reads the same answer as the"
                    + " official code does. Where official is far below the others, format is what is missing.",
            "",
            "Each accuracy has Wilson's 95 %% interval; the difference to the base model is taken item by item, with a"
                    + " bootstrap interval. The adapter's condition must come from a training split.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd score ARC-c_test.json -m qwen2.5-0.5b-q8_0.gguf --items 200",
            "  dnd score ARC-c_test.json OBQA_test.json -m qwen2.5-0.5b-q8_0.gguf --lora my-adapter --report out",
            "  dnd score ARC-c_test.json -m qwen2.5-0.5b-q8_0.gguf --generator bundle \\",
            "      --condition-from ARC-c_train.json --json",
            "  dnd score GSM8K.json -m qwen2.5-1.5b-q8_0.gguf --scorer greedy,official -n 400",
            "  DND_LLAMA_VARIANT=cpu-built dnd score math-vision/test.jsonl -m qwen2.5-vl-3b-q8_0.gguf \\",
            "      --mmproj mmproj-qwen2.5-vl-3b-f16.gguf -c 8192 --items 100",
        })
final class ScoreCommand implements Callable<Integer> {
    private static final List<String> SCORERS = List.of("likelihood", "greedy", "official");

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Mixin
    private final ConditionFlags conditions = new ConditionFlags();

    @Mixin
    private final ImageFlags images = new ImageFlags();

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Labelled files; the test split of a set.")
    private List<Path> files = List.of();

    @Option(
            names = "--lora",
            paramLabel = "FILE",
            description = "Adapter (.gguf or PEFT folder), scored alone; repeatable.")
    private List<Path> loras = new ArrayList<>();

    @Option(
            names = "--scorer",
            paramLabel = "S",
            split = ",",
            defaultValue = "likelihood,greedy,official",
            description = "Which of likelihood, greedy, official. Default: all.")
    private List<String> scorers = SCORERS;

    @Option(
            names = "--answer-form",
            paramLabel = "F",
            defaultValue = "label",
            description =
                    "What likelihoods are of: label, the official form [A], or text, the option's wording. Default:"
                            + " ${DEFAULT-VALUE}.")
    private String form = "label";

    @Option(
            names = "--kind",
            paramLabel = "K",
            description =
                    "How the files' answers are: choice, boolean, number, math, text. Default: as each file shows.")
    private @Nullable String kind;

    @Option(
            names = "--items",
            paramLabel = "N",
            defaultValue = "0",
            description = "Items per file, drawn with --seed; 0 for all. Default: ${DEFAULT-VALUE}.")
    private int items;

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of the draw of items. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = {"-n", "--n-predict"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Longest greedy answer in tokens; 0 takes 16, or 512 for worked solutions. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int tokens;

    @Option(
            names = {"-np", "--parallel"},
            paramLabel = "N",
            defaultValue = "32",
            description = "Greedy answers in the making at once. Default: ${DEFAULT-VALUE}.")
    private int parallel;

    @Option(names = "--report", paramLabel = "DIR", description = "Write score.md, score.json and answers.csv there.")
    private @Nullable Path report;

    @Override
    public Integer call() {
        Flags.atLeast("--items", items, 0);
        ContestOptions options = options();
        List<ItemSample> samples = samples(options);
        List<ConditionFlags.Condition> sources =
                conditions.read(samples.stream().map(ItemSample::set).toList());
        try (LlamaModel model = LlamaModel.open(engine.model(), engine.modelOptions());
                Contest contest = Contest.open(
                        model,
                        engine.contextOptions(),
                        options,
                        images.open(model, engine.contextOptions().threads()))) {
            List<ScoredAdapter> adapters = new ArrayList<>(ScoredAdapter.load(model, loras, engine.adapterType()));
            adapters.addAll(ScoredAdapter.generate(model, engine, conditions, sources, output));
            ContestReport done = new ContestReport(facts(model, options), play(contest, samples, adapters));
            print(done);
            if (report != null) {
                done.write(report);
                output.line("written    %s", report);
            }
        }
        return 0;
    }

    private ContestOptions options() {
        Flags.atLeast("--n-predict", tokens, 0);
        Flags.atLeast("--parallel", parallel, 1);
        Set<ScoreColumn> columns = EnumSet.noneOf(ScoreColumn.class);
        for (String scorer : scorers) {
            switch (scorer.strip().toLowerCase(Locale.ROOT)) {
                case "likelihood" ->
                    columns.addAll(List.of(ScoreColumn.LIKELIHOOD, ScoreColumn.PER_TOKEN, ScoreColumn.PER_BYTE));
                case "greedy" -> columns.add(ScoreColumn.GREEDY);
                case "official" -> columns.add(ScoreColumn.OFFICIAL);
                default -> throw Flags.wrong("--scorer", "is '" + scorer + "', expected some of " + SCORERS);
            }
        }
        AnswerForm answerForm = Flags.oneOf("--answer-form", form, AnswerForm.class, form.toUpperCase(Locale.ROOT));
        return new ContestOptions(columns, answerForm, tokens, parallel);
    }

    /** All files are read and checked before a model is opened. */
    private List<ItemSample> samples(ContestOptions options) {
        Optional<AnswerKind> declared = Optional.ofNullable(kind)
                .map(label -> AnswerKind.of(label)
                        .orElseThrow(() ->
                                Flags.wrong("--kind", "is '" + label + "', expected one of " + AnswerKind.labels())));
        List<ItemSample> samples = new ArrayList<>();
        for (Path file : files) {
            BenchmarkSet set = BenchmarkReader.read(file, declared, Optional.empty());
            options.columns(set);
            ItemSample sample = ItemSample.draw(set, items, seed);
            options.columns(sample);
            samples.add(sample);
        }
        images.require(samples.stream().map(ItemSample::set).toList());
        return samples;
    }

    private List<SetScore> play(Contest contest, List<ItemSample> samples, List<ScoredAdapter> adapters) {
        List<SetScore> scores = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            SetContest set = SetContest.start(contest, samples.get(i), output.progress());
            for (ScoredAdapter adapter : adapters) {
                set.play(adapter.name(), AdapterSet.of(adapter.adapter()), adapter.origin(i));
            }
            scores.add(set.score());
        }
        return scores;
    }

    private Map<String, Object> facts(LlamaModel model, ContestOptions options) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("model", engine.model().toString());
        facts.put("description", model.description());
        images.mmproj().ifPresent(file -> facts.put("mmproj", file.toString()));
        facts.put("answer_form", options.form().name().toLowerCase(Locale.ROOT));
        facts.put("items", items);
        facts.put("seed", seed);
        facts.put("prompts_seed", conditions.seed());
        return facts;
    }

    private void print(ContestReport done) {
        for (SetScore set : done.sets()) {
            output.line("%s", ContestReport.heading(set));
            List<String> lines = ContestReport.table(set).lines();
            for (int i = 0; i < lines.size(); i++) {
                // titles, base, then two lines for each adapter
                if (i >= 2 && set.contenders().get(i / 2).isTainted()) {
                    output.red(lines.get(i));
                } else {
                    output.line("%s", lines.get(i));
                }
            }
            for (String breach : ContestReport.breaches(set)) {
                output.red(breach);
            }
            ContestReport.notes(set).forEach(note -> output.line("%s", note));
            output.line("");
        }
        output.result(done.toJson());
    }
}
