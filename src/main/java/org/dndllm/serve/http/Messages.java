package org.dndllm.serve.http;

import java.util.ArrayList;
import java.util.List;
import org.dndllm.format.JsonValue;
import org.dndllm.llama.ChatMessage;

/** Reads the messages of a chat: plain text, or parts of type text. */
final class Messages {
    private Messages() {}

    static List<ChatMessage> of(JsonValue.Obj body) {
        List<ChatMessage> messages = new ArrayList<>();
        JsonValue.Arr list = body.array("messages");
        if (list.size() == 0) {
            throw ApiException.field("messages", "is empty; give at least one message");
        }
        for (JsonValue.Obj each : list.objects()) {
            String role = each.string("role");
            if (each.has("tool_calls")) {
                throw ApiException.unsupported(each.pathOf("tool_calls"), "are not supported");
            }
            // what newer clients of OpenAI call the system message
            messages.add(new ChatMessage(role.equals("developer") ? "system" : role, content(each)));
        }
        return messages;
    }

    private static String content(JsonValue.Obj message) {
        if (!(message.find("content").orElse(AnswerJson.NULL) instanceof JsonValue.Arr parts)) {
            return message.string("content");
        }
        StringBuilder text = new StringBuilder();
        for (JsonValue.Obj part : parts.objects()) {
            String type = part.string("type");
            if (!type.equals("text")) {
                throw ApiException.unsupported(part.pathOf("type"), "is '" + type + "'; only text is supported");
            }
            text.append(part.string("text"));
        }
        return text.toString();
    }
}
