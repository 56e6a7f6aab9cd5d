package org.dndllm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Variables as the hub's own tools read them. */
class HubSettingsTest {
    @TempDir
    Path home;

    @Test
    void noVariables_theUsualPlaces() {
        HubSettings settings = HubSettings.of(Map.of(), home);

        assertThat(settings.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
        assertThat(settings.endpoint()).hasScheme("https");
        assertThat(settings.token()).isEmpty();
        assertThat(settings.offline()).isFalse();
    }

    @Test
    void cacheFolder_nearestVariableWins() {
        assertThat(HubSettings.of(Map.of("XDG_CACHE_HOME", "/x"), home).cache())
                .isEqualTo(Path.of("/x/huggingface/hub"));
        assertThat(HubSettings.of(Map.of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h"), home)
                        .cache())
                .isEqualTo(Path.of("/h/hub"));
        assertThat(HubSettings.of(Map.of("HF_HOME", "/h", "HF_HUB_CACHE", "~/c"), home)
                        .cache())
                .isEqualTo(home.resolve("c"));
        assertThat(HubSettings.of(Map.of("HF_HOME", " "), home).cache())
                .isEqualTo(home.resolve(".cache/huggingface/hub"));
    }

    @Test
    void token_variableBeforeFile() throws IOException {
        Path file = home.resolve("h/token");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "hf_file\n");

        Optional<AccessToken> fromFile =
                HubSettings.of(Map.of("HF_HOME", home + "/h"), home).token();
        Optional<AccessToken> fromVariable = HubSettings.of(
                        Map.of("HF_HOME", home + "/h", "HF_TOKEN", "hf_variable"), home)
                .token();
        Optional<AccessToken> fromNamedFile =
                HubSettings.of(Map.of("HF_TOKEN_PATH", file.toString()), home).token();

        assertThat(fromFile).contains(new AccessToken("hf_file", file.toString()));
        assertThat(fromVariable).contains(new AccessToken("hf_variable", "HF_TOKEN"));
        assertThat(fromNamedFile).isEqualTo(fromFile);
    }

    @Test
    void token_isNeverPrinted() {
        HubSettings settings = HubSettings.of(Map.of("HF_TOKEN", "hf_secret"), home);

        assertThat(settings.toString()).doesNotContain("hf_secret").contains("HF_TOKEN");
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_TOKEN", "hf_secret two"), home))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("HF_TOKEN")
                .message()
                .doesNotContain("hf_secret");
    }

    @ParameterizedTest
    @CsvSource({"1, true", "ON, true", "Yes, true", "true, true", "0, false", "no, false", "'', false"})
    void offline_wordsThatMeanYes(String value, boolean offline) {
        assertThat(HubSettings.of(Map.of("HF_HUB_OFFLINE", value), home).offline())
                .isEqualTo(offline);
    }

    @Test
    void endpoint_mayHaveAPath() {
        HubSettings settings = HubSettings.of(Map.of("HF_ENDPOINT", "https://mirror.example/hf/"), home);

        assertThat(settings.address("/api/x")).isEqualTo(URI.create("https://mirror.example/hf/api/x"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"mirror.example", "ftp://mirror.example", "http://", "http://a b", "http://a?b=c", "http://a#b"})
    void endpoint_thatIsNone_isRefusedByItsName(String value) {
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", value), home))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("HF_ENDPOINT");
    }

    @ParameterizedTest
    @CsvSource({
        "https://hub.example,      https://hub.example/x,       true",
        "https://hub.example,      https://HUB.example:443/x,   true",
        "https://hub.example,      http://hub.example/x,        false",
        "https://hub.example,      https://hub.example:444/x,   false",
        "https://hub.example,      https://cdn.hub.example/x,   false",
        "https://hub.example,      https://hub.example.evil/x,  false",
        "https://hub.example,      https://evil@hub.example/x,  true",
        "https://hub.example,      https://hub.example@evil/x,  false",
        "http://127.0.0.1:8080,    http://127.0.0.1:8081/x,     false",
    })
    void isHub_sameSchemeHostAndPortOnly(String endpoint, String address, boolean same) {
        HubSettings settings = HubSettings.of(Map.of("HF_ENDPOINT", endpoint), home);

        assertThat(settings.isHub(URI.create(address))).isEqualTo(same);
    }
}
