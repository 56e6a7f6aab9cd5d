package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dndllm.cli.LoraSamples.lora;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code dnd lora} and {@code dnd blend} refuse: wrong use, targets that must not go, adapters that are no pairs. */
class LoraRefusalsIT {
    @TempDir
    Path folder;

    private Path theirs;
    private Path ours;

    @BeforeEach
    void adapters() {
        LoraSamples samples = LoraSamples.write(folder);
        theirs = samples.theirs();
        ours = samples.ours();
    }

    /** What each refusal must name, its exit code, and the arguments: S is a sound source, T a target. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2 | rank | canonicalize S T --rank 0",
                "2 | rank | canonicalize S T --rank 1000 --modules q_proj",
                "2 | rank | canonicalize S T --rank 100000",
                "2 | --alpha | canonicalize S T --alpha NaN",
                "2 | --alpha | canonicalize S T --alpha infinity",
                "2 | --alpha | canonicalize S T --alpha many",
                "2 | alpha | canonicalize S T --alpha 0",
                "2 | alpha | canonicalize S T --alpha 1e30",
                "2 | --modules | canonicalize S T --modules c_attn",
                "2 | modules | canonicalize S T --modules gate_proj --rank 2",
                "2 | --type | canonicalize S T --type q8_0",
                "2 | --type | canonicalize S T.gguf --type q2_k",
                "1 | absent | canonicalize absent T",
                "2 | --rank | rank S T --rank 0",
                "2 | rank | rank S T --rank 1000",
                "2 | --energy | rank S T",
                "2 | --energy | rank S T --rank 2 --energy 0.5",
                "2 | --energy | rank S T --energy 0",
                "2 | --energy | rank S T --energy 1.01",
                "2 | --energy | rank S T --energy NaN",
                "2 | --lora | blend T",
                "2 | --lora-scaled | blend T --lora-scaled S:much",
                "2 | --lora-scaled | blend T --lora-scaled S:NaN",
                "1 | factor | blend T --lora-scaled S:0",
                "2 | --rank | blend T --lora S --rank 0",
                "2 | rank | blend T --lora S --rank 1000",
                "1 | absent.gguf | blend T --lora S --lora absent.gguf",
                "2 | TARGET | quantize S T",
                "2 | --type | quantize S T.gguf --type q4_0",
                "1 | other | quantize other T.gguf",
            })
    void wrongUse_refusedAndNothingWritten(int code, String word, String line) throws IOException {
        // given: an adapter for a base of another shape as well
        Path other = folder.resolve("other");
        Files.createDirectories(other);
        Path golden = Cli.ROOT.resolve("src/test/resources/lora/peft-tiny");
        for (String file : List.of(PeftAdapter.WEIGHTS_FILE, PeftAdapter.CONFIG_FILE)) {
            Files.copy(golden.resolve(file), other.resolve(file));
        }
        List<String> before = names();

        Object[] words = Stream.of(line.split(" "))
                .map(each -> each.replaceFirst("^S", theirs.toString())
                        .replaceFirst("^T", folder.resolve("target").toString())
                        .replaceFirst("^other$", other.toString()))
                .toArray();

        lora(words).refused(code, word);
        assertThat(names()).isEqualTo(before);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(Path::toString).sorted().toList();
        }
    }

    @Test
    void blend_adapterOfAnotherBase_refusedNamingIt() {
        Path golden = Cli.ROOT.resolve("src/test/resources/lora/peft-tiny");

        lora("blend", folder.resolve("out"), "--lora", theirs, "--lora", golden)
                .refused(1, golden.toString(), "wrong base model");
    }

    @Test
    void target_existingOrItsOwnSource_refusedAndKept() throws IOException {
        byte[] before = Files.readAllBytes(ours);
        Path nested = theirs.resolve("adapter.gguf");
        Files.copy(ours, nested);

        lora("rank", theirs, ours, "--rank", 2).refused(1, ours.toString(), "exists already");
        lora("rank", ours, ours, "--rank", 2, "--replace").refused(1, ours.toString(), "its own source");
        lora("rank", ours, folder.resolve("theirs/../ours.gguf"), "--rank", 2, "--replace")
                .refused(1, "its own source");
        lora("canonicalize", nested, theirs, "--replace").refused(1, theirs.toString(), "its own source");
        lora("blend", theirs, "--lora", ours, "--lora", theirs, "--replace").refused(1, "its own source");
        lora("rank", theirs, folder, "--rank", 2, "--replace").refused(1, folder.toString());
        assertThat(ours).hasBinaryContent(before);

        lora("rank", theirs, ours, "--rank", 2, "--replace").ok();
        assertThat(Files.readAllBytes(ours)).isNotEqualTo(before);
    }

    /** The readers' own refusals stay as they are: a change that A, B and alpha cannot express is never canonicalized. */
    @ParameterizedTest
    @CsvSource({
        "use_dora, true",
        "lora_bias, true",
        "bias, '\"all\"'",
        "modules_to_save, '[\"lm_head\"]'",
        "rank_pattern, '{\"lm_head\": 2}'",
        "alpha_pattern, '{\"q_(proj\": 2}'",
        "init_lora_weights, '\"pissa\"'",
    })
    void source_moreThanPairs_refusedNamingTheField(String field, String value) throws IOException {
        Path config = theirs.resolve(PeftAdapter.CONFIG_FILE);
        String json = Files.readString(config).replaceAll(",?\\s*\"" + field + "\": [^,}]*\\}?", "");
        Files.writeString(config, json.replaceFirst("\\{,?", "{ \"" + field + "\": " + value + ","));

        lora("canonicalize", theirs, folder.resolve("out")).refused(1, config.toString(), field);
    }

    @Test
    void source_valueNotANumber_refusedNamingTheTensor() throws IOException {
        Path weights = theirs.resolve(PeftAdapter.WEIGHTS_FILE);
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] = 0x7f; // the last value, bfloat16, becomes NaN
        bytes[bytes.length - 2] = (byte) 0xc1;
        Files.write(weights, bytes);

        lora("canonicalize", theirs, folder.resolve("out")).refused(1, weights.toString(), "NaN");
        lora("blend", folder.resolve("out"), "--lora", ours, "--lora", theirs).refused(1, "NaN");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void source_ofSeveralRanks_refusedWithTheCommandThatMakesItOne() {
        Path mixed = Cli.ROOT.resolve("src/test/resources/lora/peft-tiny-mixed");
        Path target = folder.resolve("out.gguf");

        lora("rank", mixed, target, "--rank", 2).refused(1, "rank_pattern", "dnd lora canonicalize");
        lora("quantize", mixed, target).refused(1, "rank_pattern", "dnd lora canonicalize");
        lora("blend", target, "--lora", ours, "--lora", mixed).refused(1, "rank_pattern", "dnd lora canonicalize");
        assertThat(target).doesNotExist();
    }
}
