package org.dndllm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ChatTemplate;

/** What {@code --chat-template} names: a known template, or a file that holds one. */
final class ChatTemplateFile {
    private static final String FLAG = "--chat-template";
    private static final int MOST_BYTES = 1 << 20;

    private ChatTemplateFile() {}

    /**
     * The template as Jinja text.
     *
     * @throws InvalidInputException if there is neither such a name nor such a file, or it is not ChatML
     */
    static String read(String nameOrFile) {
        return switch (nameOrFile.toLowerCase(Locale.ROOT)) {
            case "chatml" -> ChatTemplate.CHATML;
            case "qwen2.5", "qwen2" -> ChatTemplate.QWEN;
            default -> file(Path.of(nameOrFile));
        };
    }

    private static String file(Path path) {
        try {
            if (Files.size(path) > MOST_BYTES) {
                throw Flags.wrong(FLAG, path + " is larger than a template ever is; name a Jinja file");
            }
            String text = Files.readString(path, StandardCharsets.UTF_8);
            ChatTemplate.requireChatMl(path.toString(), text);
            return text;
        } catch (IOException e) {
            throw new InvalidInputException(
                    Flags.COMMAND_LINE,
                    FLAG,
                    "'" + path + "' is neither chatml or qwen2.5 nor a file of UTF-8 text that can be read",
                    e);
        }
    }
}
