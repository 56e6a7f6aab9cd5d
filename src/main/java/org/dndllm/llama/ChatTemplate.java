package org.dndllm.llama;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;

/**
 * Qwen2.5's ChatML, as the Jinja template in its {@code tokenizer_config.json} renders it without tools: turns between
 * {@code <|im_start|>} and {@code <|im_end|>}, and a default system message when the chat does not begin with one: that of
 * the model's own template. A model whose template has none, such as the nano base, gets none.
 *
 * <p>Only the template's own marks become special tokens: {@code <|im_end|>} inside a message stays text, so a message
 * cannot end its turn and speak for another role.
 */
public final class ChatTemplate {
    /** Put first when a chat does not begin with a system message. */
    public static final String DEFAULT_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";

    /** What the template of Qwen2.5-VL (and of Qwen2) puts there instead. */
    static final String VISION_SYSTEM = "You are a helpful assistant.";

    /** ChatML without a system message of its own, in Jinja. */
    public static final String CHATML = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' +"
            + " message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}";

    /** Qwen2.5's, as far as chats without tools go, in Jinja. */
    public static final String QWEN = "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\n"
            + DEFAULT_SYSTEM + "<|im_end|>\\n' }}{% endif %}" + CHATML;

    private static final Pattern MARK = Pattern.compile("<\\|[A-Za-z0-9_]+\\|>|<think>|\\[INST\\]|<start_of_turn>");
    private static final Set<String> MARKS = Set.of("<|im_start|>", "<|im_end|>", "<|endoftext|>");
    /** A system turn whose text stands in the template: no quotation mark ends the literal behind the role. */
    private static final Pattern OWN_SYSTEM = Pattern.compile("<\\|im_start\\|>system\\\\n([^'\"<]+)<\\|im_end\\|>");

    /** The line break is one character outside of Jinja's literals, and two inside. */
    private static final Pattern VISION_TURN =
            Pattern.compile("<\\|im_start\\|>system(\n|\\\\n)" + Pattern.quote(VISION_SYSTEM + "<|im_end|>"));

    private static final String START = "<|im_start|>";
    private static final String END = "<|im_end|>";
    private static final String ANSWERER = "assistant\n";
    private static final Set<String> ROLES = Set.of("system", "user", "assistant");

    private ChatTemplate() {}

    /**
     * A part of a prompt.
     *
     * @param special whether it is a mark of the template, which is one special token
     */
    record Segment(String text, boolean special) {}

    /**
     * The whole prompt of a Qwen2.5 model as text, for display and logs. Tokenise with {@link #tokens}, never this.
     *
     * @param answer whether it ends with the begin of the assistant's turn
     * @throws InvalidInputException if there is no message or a role is unknown
     */
    public static String render(List<ChatMessage> messages, boolean answer) {
        return segments(messages, Optional.of(DEFAULT_SYSTEM), answer).stream()
                .map(Segment::text)
                .collect(Collectors.joining());
    }

    /**
     * The prompt as tokens.
     *
     * @param answer whether it ends with the begin of the assistant's turn
     * @throws InvalidInputException if there is no message, a role is unknown, or the vocabulary lacks ChatML's marks
     */
    public static int[] tokens(Vocabulary vocabulary, List<ChatMessage> messages, boolean answer) {
        return tokens(vocabulary, segments(messages, vocabulary.defaultSystem(), answer));
    }

    /**
     * The prompt followed by each of several beginnings of the assistant's answer, as tokens. The tokenizer reads role and
     * beginning as one text, as it reads a whole turn.
     *
     * @param beginnings may hold the empty one, which gives the prompt alone
     * @return one array for each beginning, in their order
     * @throws InvalidInputException as {@link #tokens}
     */
    public static List<int[]> begun(Vocabulary vocabulary, List<ChatMessage> messages, List<String> beginnings) {
        int[] before = tokens(vocabulary, messages, false);
        return turns(vocabulary, beginnings).stream()
                .map(turn -> joined(before, turn))
                .toList();
    }

    /**
     * What {@link #begun} puts behind the messages: the assistant's turn alone, its mark first, as tokens. A turn begins with
     * a mark and no token reaches across one, so the turn can follow messages that are in a context already.
     *
     * @param beginnings may hold the empty one, which gives mark and role
     * @return one array for each beginning, in their order; none is empty
     * @throws InvalidInputException if the vocabulary lacks ChatML's marks
     */
    public static List<int[]> turns(Vocabulary vocabulary, List<String> beginnings) {
        int[] mark = tokens(vocabulary, List.of(new Segment(START, true)));
        return beginnings.stream()
                .map(text -> joined(mark, vocabulary.tokenize(ANSWERER + text, false)))
                .toList();
    }

