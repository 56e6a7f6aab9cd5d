package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dndllm.hub.FileSelection;
import org.dndllm.hub.Hub;
import org.dndllm.hub.HubSettings;
import org.dndllm.hub.PullRequest;
import org.dndllm.hub.Pulled;
import org.dndllm.hub.RepoId;
import org.dndllm.hub.RepoType;
import org.dndllm.hub.ShortNames;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A base model by its name on the hub, from the cache that {@code dnd pull} fills; fetched first where it is not there. */
final class HubModelFlags {
    private static final String FLAG = "--hf-repo";
    /** As llama.cpp has it. */
    private static final String DEFAULT_QUANT = "q4_k_m";

    private static final int WORKERS = 4;
    private static final double MEGABYTE = 1e6;

    @Option(
            names = {"-hf", "--hf-repo"},
            paramLabel = "REPO[:QUANT|FILE]",
            description = "Base model on the Hugging Face hub instead of -m: owner/name with a quantisation (default"
                    + " q4_k_m) or the name of a .gguf file behind a colon, or a short name of dnd pull. Fetched into the"
                    + " hub's cache unless it is there.")
    private @Nullable String name;

    @Option(names = "--offline", description = "Never touch the network: -hf takes what the cache has.")
    private boolean offline;

    boolean isNamed() {
        return name != null;
    }

    /**
     * The file.
     *
     * @throws org.dndllm.InvalidInputException if there is no such file, or several
     * @throws org.dndllm.EnvironmentException if it has to be fetched and cannot be
     */
    Path model(Output output) {
        String asked = Optional.ofNullable(name).orElseThrow();
        HubSettings settings = HubSettings.fromEnvironment();
        Pulled pulled = Hub.of(offline ? settings.withoutNetwork() : settings)
                .pull(
                        request(asked),
                        WORKERS,
                        (done, total) ->
                                output.progress().advanced("MB", (long) (done / MEGABYTE), (long) (total / MEGABYTE)));
        if (pulled.firstPart().isPresent() || pulled.files().size() != 1) {
            throw Flags.wrong(
                    FLAG,
                    "'" + asked + "' is " + pulled.files().size()
                            + " files, expected one .gguf; name it behind a colon, or"
                            + " join the parts with llama.cpp's llama-gguf-split --merge and give -m");
        }
        return pulled.path();
    }

    static PullRequest request(String asked) {
        Optional<PullRequest> known = ShortNames.find(asked);
        if (known.isPresent()) {
            return known.get();
        }
        int colon = asked.indexOf(':');
        String repo = colon < 0 ? asked : asked.substring(0, colon);
        String which = colon < 0 ? DEFAULT_QUANT : asked.substring(colon + 1);
        if (which.isBlank()) {
            throw Flags.wrong(
                    FLAG, "'" + asked + "' names nothing behind the colon; expected a quantisation or a file");
        }
        FileSelection files = which.toLowerCase(Locale.ROOT).endsWith(".gguf")
                ? FileSelection.of(List.of(which), List.of())
                : FileSelection.of(List.of(), List.of(anyCase(which)));
        return new PullRequest(new RepoId(RepoType.MODEL, repo), PullRequest.MAIN, files);
    }

    /** A quantisation is spelled in either case, before the ending or before the numbers of parts. */
    private static String anyCase(String quant) {
        StringBuilder pattern = new StringBuilder("*");
        for (char each : quant.toCharArray()) {
            boolean letter = Character.isLetter(each);
            pattern.append(letter ? "[" + Character.toLowerCase(each) + Character.toUpperCase(each) + "]" : each);
        }
        return pattern.append("*.gguf").toString();
    }
}
