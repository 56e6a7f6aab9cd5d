package org.dndllm.serve.http;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.PromptFormat;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import org.dndllm.format.JsonValue;

/**
 * Prompts and the fields beside them: a JSON object with a list, or a form with a file, which is the same to whoever
 * asks for the fields.
 */
record PromptRequest(Fields fields, PromptSet prompts) {
    private static final String PROMPTS = "prompts";
    private static final String SOURCE = "<request>";
    private static final int MOST_PROMPTS = 10_000;
    /** Fields of a form that are no text: numbers, true and false. */
    private static final Set<String> VALUES = Set.of("seed", "scale", "attach", "load_inplace", "stream");

    static PromptRequest of(Call call) throws IOException {
        PromptRequest request = call.isForm() ? of(call.form()) : of(new Fields(call.json()));
        int count = request.prompts().size();
        if (count > MOST_PROMPTS) {
            throw ApiException.field(PROMPTS, "has " + count + " entries, at most " + MOST_PROMPTS + " are taken");
        }
        return request;
    }

    private static PromptRequest of(Fields fields) {
        List<String> prompts = fields.texts(PROMPTS, MOST_PROMPTS);
        if (prompts.isEmpty()) {
            throw none();
        }
        return new PromptRequest(fields, new PromptSet(SOURCE, prompts));
    }

    private static PromptRequest of(List<Multipart.Part> parts) {
        Map<String, Multipart.Part> byName = new LinkedHashMap<>();
        for (Multipart.Part part : parts) {
            if (byName.putIfAbsent(part.name(), part) != null) {
                throw ApiException.field(part.name(), "is given twice");
            }
        }
        Multipart.Part file = Optional.ofNullable(byName.remove(PROMPTS)).orElseThrow(PromptRequest::none);
        Map<String, JsonValue> members = new LinkedHashMap<>();
        byName.forEach((name, part) -> members.put(name, value(part)));
        Fields fields = new Fields(new JsonValue.Obj(members, "request body", "$"));
        // without a file name it is a text field: one prompt per line, or JSON
        PromptFormat format = file.file().map(PromptFormat::of).orElse(PromptFormat.AUTO);
        PromptSet prompts =
                PromptReader.read(new ByteArrayInputStream(file.content()), SOURCE, format, fields.text("column"));
        return new PromptRequest(fields, prompts);
    }

    private static ApiException none() {
        return ApiException.field(PROMPTS, "has none; give at least one, better as many as the generator reads");
    }

    private static JsonValue value(Multipart.Part part) {
        String text = part.text();
        if (!VALUES.contains(part.name())) {
            return new JsonValue.Str(text);
        }
        try {
            return JsonValue.parse(text, "request body");
        } catch (InvalidInputException e) {
            throw ApiException.field(part.name(), "is neither a number nor true or false");
        }
    }
}
