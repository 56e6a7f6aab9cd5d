package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.ImportFiles;
import org.dndllm.format.DType;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.generator.StateDictFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An import streams: its memory does not grow with the file. */
class ImportMemoryIT {
    private static final int HEAP_MB = 64;
    private static final int DIRECT_MB = 24;

    @TempDir
    Path folder;

    /** 316 MB of weights through a JVM with 64 MB of heap and 24 MB of direct memory, whatever the machine has. */
    @Test
    void import_fileBeyondTheHeap_passesInPieces() throws IOException, InterruptedException {
        // given: bfloat16, which must be widened on the heap; zeros, which take no disk before the import
        PaperConfig config = GeneratorConfig.paper(
                5, new Stage(3, 24, 16), new Stage(1536, 4, 16), new Stage(2048, 4, 17), new Stage(17, 4, 34));
        long weights = 4 * config.parameters();
        assertThat(weights).isGreaterThan(4L * (HEAP_MB << 20));
        Path file = StateDictFile.hollow(config, DType.BF16).write(folder.resolve("huge.pth"));
        Path model = Files.writeString(folder.resolve("config.json"), """
                {"model_type": "qwen2", "hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 2,
                 "num_hidden_layers": 1, "intermediate_size": 64, "vocab_size": 752, "tie_word_embeddings": true}
                """);
        Path bundle = folder.resolve("bundle");
        Path log = folder.resolve("log");

        // when
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx" + HEAP_MB + "m",
                        "-XX:MaxDirectMemorySize=" + DIRECT_MB + "m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Ddnd.home=" + Cli.ROOT,
                        Main.class.getName(),
                        "import",
                        file.toString(),
                        "--encoder",
                        ImportFiles.ENCODER.toString(),
                        "--base",
                        model.toString(),
                        "--save-to",
                        bundle.toString()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        // not on the command line: ONNX Runtime crashes on long ones
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        Process child = builder.start();

        // then
        assertThat(child.waitFor())
                .as(Files.readString(log, StandardCharsets.UTF_8))
                .isZero();
        assertThat(Files.size(bundle.resolve("generator.onnx.data"))).isBetween(weights - 100_000, weights + 100_000);
        assertThat(GeneratorBundle.open(bundle).manifest().generator()).isEqualTo(config);
    }
}
