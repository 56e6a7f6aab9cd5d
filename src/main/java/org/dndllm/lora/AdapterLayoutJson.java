package org.dndllm.lora;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/** {@link AdapterLayout} as JSON members, for {@code bundle.json}. */
final class AdapterLayoutJson {
    private static final int FORMAT = 1;

    private AdapterLayoutJson() {}

    static Map<String, Object> write(AdapterLayout layout) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("base", BaseShapeJson.write(layout.shape()));
        json.put("rank", layout.rank());
        json.put("alpha", layout.alpha());
        json.put("modules", layout.modules().stream().map(TargetModule::hfName).toList());
        json.put("chunk", layout.chunk());
        // Left out where it is the only form that earlier readers know, so that they read what they can.
        if (layout.form() != TokenForm.STANDARDIZED) {
            json.put("form", layout.form().jsonName());
        }
        json.put("tokens", layout.tokens());
        return json;
    }

    static AdapterLayout read(JsonValue.Obj json) {
        if (json.integer("format") != FORMAT) {
            throw new InvalidInputException(
                    json.source(), json.pathOf("format"), "is " + json.integer("format") + "; expected " + FORMAT);
        }
        List<TargetModule> modules = new ArrayList<>();
        for (String name : json.array("modules").strings()) {
            modules.add(TargetModule.byHfName(name)
                    .orElseThrow(() -> new InvalidInputException(
                            json.source(), json.pathOf("modules"), "'" + name + "' is not a module of Qwen2")));
        }
        BaseShape shape = BaseShapeJson.read(json.object("base"));
        int rank = json.int32("rank");
        float alpha = (float) json.number("alpha");
        int chunk = json.int32("chunk");
        TokenForm form = form(json);
        AdapterLayout layout =
                BaseShapeJson.placed(json, () -> AdapterLayout.of(shape, rank, alpha, modules, chunk, form));
        if (json.integer("tokens") != layout.tokens()) {
            throw new InvalidInputException(
                    json.source(),
                    json.pathOf("tokens"),
                    "is " + json.integer("tokens") + ", but the other members give " + layout.tokens());
        }
        return layout;
    }

    private static TokenForm form(JsonValue.Obj json) {
        if (!json.has("form")) {
            return TokenForm.STANDARDIZED;
        }
        String name = json.string("form");
        return TokenForm.byJsonName(name)
                .orElseThrow(() -> new InvalidInputException(
                        json.source(), json.pathOf("form"), "is '" + name + "'; expected standardized or plain"));
    }
}
