package org.dndllm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.engine.Progress;
import org.dndllm.hub.FileSelection;
import org.dndllm.hub.Hub;
import org.dndllm.hub.HubSettings;
import org.dndllm.hub.PullRequest;
import org.dndllm.hub.Pulled;
import org.dndllm.hub.PulledFile;
import org.dndllm.hub.RepoId;
import org.dndllm.hub.RepoType;
import org.dndllm.hub.ShortNames;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd pull}: fetches; beside it only {@code dnd serve -hf} does. */
@Command(
        name = "pull",
        mixinStandardHelpOptions = true,
        header = "Fetch files from the Hugging Face hub into its shared cache, and print where they are.",
        description = {
            "Files appear when their hash was verified; an interrupted download goes on where it was. Prints the path of a"
                    + " single file, of the first part of a model in parts, otherwise of the folder.",
            "",
            "Short names (QUANT: q2_k, q3_k_m, q4_0, q4_k_m, q5_0, q5_k_m, q6_k, q8_0, fp16; default q8_0):",
            "  qwen2.5-{0.5,1.5,3,7,14,32,72}b-instruct[:QUANT]   base models, Qwen/Qwen2.5-*-Instruct-GGUF",
            "  all-minilm-l12-v2                                  sentence encoder, the files that dnd reads",
            "  dnd-{common_sense_reasoning,math1.5b,coding1.5b,math7b,coding7b,vllm3b}",
            "                                                     LoRA collections of the paper's authors (data sets)",
            "",
            "Environment: HF_HOME, HF_HUB_CACHE, HF_TOKEN (or the token file), HF_HUB_OFFLINE=1, HF_ENDPOINT.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd pull qwen2.5-0.5b-instruct:q4_k_m",
            "  dnd chat -m \"$(dnd pull qwen2.5-0.5b-instruct)\"",
            "  dnd pull owner/model model.safetensors config.json --revision v1.0",
            "  dnd pull dnd-common_sense_reasoning --include \"ARC-c/*\" --json",
        })
final class PullCommand implements Callable<Integer> {
    private static final int MOST_WORKERS = 32;
    private static final double MEGABYTE = 1e6;

    @Mixin
    private final Output output = new Output();

    @Parameters(index = "0", paramLabel = "NAME", description = "owner/name of a repository, or a short name.")
    private String name = "";

    @Parameters(index = "1..*", paramLabel = "FILE", description = "Exact names of files. Default: all.")
    private List<String> files = new ArrayList<>();

    @Option(
            names = "--include",
            paramLabel = "GLOB",
            description = "Files that match a pattern; * crosses slashes. May be repeated.")
    private List<String> include = new ArrayList<>();

    @Option(
            names = "--revision",
            paramLabel = "REV",
            defaultValue = PullRequest.MAIN,
            description = "Branch, tag, commit or refs/pr/N. Default: ${DEFAULT-VALUE}.")
    private String revision = PullRequest.MAIN;

    @Option(names = "--repo-type", paramLabel = "TYPE", description = "model or dataset. Default: model.")
    private @Nullable String type;

    @Option(
            names = "--max-workers",
            paramLabel = "N",
            defaultValue = "4",
            description = "Files to fetch at the same time. Default: ${DEFAULT-VALUE}.")
    private int workers;

    @Override
    public Integer call() {
        Flags.range("--max-workers", workers, 1, MOST_WORKERS);
        PullRequest request = request();
        Progress bars = output.progress();
        Pulled pulled =
                Hub.of(HubSettings.fromEnvironment()).pull(request, workers, (done, total) -> show(bars, done, total));
        output.line("%s", pulled.path());
        if (!output.isJson()) {
            remark(pulled);
        }
        output.result(toJson(pulled));
        return 0;
    }

    /** A short name's own choice of files gives way to that of the flags. */
    private PullRequest request() {
        FileSelection chosen = FileSelection.of(files, include);
        Optional<PullRequest> known = ShortNames.find(name);
        if (known.isEmpty()) {
            return new PullRequest(new RepoId(repoType(), name), revision, chosen);
        }
        if (type != null) {
            throw Flags.wrong("--repo-type", "is for owner/name; the short name " + name + " has its own");
        }
        FileSelection selection = chosen.isAll() ? known.get().selection() : chosen;
        return new PullRequest(known.get().repo(), revision, selection);
    }

    private RepoType repoType() {
        String given = type == null ? RepoType.MODEL.name() : type;
        return Flags.oneOf("--repo-type", given, RepoType.class, given.toUpperCase(Locale.ROOT));
    }

    /** In megabytes, such that the bar ends with the last byte and not before. */
    private static void show(Progress bars, long done, long total) {
        long all = (long) Math.ceil(total / MEGABYTE);
        bars.advanced("MB", done == total ? all : (long) (done / MEGABYTE), all);
    }

    private void remark(Pulled pulled) {
        output.note(
                "%s at %s: %d file(s), %.1f MB%s",
                pulled.repo(),
                pulled.revision(),
                pulled.files().size(),
                pulled.bytes() / MEGABYTE,
                pulled.offline()
                        ? ", as the cache has them (offline)"
                        : String.format(
                                Locale.ROOT, ", %.1f MB of it fetched now", pulled.downloadedBytes() / MEGABYTE));
        if (pulled.firstPart().isPresent()) {
            output.note(
                    "the model is in %d parts; -m takes the path of the first, the others are found beside it",
                    pulled.files().size());
        }
    }

    private static Map<String, Object> toJson(Pulled pulled) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("repo", pulled.repo().name());
        json.put("repo_type", pulled.repo().type().name().toLowerCase(Locale.ROOT));
        json.put("revision", pulled.revision());
        json.put("commit", pulled.commit());
        json.put("offline", pulled.offline());
        json.put("path", pulled.path().toString());
        json.put("folder", pulled.folder().toString());
        json.put("bytes", pulled.bytes());
        json.put("downloaded_bytes", pulled.downloadedBytes());
        json.put("files", pulled.files().stream().map(PullCommand::toJson).toList());
        return json;
    }

    private static Map<String, Object> toJson(PulledFile file) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", file.name());
        json.put("path", file.path().toString());
        json.put("bytes", file.bytes());
        json.put("downloaded", file.downloaded());
        return json;
    }
}
