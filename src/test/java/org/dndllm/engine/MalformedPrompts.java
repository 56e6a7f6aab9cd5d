package org.dndllm.engine;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Prompt files that hold no prompts, or not in the format that they claim. */
final class MalformedPrompts {
    private final Path folder;
    private final List<MalformedInput> all = new ArrayList<>();

    private MalformedPrompts(Path folder) {
        this.folder = folder.resolve("prompts");
    }

    static List<MalformedInput> of(Path folder) {
        MalformedPrompts prompts = new MalformedPrompts(folder);
        prompts.json();
        prompts.lines();
        prompts.tables();
        return prompts.all;
    }

    private void text(String file, String field, String text) {
        bytes(file, field, text.getBytes(StandardCharsets.UTF_8));
    }

    private void bytes(String file, String field, byte[] bytes) {
        all.add(new MalformedInput(
                "prompts", file, file, field, live -> PromptReader.read(GgufDraft.save(folder, file, bytes))));
    }

    private void json() {
        text("empty.json", "top level", "");
        text("object.json", "top level", "{\"prompt\":\"a\"}");
        text("cut.json", "line 1", "[{\"prompt\":\"a\"},{\"pro");
        text("empty-list.json", "prompt", "[]");
        text("no-field.json", "item 2", "[{\"prompt\":\"a\"},{\"answer\":\"b\"}]");
        text("number.json", "item 1, field prompt", "[{\"prompt\":7}]");
        text("null.json", "item 1, field prompt", "[{\"prompt\":null}]");
        text("blank.json", "prompt 2", "[\"a\",\"  \"]");
        text("twice.json", "prompt", "[{\"prompt\":\"a\",\"prompt\":\"b\"}]");
        text("surrogate.json", "surrogate", "[\"\\ud83d\"]");
        text("deep.json", "JSON", "[".repeat(5_000));
        bytes("binary.json", "line 1", new byte[] {(byte) 0xff, (byte) 0xfe, '[', 0});
    }

    private void lines() {
        text("empty.txt", "prompt", "");
        text("blank.txt", "prompt", " \n\t\n");
        bytes("latin1.txt", "line 2", "good\ncaf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
        text("bad.jsonl", "line 2", "{\"prompt\":\"a\"}\n{oops}\n");
        text("number.jsonl", "line 1", "12\n");
    }

    private void tables() {
        text("header-only.csv", "prompt", "prompt\n");
        text("unknown-columns.csv", "header", "a,b\n1,2\n");
        text("short-row.csv", "record 1", "id,prompt\n1\n");
        text("open-quote.csv", "table", "prompt\n\"a\n");
        text("column-twice.csv", "table", "prompt,prompt\na,b\n");
        all.add(new MalformedInput(
                "prompts", "absent", "absent.json", "file", live -> PromptReader.read(folder.resolve("absent.json"))));
        all.add(new MalformedInput(
                "prompts",
                "folder",
                folder.getParent().toString(),
                "folder",
                live -> PromptReader.read(folder.getParent())));
    }
}
