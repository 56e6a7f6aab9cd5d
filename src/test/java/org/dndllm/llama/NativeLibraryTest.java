package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.dndllm.EnvironmentException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class NativeLibraryTest {
    private static final NativePin PIN = new NativePin("0.5.0", "0ad4a86", "0.25.1", "3.22.1");
    private static final String CACHE_NAME = "dnd/native/llama.cpp-v0.5.0-npm3.22.1-linux-x64";

    @TempDir
    Path temp;

    private final Map<String, String> properties = new HashMap<>();
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void machine() {
        properties.put("os.name", "Linux");
        properties.put("os.arch", "amd64");
        environment.put("XDG_CACHE_HOME", temp.resolve("cache").toString());
    }

    @Test
    void pin_ofThisBuild_isComplete() {
        assertThat(NativePin.load()).isEqualTo(PIN);
    }

    @Test
    void locate_everywhere_propertyWins() throws IOException {
        // given
        Path property = folder("property", "libllama.v0.5.0.so");
        Path variable = folder("variable", "libllama.v0.5.0.so");
        folder("cache/" + CACHE_NAME, "libllama.v0.5.0.so");
        properties.put("dnd.llama.lib.path", property.toString());
        environment.put("DND_LLAMA_LIB_PATH", variable.toString());
        // when
        NativeLibrary found = locate();
        // then
        assertThat(found.folder()).isEqualTo(property);
        assertThat(found.file()).isEqualTo(property.resolve("libllama.v0.5.0.so"));
        assertThat(found.version()).isEqualTo("0.5.0");
        assertThat(found.variant()).isEqualTo("unknown");
        assertThat(found.backend()).isEmpty();
        assertThat(found.origin()).isEqualTo(NativeLibrary.Origin.PROPERTY);
    }

    @Test
    void locate_variableAndCache_variableWins() throws IOException {
        Path variable = folder("variable", "libllama.v0.5.0.so");
        folder("cache/" + CACHE_NAME, "libllama.v0.5.0.so");
        environment.put("DND_LLAMA_LIB_PATH", variable.toString());

        NativeLibrary found = locate();

        assertThat(found.folder()).isEqualTo(variable);
        assertThat(found.origin()).isEqualTo(NativeLibrary.Origin.ENVIRONMENT);
    }

    @Test
    void locate_onlyCache_isCpu() throws IOException {
        Path cache = folder("cache/" + CACHE_NAME, "libllama.v0.5.0.so");

        NativeLibrary found = locate();

        assertThat(found.folder()).isEqualTo(cache);
        assertThat(found.variant()).isEqualTo("cpu");
        assertThat(found.backend()).contains("cpu");
        assertThat(found.origin()).isEqualTo(NativeLibrary.Origin.CACHE);
    }

    @Test
    void locate_withoutXdg_usesHomeOfTheEnvironmentAsTheScriptDoes() throws IOException {
        Path cache = folder("home/.cache/" + CACHE_NAME, "libllama.v0.5.0.so");
        environment.remove("XDG_CACHE_HOME");
        environment.put("HOME", temp.resolve("home").toString());
        properties.put("user.home", temp.resolve("elsewhere").toString());

        assertThat(locate().folder()).isEqualTo(cache);
    }

    @ParameterizedTest
    @CsvSource({"cuda, cuda", "cuda-ext, cuda", "vulkan, vulkan", "cpu-built, cpu"})
    void locate_variantAskedFor_takesItsFolder(String variant, String backend) throws IOException {
        folder("cache/" + CACHE_NAME, "libllama.v0.5.0.so");
        Path cache = folder("cache/" + CACHE_NAME + "-" + variant, "libllama." + backend + ".v0.5.0.so");
        environment.put("DND_LLAMA_VARIANT", variant);

        NativeLibrary found = locate();

        assertThat(found.folder()).isEqualTo(cache);
        assertThat(found.variant()).isEqualTo(variant);
        assertThat(found.backend()).contains(backend);
    }

    @Test
    void locate_variantPropertyAndVariable_propertyWins() throws IOException {
        Path cuda = folder("cache/" + CACHE_NAME + "-cuda", "libllama.cuda.v0.5.0.so");
        environment.put("DND_LLAMA_VARIANT", "vulkan");
        properties.put("dnd.llama.variant", "cuda");

        assertThat(locate().folder()).isEqualTo(cuda);
    }

    @Test
    void locate_variantNotInstalled_failsInsteadOfTakingCpu() throws IOException {
        folder("cache/" + CACHE_NAME, "libllama.v0.5.0.so");
        properties.put("dnd.llama.variant", "cuda");

        assertThatThrownBy(this::locate)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("linux-x64 (cuda)")
                .hasMessageContaining("linux-x64-cuda does not exist")
                .hasMessageContaining("run native/install cuda");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../cpu", "CUDA", "a b", "-x"})
    void locate_variantThatIsNoName_isRefused(String variant) {
        properties.put("dnd.llama.variant", variant);

        assertThatThrownBy(this::locate)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("\"" + variant + "\" is not a variant")
                .hasMessageContaining("DND_LLAMA_VARIANT");
    }

    @Test
    void locate_explicitFolderWithManifest_takesVariantFromIt() throws IOException {
        Path own = folder("own", "libllama.so");
        Files.writeString(own.resolve("dnd-native.properties"), "llama.version=0.5.0\nvariant=vulkan-built\n");
        environment.put("DND_LLAMA_LIB_PATH", own.toString());

        NativeLibrary found = locate();

        assertThat(found.variant()).isEqualTo("vulkan-built");
        assertThat(found.backend()).contains("vulkan");
        assertThat(found.version()).isEqualTo("0.5.0");
    }

    @Test
    void locate_nothingAnywhere_listsEveryPlaceAndTheNextStep() {
        assertThatThrownBy(this::locate)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("llama.cpp libraries of version 0.5.0 for linux-x64 (cpu)")
                .hasMessageContaining("system property dnd.llama.lib.path: not set")
                .hasMessageContaining("environment variable DND_LLAMA_LIB_PATH: not set")
                .hasMessageContaining(temp.resolve("cache").resolve(CACHE_NAME) + " does not exist")
                .hasMessageContaining("run native/install in the project folder")
                .hasMessageContaining("set DND_LLAMA_LIB_PATH");
    }

    @Test
    void locate_explicitFolderMissing_doesNotGoOnToTheCache() throws IOException {
        folder("cache/" + CACHE_NAME, "libllama.v0.5.0.so");
        environment.put("DND_LLAMA_LIB_PATH", temp.resolve("nowhere").toString());

        assertThatThrownBy(this::locate)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining(
                        "environment variable DND_LLAMA_LIB_PATH: " + temp.resolve("nowhere") + " does not exist")
                .hasMessageNotContaining(CACHE_NAME);
    }

    @Test
    void locate_fileInsteadOfFolder_saysSo() throws IOException {
        Path file = Files.writeString(temp.resolve("libllama.so"), "");
        properties.put("dnd.llama.lib.path", file.toString());

        assertThatThrownBy(this::locate).hasMessageContaining(file + " is not a folder");
    }

    @Test
    void locate_pathThatIsNone_isRefused() {
        properties.put("dnd.llama.lib.path", "bad\0path");

        assertThatThrownBy(this::locate)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("is not a path");
    }

    @Test
    void locate_otherVersion_namesTheFile() throws IOException {
        Path other = folder("other", "libllama.v0.4.9.so", "libggml-base.so");
        properties.put("dnd.llama.lib.path", other.toString());

        assertThatThrownBy(this::locate)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining(other + " holds libllama.v0.4.9.so: another version, needed is 0.5.0");
    }

    @Test
    void locate_folderWithoutLibrary_saysSo() throws IOException {
        Path empty = folder("empty", "libllama-common.so", "libggml.v0.5.0.so");
        properties.put("dnd.llama.lib.path", empty.toString());

        assertThatThrownBy(this::locate).hasMessageContaining(empty + " holds no libllama.so of version 0.5.0");
    }

    @Test
    void locate_severalVersions_takesTheTestedOne() throws IOException {
        Path many = folder("many", "libllama.v0.4.9.so", "libllama.v0.5.0.so", "libllama.v0.6.0.so");
        properties.put("dnd.llama.lib.path", many.toString());

        assertThat(locate().file()).isEqualTo(many.resolve("libllama.v0.5.0.so"));
    }

    @Test
    void locate_linkToOtherVersion_isRefused() throws IOException {
        Path own = folder("own", "libllama.so.0.6.0");
        Files.createSymbolicLink(own.resolve("libllama.so"), Path.of("libllama.so.0.6.0"));
        properties.put("dnd.llama.lib.path", own.toString());

        assertThatThrownBy(this::locate).hasMessageContaining("libllama.so.0.6.0: another version");
    }

    @Test
    void locate_nameWithoutVersion_leavesTheVersionToTheHandshake() throws IOException {
        Path own = folder("own", "libllama.so");
        properties.put("dnd.llama.lib.path", own.toString());

        NativeLibrary found = locate();

        assertThat(found.file()).isEqualTo(own.resolve("libllama.so"));
        assertThat(found.version()).isEqualTo("unknown");
    }

    @Test
    void changedFiles_afterDamage_namesTheFiles() throws IOException {
        // given: the hash of "no library", and of files that are gone or different
        Path own = folder("own", "libllama.so", "libggml.so");
        String hash = "a3bba07ee4d772d46d0f99f83549f754e8d42a91d4e258970547e29b0eb35101";
        Files.writeString(
                own.resolve("dnd-native.properties"),
                "sha256.libllama.so=@\nsha256.libggml.so=00\nsha256.libggml-cpu.so=@\n".replace("@", hash));
        properties.put("dnd.llama.lib.path", own.toString());
        // when, then
        assertThat(locate().changedFiles()).containsExactly("libggml-cpu.so", "libggml.so");
    }

    @ParameterizedTest
    @CsvSource({
        "Linux, amd64, linux-x64",
        "Linux, aarch64, linux-arm64",
        "Linux, riscv64, linux-riscv64",
        "Mac OS X, aarch64, mac-arm64-metal",
        "Mac OS X, x86_64, mac-x64",
        "Windows 11, amd64, win-x64",
        "Windows 11, aarch64, win-arm64"
    })
    void platform_ofSystemProperties_isThePackageName(String os, String arch, String expected) {
        assertThat(NativePlatform.of(os, arch).name()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "libllama.v0.5.0.so, 0.5.0",
        "libllama.cuda.v0.5.0.so, 0.5.0",
        "libllama.so.0.5.0, 0.5.0",
        "libllama.0.5.0.dylib, 0.5.0",
        "libllama.v0.5.0.dylib, 0.5.0",
        "llama.v0.5.0.dll, 0.5.0",
        "libllama.so, ''",
        "libllama.dylib, ''",
        "llama.dll, ''"
    })
    void libraryVersion_ofLibllama_isFound(String name, String expected) {
        assertThat(NativePlatform.libraryVersion(name)).contains(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"libllama-common.so", "libggml.v0.5.0.so", "libllama.so.0", "llama-addon.node", "libllama.txt"})
    void libraryVersion_ofOtherFiles_isEmpty(String name) {
        assertThat(NativePlatform.libraryVersion(name)).isEmpty();
    }

    private NativeLibrary locate() {
        return NativeLibrary.locate(PIN, properties, environment);
    }

    private Path folder(String name, String... files) throws IOException {
        Path folder = Files.createDirectories(temp.resolve(name));
        for (String file : files) {
            Files.writeString(folder.resolve(file), "no library");
        }
        return folder;
    }
}
