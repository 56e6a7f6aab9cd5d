package org.dndllm.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Completion;
import org.dndllm.engine.LiveModel;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ContextFullException;
import org.dndllm.llama.SamplerOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd chat}. */
@Command(
        name = "chat",
        mixinStandardHelpOptions = true,
        header = "Talk to a base model, with adapters or without; swap them while it runs.",
        description = {
            "Without --prompt it reads one message per line from standard input. Lines that begin with a slash are"
                    + " commands: /lora FILE [SCALE] attaches, /base detaches, /reset forgets the conversation, /quit.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd chat -m qwen2.5-0.5b-q8_0.gguf --lora my-adapter/adapter.gguf",
            "  dnd chat --prompt 'Which gas do plants breathe in?' --json",
        })
final class ChatCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Option(names = "--lora", paramLabel = "GGUF", description = "Adapter to attach; repeat for a blend.")
    private List<Path> adapters = new ArrayList<>();

    @Option(names = "--lora-scaled", paramLabel = "GGUF:SCALE", description = "Adapter with a scale; repeatable.")
    private List<String> scaled = new ArrayList<>();

    @Option(
            names = {"-p", "--prompt"},
            description = "Answer this one message and end.")
    private @Nullable String prompt;

    @Option(names = "--system", description = "System message. Default: the model family's own.")
    private @Nullable String system;

    @Option(
            names = {"-n", "--n-predict"},
            defaultValue = "256",
            description = "Longest answer in tokens. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    @Option(names = "--temp", defaultValue = "0", description = "Temperature; 0 is greedy. Default: ${DEFAULT-VALUE}.")
    private float temperature;

    @Option(names = "--top-k", defaultValue = "40", description = "Default: ${DEFAULT-VALUE}.")
    private int topK;

    @Option(names = "--top-p", defaultValue = "0.95", description = "Default: ${DEFAULT-VALUE}.")
    private float topP;

    @Option(names = "--min-p", defaultValue = "0.05", description = "Default: ${DEFAULT-VALUE}.")
    private float minP;

    @Option(
            names = {"-s", "--seed"},
            defaultValue = "1",
            description = "Seed of the sampler. Default: ${DEFAULT-VALUE}.")
    private int seed;

    private final List<ChatMessage> conversation = new ArrayList<>();

    @Override
    public Integer call() {
        if (output.isJson() && prompt == null) {
            throw Flags.wrong("--json", "gives one object for one answer; add --prompt, or leave --json out");
        }
        try (LiveModel live = LiveModel.open(engine.model(), engine.modelOptions(), engine.contextOptions())) {
            attach(live);
            reset();
            if (prompt != null) {
                Completion answer = say(live, prompt);
                Map<String, Object> json = new LinkedHashMap<>();
                json.put("text", answer.text());
                json.put("prompt_tokens", answer.promptTokens());
                json.put("tokens", answer.tokens());
                json.put("finish", answer.finish().name().toLowerCase(java.util.Locale.ROOT));
                json.put("adapters", live.attached().toString());
                output.result(json);
            } else {
                converse(live);
            }
        }
        return 0;
    }

    private void attach(LiveModel live) {
        List<AdapterSet.Entry> entries = new ArrayList<>();
        for (ScaledPath each : ScaledPath.of(adapters, scaled)) {
            entries.add(new AdapterSet.Entry(live.model().loadAdapter(each.path()), each.scale()));
        }
        live.attach(AdapterSet.of(entries));
    }

    private void reset() {
        conversation.clear();
        if (system != null) {
            conversation.add(ChatMessage.system(system));
        }
    }

    private void converse(LiveModel live) {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.equals("/quit")) {
                    return;
                }
                if (line.startsWith("/")) {
                    command(live, line.split(" +"));
                } else if (!line.isBlank()) {
                    sayOrExplain(live, line);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void command(LiveModel live, String[] words) {
        try {
            switch (words[0]) {
                case "/lora" -> {
                    if (words.length < 2) {
                        throw new InvalidInputException("chat", "/lora", "needs a file: /lora FILE [SCALE]");
                    }
                    float scale = words.length > 2 ? Flags.finite("/lora", words[2]) : 1;
                    replace(live, AdapterSet.of(live.model().loadAdapter(Path.of(words[1])), scale));
                    output.note("attached %s", live.attached());
                }
                case "/base" -> {
                    replace(live, AdapterSet.EMPTY);
                    output.note("base model");
                }
                case "/reset" -> reset();
                default ->
                    output.note("unknown command %s; there are /lora FILE [SCALE], /base, /reset, /quit", words[0]);
            }
        } catch (InvalidInputException e) {
            output.note("%s", String.valueOf(e.getMessage())); // a typing error must not end the conversation
        }
    }

    /** The adapters of the set before are freed. */
    private static void replace(LiveModel live, AdapterSet set) {
        AdapterSet before = live.attached();
        live.attach(set);
        before.entries().forEach(entry -> entry.adapter().close());
    }

    private void sayOrExplain(LiveModel live, String message) {
        int turns = conversation.size();
        try {
            say(live, message);
        } catch (ContextFullException e) {
            conversation.subList(turns, conversation.size()).clear();
            output.note("%s; /reset forgets the conversation", String.valueOf(e.getMessage()));
        }
    }

    private SamplerOptions sampling() {
        if (temperature == 0) {
            return SamplerOptions.GREEDY;
        }
        return new SamplerOptions(temperature, topK, topP, minP, seed, 1f, 0f, 0f, 0, "");
    }

    private Completion say(LiveModel live, String message) {
        conversation.add(ChatMessage.user(message));
        Completion answer = live.chat(conversation, sampling(), maxTokens, output::text, CancelToken.create());
        output.line("");
        conversation.add(ChatMessage.assistant(answer.text()));
        return answer;
    }
}
