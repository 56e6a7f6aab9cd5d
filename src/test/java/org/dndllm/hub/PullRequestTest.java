package org.dndllm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, patterns and hashes. */
class PullRequestTest {
    @Test
    void repoId_addressesAndFolder() {
        RepoId model = new RepoId(RepoType.MODEL, "Qwen/Qwen2.5-0.5B");
        RepoId set = new RepoId(RepoType.DATASET, "gpt2");

        assertThat(model.folder()).isEqualTo("models--Qwen--Qwen2.5-0.5B");
        assertThat(set.folder()).isEqualTo("datasets--gpt2");
        assertThat(model.apiPath("refs/pr/1")).isEqualTo("/api/models/Qwen/Qwen2.5-0.5B/revision/refs%2Fpr%2F1");
        assertThat(set.filePath("main", "a b/ü#1+?.bin"))
                .isEqualTo("/datasets/gpt2/resolve/main/a%20b/%C3%BC%231%2B%3F.bin");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "a/b/c", "/a", "a/", "../a", "a/..", "a--b/c", "a b/c", "a:q8", "http://a/b", "a/b\n", ".a/b"
            })
    void repoId_thatIsNone_isRefused(String name) {
        assertThatThrownBy(() -> new RepoId(RepoType.MODEL, name))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("owner/name");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "..", "../main", "a/../../b", "/etc", "a\\b", "a\nb", "a//b"})
    void revision_thatLeadsOut_isRefused(String revision) {
        RepoId repo = new RepoId(RepoType.MODEL, "a/b");

        assertThatThrownBy(() -> new PullRequest(repo, revision, FileSelection.ALL))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("revision");
    }

    /** Expected values: Python 3.11, fnmatch.fnmatchcase. */
    @ParameterizedTest
    @CsvSource({
        "*.gguf,      a.gguf,        true",
        "*.gguf,      sub/a.gguf,    true",
        "*.gguf,      a.gguf.txt,    false",
        "a?c,         abc,           true",
        "a?c,         ac,            false",
        "[ab]*,       b1,            true",
        "[!ab]*,      b1,            false",
        "[!ab]*,      c1,            true",
        "[a-c]x,      bx,            true",
        "'[]x]',      ']',           true",
        "'[',         '[',           true",
        "a.c,         abc,           false",
        "A*,          abc,           false",
        "'[^a]',      '^',           true",
        "'[^a]',      b,             false",
        "'[&&a]',     '&',           true",
        "$(x)+,       $(x)+,         true",
        "'',          a,             false",
    })
    void pattern_likeFnmatch(String pattern, String name, boolean matches) {
        assertThat(NamePattern.of(pattern).matches(name)).isEqualTo(matches);
    }

    @Test
    void pattern_folder_meansEverythingBelow() {
        assertThat(NamePattern.of("sub/").matches("sub/a/b")).isTrue();
    }

    @Test
    void pattern_malformedSet_isRefused() {
        assertThatThrownBy(() -> FileSelection.of(List.of(), List.of("[z-a]")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("[z-a]");
    }

    @Test
    void selection_namesAndPatterns_inTheOrderOfTheListing() {
        List<String> there = List.of("a.txt", "b.gguf", "c.gguf", "d.txt");

        assertThat(FileSelection.of(List.of("d.txt"), List.of("*.gguf")).select(there, "x"))
                .containsExactly("b.gguf", "c.gguf", "d.txt");
        assertThat(FileSelection.ALL.select(there, "x")).isEqualTo(there);
        assertThat(FileSelection.firstOf("z*", "c*", "*").select(there, "x")).containsExactly("c.gguf");
    }

    @Test
    void selection_nothingMatches_saysWhatThereIsAndNotEndlessly() {
        List<String> there = IntStream.range(0, 100).mapToObj(i -> "f" + i).toList();

        assertThatThrownBy(() -> FileSelection.of(List.of(), List.of("*.gguf")).select(there, "owner/model"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("owner/model")
                .hasMessageContaining("*.gguf")
                .hasMessageContaining("f0, f1")
                .hasMessageContaining("and 70 more");
        assertThatThrownBy(() -> FileSelection.ALL.select(List.of(), "owner/model"))
                .isInstanceOf(InvalidInputException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "qwen2.5-0.5b-instruct,       Qwen/Qwen2.5-0.5B-Instruct-GGUF, qwen2.5-0.5b-instruct-q8_0.gguf",
        "Qwen2.5-1.5B-Instruct:Q4_K_M, Qwen/Qwen2.5-1.5B-Instruct-GGUF, qwen2.5-1.5b-instruct-q4_k_m.gguf",
        "qwen2.5-7b-instruct:f16,     Qwen/Qwen2.5-7B-Instruct-GGUF,   qwen2.5-7b-instruct-fp16-00001-of-00004.gguf",
        "all-MiniLM-L12-v2,           sentence-transformers/all-MiniLM-L12-v2, model.safetensors",
        "dnd-math1.5b,                datasets/Jerrylz/math1.5B,       anything",
        "dnd-common_sense_reasoning,  datasets/Jerrylz/common_sense_reasoning, anything",
    })
    void shortName_known(String name, String repo, String selected) {
        PullRequest request = ShortNames.find(name).orElseThrow();

        assertThat(request.repo().toString()).isEqualTo(repo);
        List<String> there = List.of(
                selected, "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "pytorch_model.bin");
        assertThat(request.selection().select(there, repo)).contains(selected);
    }

    @Test
    void shortName_oneFileIsPreferredToTheSameInParts() {
        FileSelection selection =
                ShortNames.find("qwen2.5-3b-instruct:q4_0").orElseThrow().selection();
        String stem = "qwen2.5-3b-instruct-q4_0";

        assertThat(selection.select(List.of(stem + "-00001-of-00002.gguf", stem + "-00002-of-00002.gguf"), "x"))
                .hasSize(2);
        assertThat(selection.select(List.of(stem + "-00001-of-00002.gguf", stem + ".gguf"), "x"))
                .containsExactly(stem + ".gguf");
    }

    @Test
    void shortName_unknown() {
        assertThat(ShortNames.find("Qwen/Qwen2.5-0.5B")).isEmpty();
        assertThat(ShortNames.find("all-minilm-l12-v2:q8_0")).isEmpty();
        assertThatThrownBy(() -> ShortNames.find("qwen2.5-0.5b-instruct:q9"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("'q9'")
                .hasMessageContaining("q4_k_m");
    }

    /** Expected values: git 2.39 hash-object and coreutils sha256sum on "hello\n". */
    @ParameterizedTest
    @CsvSource({
        "ce013625030ba8dba906f756967f9e9ca394464a",
        "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
    })
    void hash_ofEtag_isThatOfTheContent(String hex) {
        byte[] content = "hello\n".getBytes(StandardCharsets.UTF_8);

        for (String etag : List.of(hex, "\"" + hex + "\"", "W/\"" + hex + "\"")) {
            ContentHash hash = ContentHash.ofEtag(etag).orElseThrow();
            MessageDigest digest = hash.newDigest(content.length);
            assertThat(HexFormat.of().formatHex(digest.digest(content))).isEqualTo(hex);
        }
    }
}