    private static int[] joined(int[] first, int[] second) {
        return IntStream.concat(IntStream.of(first), IntStream.of(second)).toArray();
    }

    private static int[] tokens(Vocabulary vocabulary, List<Segment> segments) {
        IntStream.Builder tokens = IntStream.builder();
        for (Segment segment : segments) {
            int[] part = vocabulary.tokenize(segment.text(), segment.special());
            if (segment.special() && part.length != 1) {
                throw new InvalidInputException(
                        "vocabulary",
                        segment.text(),
                        "is not one token of this model; choose a model with ChatML's marks," + " such as Qwen2.5");
            }
            for (int token : part) {
                tokens.add(token);
            }
        }
        return tokens.build().toArray();
    }

    /**
     * The default system message of a model.
     *
     * @param template {@code tokenizer.chat_template}; a model without one is taken for Qwen2.5
     */
    static Optional<String> defaultSystem(Optional<String> template) {
        if (template.isEmpty() || template.get().contains(DEFAULT_SYSTEM)) {
            return Optional.of(DEFAULT_SYSTEM);
        }
        return VISION_TURN.matcher(template.get()).find() ? Optional.of(VISION_SYSTEM) : Optional.empty();
    }

    /**
     * Refuses a template that chats here would not follow. Jinja is not run: the C interface of llama.cpp renders
     * templates that it knows by their marks, and its result would make special tokens of marks inside messages. What is
     * ChatML, with Qwen2.5's system message or none, is rendered here.
     *
     * @param source what to call it in errors
     * @throws InvalidInputException if it has other marks than ChatML's, or another system message of its own
     */
    public static void requireChatMl(String source, String template) {
        if (!template.contains(START) || !template.contains(END)) {
            throw notChatMl(source, "has no " + START + " and " + END + ", so it is not ChatML");
        }
        Matcher marks = MARK.matcher(template);
        while (marks.find()) {
            if (!MARKS.contains(marks.group())) {
                throw notChatMl(source, "has the mark " + marks.group() + ", which is not ChatML's");
            }
        }
        Matcher system = OWN_SYSTEM.matcher(template);
        while (system.find()) {
            if (!system.group(1).equals(DEFAULT_SYSTEM)) {
                throw notChatMl(
                        source, "puts the system message '" + system.group(1) + "' before chats; send it with them");
            }
        }
    }

    private static InvalidInputException notChatMl(String source, String problem) {
        return new InvalidInputException(
                source,
                "chat template",
                problem + "; Jinja is not run here, expected chatml, qwen2.5 or a file that is one of the two");
    }

    static List<Segment> segments(List<ChatMessage> messages, Optional<String> defaultSystem, boolean answer) {
        if (messages.isEmpty()) {
            throw new InvalidInputException("chat", "messages", "there are none; give at least one");
        }
        List<Segment> segments = new ArrayList<>();
        if (messages.getFirst().role().equals("system") == false) {
            defaultSystem.ifPresent(system -> turn(segments, "system", system));
        }
        for (int i = 0; i < messages.size(); i++) {
            ChatMessage message = messages.get(i);
            requireRole(message.role(), i);
            turn(segments, message.role(), message.content());
        }
        if (answer) {
            segments.add(new Segment(START, true));
            segments.add(new Segment(ANSWERER, false));
        }
        return segments;
    }

    private static void requireRole(String role, int index) {
        if (ROLES.contains(role) == false) {
            String hint = role.equals("tool") ? "tools are not supported" : "it is unknown";
            throw new InvalidInputException(
                    "chat",
                    "role of message " + index,
                    "is '" + role + "', and " + hint + "; expected system, user or assistant");
        }
    }

    // A turn's role and content are one text segment: the tokenizer may merge across the line break, as it would in the
    // rendered prompt.
    private static void turn(List<Segment> segments, String role, String content) {
        segments.add(new Segment(START, true));
        segments.add(new Segment(role + "\n" + content, false));
        segments.add(new Segment(END, true));
        segments.add(new Segment("\n", false));
    }
}
