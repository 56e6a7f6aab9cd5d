package org.dndllm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dndllm.hub.PullFixture.MODEL;
import static org.dndllm.hub.PullFixture.REPO;
import static org.dndllm.hub.PullFixture.random;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.dndllm.DndException;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Refusals of the hub, and answers of a hub that must not be trusted. */
class HubRefusalTest {
    @TempDir
    Path cache;

    private HubServer server;
    private PullFixture fixture;

    @BeforeEach
    void start() throws IOException {
        server = HubServer.withModel(REPO).large("model.gguf", random(1000));
        fixture = new PullFixture(server, cache);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            401 | GatedRepo    | no  | no token was found; accept its conditions at | into HF_TOKEN or
            401 | ''           | no  | no token was found                           | into HF_TOKEN or
            403 | GatedRepo    | no  | no token was found                           | into HF_TOKEN or
            403 | GatedRepo    | yes | the account of the token from HF_TOKEN has no access | accept the conditions at
            401 | ''           | yes | does not accept the token from HF_TOKEN      | make it anew
            403 | ''           | yes | does not accept the token from HF_TOKEN      | make it anew
            401 | RepoNotFound | no  | does not exist on http                       | for a private one put a read token
            404 | RepoNotFound | yes | does not exist on http                       | whether the token from HF_TOKEN may read it
            404 | RevisionNotFound | no | 'main'                                    | check its spelling
            404 | ''           | no  | revision 'main'                              | check both names
            418 | ''           | no  | answers 418                                  | check HF_ENDPOINT
            """)
    void listing_refused_saysWhatToDo(int status, String code, String token, String what, String todo) {
        server.on(HubServer::isListing, 1, HubServer.status(status, "X-Error-Code", code));
        if (token.equals("yes")) {
            fixture.token("hf_secret");
        }

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(DndException.class)
                .hasMessageContaining(REPO)
                .hasMessageContaining(what)
                .hasMessageContaining(todo)
                .message()
                .doesNotContain("hf_secret");
        assertThat(fixture.pauses).isEmpty();
    }

    /** Listings of gated repositories are public, their files are not. */
    @Test
    void file_gated_saysThatATokenIsNeeded() {
        server.on(HubServer::isHead, 1, HubServer.status(401, "X-Error-Code", "GatedRepo"));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("is gated or private")
                .hasMessageContaining("HF_TOKEN")
                .hasMessageContaining(cache.resolve("token").toString());
    }

    @Test
    void absentRepository_isNamed() {
        RepoId other = new RepoId(RepoType.MODEL, "owner/other");

        assertThatThrownBy(() -> fixture.pull(new PullRequest(other, "main", FileSelection.ALL)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("owner/other")
                .hasMessageContaining("repository");
    }

    @Test
    void absentRevision_isNamed() {
        assertThatThrownBy(() -> fixture.pull(new PullRequest(MODEL, "v9", FileSelection.ALL)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("revision 'v9'");
    }

    @Test
    void absentFile_isNamedWithWhatThereIs() {
        assertThatThrownBy(() -> fixture.pull("model.bin"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("model.bin")
                .hasMessageContaining("there is model.gguf");
    }

    @Test
    void listedFileWithoutContent_isNamed() {
        server.listed("ghost");

        assertThatThrownBy(() -> fixture.pull("ghost"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("file 'ghost'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../../../evil",
                "/etc/evil",
                "a/../../evil",
                "a/./b",
                "a//b",
                "a/",
                "..",
                ".",
                "",
                "a\\..\\b",
                "a\nb",
                "a\u0000b",
                "\u001b[31mred",
            })
    void listing_namesThatLeadOut_nothingIsFetched(String name) {
        server.listed(name);

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("do not trust")
                .message()
                .doesNotContain("\n", "\u001b", "\u0000");
        assertThat(cache).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "not json",
                "[]",
                "{}",
                "{\"sha\": \"../../evil\", \"siblings\": []}",
                "{\"sha\": \"0123456789abcdef0123456789abcdef01234567\"}",
                "{\"sha\": \"0123456789abcdef0123456789abcdef01234567\", \"siblings\": [1]}",
                "{\"sha\": \"0123456789abcdef0123456789abcdef01234567\", \"siblings\": [{}]}",
                "{\"sha\": \"0123456789abcdef0123456789abcdef01234567\", \"siblings\": []}",
            })
    void listing_malformed_isRefused(String json) {
        server.on(HubServer::isListing, 1, HubServer.bytes(json.getBytes(StandardCharsets.UTF_8)));

        assertThatThrownBy(fixture::pull).isInstanceOf(InvalidInputException.class);
        assertThat(cache).isEmptyDirectory();
    }

    @ParameterizedTest
    @CsvSource({
        "X-Linked-Etag, ../../evil,             X-Linked-Size, 1000, ETag",
        "X-Linked-Etag, '\"d41d8cd98f00b204\"', X-Linked-Size, 1000, ETag",
        "X-Other,       a,                      X-Linked-Size, 1000, ETag",
        "ETag,          ce013625030ba8dba906f756967f9e9ca394464a, X-Linked-Size, -1, X-Linked-Size",
        "ETag,          ce013625030ba8dba906f756967f9e9ca394464a, X-Linked-Size, many, X-Linked-Size",
        "ETag,          ce013625030ba8dba906f756967f9e9ca394464a, X-Linked-Size, 99999999999999999999, X-Linked-Size",
    })
    void headers_thatCannotBeVerified_areRefused(String name, String value, String name2, String value2, String field) {
        server.on(HubServer::isHead, 1, HubServer.status(200, name, value, name2, value2));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(field);
        assertThat(cache).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:///etc/passwd", "ftp://127.0.0.1/x", "http:///nohost", "ht tp://x"})
    void redirect_toSomethingElseThanTheWeb_isRefused(String location) {
        server.on(
                request -> !HubServer.isHead(request) && !HubServer.isListing(request),
                9,
                HubServer.status(302, "Location", location));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("redirect");
    }

    @Test
    void redirect_inACircle_isRefused() {
        server.on(
                HubServer::isListing,
                99,
                exchange -> HubServer.status(
                                307, "Location", exchange.getRequestURI().getPath())
                        .answer(exchange));

        assertThatThrownBy(fixture::pull)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("more than 10 times");
    }
}
