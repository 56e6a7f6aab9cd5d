package org.dndllm.cli;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.DndException;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.llama.Device;
import org.dndllm.llama.LlamaLibrary;
import org.dndllm.onnx.OnnxRuntimeInfo;
import org.dndllm.onnx.SessionOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code dnd doctor}: what this machine offers, what is missing and what to do about it. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        header = "Say what this machine offers: JDK, native libraries, devices, providers, memory, nano set.",
        description = "Ends with exit code 3 if something that the main job needs is missing.",
        footer = {"", "Examples:", "  dnd doctor", "  DND_LLAMA_VARIANT=cuda dnd doctor --json"})
final class DoctorCommand implements Callable<Integer> {
    private static final String GPU_MEMORY = "DND_GPU_MEMORY";

    @Mixin
    private final Output output = new Output();

    private final Map<String, Object> json = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    @Override
    public Integer call() {
        machine();
        check("llama.cpp", this::llama);
        check("ONNX Runtime", this::onnxRuntime);
        check("nano set", this::nanoSet);
        json.put("problems", problems);
        problems.forEach(problem -> output.line("PROBLEM   %s", problem));
        output.line(problems.isEmpty() ? "all well" : problems.size() + " problem(s)");
        output.result(json);
        return problems.isEmpty() ? 0 : Main.ENVIRONMENT;
    }

    private void fact(String name, Object value) {
        json.put(name, value);
        output.line("%-14s %s", name, value);
    }

    private void check(String part, Runnable look) {
        try {
            look.run();
        } catch (DndException e) {
            problems.add(part + ": " + e.getMessage());
        }
    }

    private void machine() {
        fact(
                "java",
                Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"));
        fact(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"));
        fact("processors", Runtime.getRuntime().availableProcessors());
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os) {
            fact(
                    "memory",
                    String.format(
                            java.util.Locale.ROOT,
                            "%.1f GB, %.1f GB free",
                            os.getTotalMemorySize() / 1e9,
                            os.getFreeMemorySize() / 1e9));
        }
    }

    private void llama() {
        LlamaLibrary library = LlamaLibrary.load();
        fact(
                "llama.cpp",
                library.version() + ", ggml " + library.ggmlVersion() + ", variant "
                        + library.location().variant());
        fact(
                "libraries",
                library.location().folder() + " (" + library.location().origin() + ")");
        fact("images", library.readsImages() ? "read" : "not read, native/build --with-mtmd makes what is missing");
        fact("cpu", library.systemInfo().strip());
        List<Device> devices = library.devices();
        fact(
                "devices",
                devices.stream()
                        .map(d -> d.name() + " (" + d.description().strip() + ", " + d.backend() + ")")
                        .toList());
        List<String> changed = library.location().changedFiles();
        if (!changed.isEmpty()) {
            problems.add("llama.cpp: these files are not the ones that were installed: " + changed
                    + "; delete the folder and run native/install");
        }
        library.location().backend().ifPresent(backend -> check("llama.cpp", () -> library.requireBackend(backend)));
    }

    private void onnxRuntime() {
        fact("onnxruntime", OnnxRuntimeInfo.version());
        fact("providers", OnnxRuntimeInfo.providers());
        String limit = System.getenv().getOrDefault(GPU_MEMORY, "");
        if (!limit.isBlank()) {
            long bytes = MemorySize.parse(GPU_MEMORY, limit, SessionOptions.LEAST_GPU_MEMORY);
            fact(
                    "gpu memory",
                    "at most " + MemorySize.text(bytes) + " for each session of ONNX Runtime (" + GPU_MEMORY + ")");
        }
    }

    private void nanoSet() {
        NanoSet nano = NanoSet.embedded();
        List<String> bundles = nano.bundles().stream()
                .map(GeneratorBundle::open)
                .map(bundle -> bundle.folder().getFileName()
                        + (bundle.manifest().training().trained() ? " trained" : " untrained weights"))
                .toList();
        fact(
                "nano set",
                nano.folder() + ", hashes verified, generators " + bundles + ", "
                        + nano.taskFolder().names().size() + " tasks");
    }
}
