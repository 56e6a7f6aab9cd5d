package org.dndllm.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ChatMessage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BenchmarkReaderTest {
    @TempDir
    Path folder;

    @Test
    void officialChoiceKeepsThePromptToTheLetter() throws IOException {
        BenchmarkItem item = only("OBQA_test.json", """
                [{"prompt": "Fog is likely around:\\nA: a marsh\\nB: a tundra \\nC: the plains\\nD: a desert.\\nPlease answer the question choosing from [A]/[B]/[C]/[D].",
                  "response": "[B]", "system": "pick one"}]""");
        assertThat(item.kind()).isEqualTo(AnswerKind.CHOICE);
        assertThat(item.id()).isEqualTo("OBQA_test.json: item 1");
        assertThat(item.choices())
                .containsExactly(
                        new Choice("A", "a marsh"),
                        new Choice("B", "a tundra "),
                        new Choice("C", "the plains"),
                        new Choice("D", "a desert."));
        assertThat(item.answer()).isEqualTo("B");
        assertThat(item.gold()).isEqualTo(1);
        assertThat(item.options()).containsExactly("[A]", "[B]", "[C]", "[D]");
        assertThat(item.messages())
                .containsExactly(
                        ChatMessage.system("pick one"),
                        ChatMessage.user(
                                "Fog is likely around:\nA: a marsh\nB: a tundra \nC: the plains\nD: a desert.\n"
                                        + "Please answer the question choosing from [A]/[B]/[C]/[D]."));
    }

    @Test
    void everyOptionLayout() {
        assertThat(PromptOptions.parse("Ores?\n1: tin\n2: gold\n3: sand"))
                .extracting(Choice::label)
                .containsExactly("1", "2", "3");
        assertThat(PromptOptions.parse("yogurt?choices: A: protozoa, B: plants, C: cells, or worse, D: viruses"))
                .containsExactly(
                        new Choice("A", "protozoa"),
                        new Choice("B", "plants"),
                        new Choice("C", "cells, or worse"),
                        new Choice("D", "viruses"));
        assertThat(PromptOptions.parse(
                        "How?\nSolution1: pull it\nSolution2: push it\nAnswer format: solution1/solution2"))
                .containsExactly(new Choice("solution1", "pull it"), new Choice("solution2", "push it"));
        assertThat(PromptOptions.parse("He runs. Ending1: away Ending2: home Ending3: on"))
                .containsExactly(
                        new Choice("ending1", "away"), new Choice("ending2", "home"), new Choice("ending3", "on"));
        assertThat(PromptOptions.parse("A: says he.\nWhy?\nA: one\nB: two"))
                .extracting(Choice::text)
                .containsExactly("one", "two");
        assertThat(PromptOptions.parse("A: one\nC: three")).isEmpty();
        assertThat(PromptOptions.parse("is ethanol good?")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x.json | [{'prompt':'is it?','response':'[True]'}] | BOOLEAN | True",
                "x.json | [{'prompt':'is it?','response':'[false]'}] | BOOLEAN | False",
                "x.json | [{'prompt':'how many?','response':'2+2=4\\n#### 4'}] | NUMBER | 4",
                "x.json | [{'prompt':'find x','response':'so \\\\boxed{\\\\frac12}.'}] | MATH | \\frac12",
                "x.json | [{'prompt':'from typing import List\\ndef f(x):'}] | CODE | ''",
                "Live-Code-Bench.json | [{'prompt':'Swap two cards.'}] | CODE | ''",
                "x.json | [{'prompt':'say hello','response':'hello'}] | TEXT | hello",
                "x.json | [{'prompt':'say A','response':'[A]'}] | TEXT | [A]",
                "x.json | [{'prompt':'q\\nSolution1: a\\nSolution2: b','response':'Solution2'}] | CHOICE | solution2",
                "x.json | [{'prompt':'q\\nA: a\\nB: b'}] | CHOICE | ''",
                "x.jsonl | {'question':'q','choices':['a','b'],'answer':'B'} | CHOICE | B",
                "x.jsonl | {'question':'q','choices':['a','b'],'answer':'a'} | CHOICE | A",
                "x.jsonl | {'question':'q','choices':['3','4'],'answer':4} | CHOICE | B",
                "x.jsonl | {'question':'q','choices':{'label':['1','2'],'text':['a','b']},'answerKey':'2'} | CHOICE | 2",
                "x.jsonl | {'question':'q','options':{'A':'a','B':'b'},'answer':'[b]'} | CHOICE | B",
                "x.jsonl | {'question':'q','options':[{'label':'X','text':'a'},{'label':'Y','text':'b'}],'answer':'Y'} | CHOICE | Y"
            })
    void kindsAreRecognised(String name, String content, AnswerKind kind, String answer) throws IOException {
        BenchmarkItem item = only(name, content.replace('\'', '"'));
        assertThat(item.kind()).isEqualTo(kind);
        assertThat(item.answer()).isEqualTo(answer);
    }

    @Test
    void optionsApartAreSetBelowTheQuestion() throws IOException {
        BenchmarkItem item = only("x.csv", "question,A,B,C,answer\n\"Which, then?\",one,two,three,C\n");
        assertThat(item.prompt()).isEqualTo("Which, then?\nA: one\nB: two\nC: three");
        assertThat(item.response()).isEqualTo("[C]");
        assertThat(item.answer()).isEqualTo("C");
        assertThat(item.system()).contains("square brackets");
        assertThat(only("y.csv", "question,A,B,answer,system\nq,a,b,A,mine\n").system())
                .isEqualTo("mine");
    }

    @Test
    void tablesAndDeclaredKinds() throws IOException {
        Path file = file("mine.tsv", "question\tanswer\nhow many?\t1,200\nand then?\t3\n");
        BenchmarkSet set = BenchmarkReader.read(file, Optional.of(AnswerKind.NUMBER), Optional.of(Split.TEST));
        assertThat(set.items()).extracting(BenchmarkItem::answer).containsExactly("1,200", "3");
        assertThat(set.items())
                .extracting(BenchmarkItem::id)
                .containsExactly("mine.tsv: record 1", "mine.tsv: record 2");
        assertThat(set.split()).isEqualTo(Split.TEST);
        assertThat(set.name()).isEqualTo("mine");
        assertThat(BenchmarkReader.read(file).kind()).isEqualTo(AnswerKind.TEXT);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[{'prompt':'q\\nA: a\\nB: b','response':'[A]'},{'prompt':'q\\nA: a\\nB: b','response':'[C]'}] | item 2, field response: is '[C]', which is none of the options [A, B]",
                "[{'prompt':'q\\nA: a\\nB: b','response':'[A]'},{'prompt':'no options','response':'[A]'}] | item 2, field prompt: has no options",
                "[{'prompt':'q','response':'[True]'},{'prompt':'q','response':'[A]'}] | item 2, field response: is '[A]', expected [True] or [False]",
                "[{'prompt':'q','response':'#### 3'},{'prompt':'q','response':'#### three'}] | item 2, field response: ends in 'three', expected a number",
                "[{'prompt':' ','response':'a'}] | item 1, field prompt: is blank",
                "[{'prompt':'q','response':['a']}] | item 1, field response: must be a string, is ARRAY",
                "[{'prompt':'q','system':{},'response':'a'}] | item 1, field system: must be a string, is OBJECT",
                "[{'ask':'q'}] | item 1: has none of the fields",
                "['q'] | item 1: must be an object",
                "[] | items: there are none",
                "[{'question':'q','choices':['a'],'answer':'A'}] | item 1, field choices: holds 1 options",
                "[{'question':'q','choices':['a',''],'answer':'A'}] | item 1, field choices: option 'B' is blank",
                "[{'question':'q','choices':'a or b','answer':'A'}] | item 1, field choices: must be a list",
                "[{'question':'q','choices':['a',{}],'answer':'A'}] | item 1, field choices: option 2 must have a label and a text",
                "[{'question':'q','choices':['a','b'],'answer':1}] | item 1, field answer: is '1', expected one of the labels [A, B]",
                "[{'question':'q','choices':['a','b','b'],'answer':'b x'}] | item 1, field answer: is 'b x'"
            })
    void refusalsNameFileItemAndField(String content, String message) throws IOException {
        Path file = file("bad.json", content.replace('\'', '"'));
        assertThatThrownBy(() -> BenchmarkReader.read(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("bad.json: " + message);
    }

    @Test
    void labelsAreRequiredWhereScored() throws IOException {
        BenchmarkSet set = BenchmarkReader.read(file("w.json", "[{\"prompt\":\"q\\nA: a\\nB: b\"}]"));
        assertThat(set.warnings()).containsExactly("1 of 1 items have no answer and cannot be scored");
        assertThat(set.items().getFirst().gold()).isEqualTo(-1);
        assertThatThrownBy(set::requireLabels)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("w.json: item 1, field response: is absent");
    }

    @Test
    void warnsOfWhatMakesScoresWorthless() throws IOException {
        BenchmarkSet set = BenchmarkReader.read(
                file(
                        "w.json",
                        "[{\"prompt\":\"q\\nA: a\\nB: b\",\"response\":\"[A]\"},{\"prompt\":\"q\\nA: a\\nB: b\",\"response\":\"[A]\"}]"));
        assertThat(set.warnings()).hasSize(2);
        assertThat(set.warnings().getFirst()).startsWith("1 prompts occurred");
        assertThat(set.warnings().getLast()).startsWith("every right answer is A");
        assertThat(set.requireLabels()).isSameAs(set);
    }

    @ParameterizedTest
    @CsvSource({
        "ARC-c_train.json,TRAIN",
        "ARC-c_test.json,TEST",
        "mine-dev.jsonl,VALIDATION",
        "mine.val.csv,VALIDATION",
        "PIQA_validation.json,VALIDATION",
        "BoolQ_validation.json,TEST",
        "HellaSwag_validation.json,TEST",
        "WinoGrande_validation.json,TEST",
        "GSM8K.json,TEST",
        "GSM8K_train.json,TRAIN",
        "MATH.json,TEST",
        "Human_Eval.json,TEST",
        "science-dataset.json,TEST",
        "Math-Plus.json,TRAIN",
        "prompts.txt,UNDECLARED",
        "contest.json,UNDECLARED",
        "hellaswag_val.jsonl,TEST",
        "hellaswag_train.jsonl,TRAIN",
        "HumanEval.jsonl.gz,TEST",
        "test6.jsonl,TEST",
        "train.jsonl,TRAIN",
        "math-500_test.jsonl,TEST"
    })
    void splitsByName(String name, Split split) {
        assertThat(OfficialNames.split(name)).isEqualTo(split);
    }

    @Test
    void labelsOfEnums() {
        assertThat(AnswerKind.labels()).containsExactly("choice", "boolean", "number", "math", "code", "text");
        assertThat(AnswerKind.of("math")).hasValue(AnswerKind.MATH);
        assertThat(AnswerKind.of("MATH")).isEmpty();
        assertThat(Split.labels()).containsExactly("train", "validation", "test", "undeclared");
        assertThat(Split.of("test")).hasValue(Split.TEST);
        assertThat(Split.of("dev")).isEmpty();
    }

    private BenchmarkItem only(String name, String content) throws IOException {
        List<BenchmarkItem> items = BenchmarkReader.read(file(name, content)).items();
        assertThat(items).hasSize(1);
        return items.getFirst();
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }
}
