package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** LangChain4j's OpenAI module as a client; the name of an adapter is the name of the model. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class LangChain4jIT {
    private static final String QUESTION = "Write the first word of: apple tree house";
    private static final String KEY = "a-key";

    @TempDir
    static Path folder;

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(folder, HttpOptions.DEFAULT.withApiKeys(java.util.List.of(KEY)), 8);
        server.load("first-upper", "upper");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void chat_adapterAsModel_answersOtherThanTheBase() {
        ChatResponse upper = model("upper").chat(UserMessage.from(QUESTION));
        ChatResponse base = model("base").chat(UserMessage.from(QUESTION));

        assertThat(upper.aiMessage().text())
                .isNotBlank()
                .isNotEqualTo(base.aiMessage().text());
        assertThat(upper.modelName()).isEqualTo("upper");
        assertThat(upper.finishReason()).isIn(FinishReason.STOP, FinishReason.LENGTH);
        assertThat(upper.tokenUsage().outputTokenCount()).isBetween(1, 12);
        assertThat(upper.tokenUsage().totalTokenCount())
                .isEqualTo(upper.tokenUsage().inputTokenCount()
                        + upper.tokenUsage().outputTokenCount());
    }

    @Test
    void stream_adapterAsModel_sameTextAndUsageAsWhole() throws Exception {
        ChatResponse whole = model("upper").chat(UserMessage.from(QUESTION));
        StringBuilder pieces = new StringBuilder();
        CompletableFuture<ChatResponse> end = new CompletableFuture<>();

        OpenAiStreamingChatModel.builder()
                .baseUrl(url())
                .apiKey(KEY)
                .modelName("upper")
                .temperature(0.0)
                .maxTokens(12)
                .build()
                .chat(QUESTION, new StreamingChatResponseHandler() {
                    @Override
                    public void onPartialResponse(String piece) {
                        pieces.append(piece);
                    }

                    @Override
                    public void onCompleteResponse(ChatResponse response) {
                        end.complete(response);
                    }

                    @Override
                    public void onError(Throwable error) {
                        end.completeExceptionally(error);
                    }
                });
        ChatResponse streamed = end.get(300, TimeUnit.SECONDS);

        assertThat(streamed.aiMessage().text())
                .isEqualTo(whole.aiMessage().text())
                .isEqualTo(pieces.toString());
        assertThat(streamed.finishReason()).isEqualTo(whole.finishReason());
        assertThat(streamed.tokenUsage().outputTokenCount())
                .isEqualTo(whole.tokenUsage().outputTokenCount());
    }

    @Test
    void chat_unknownModel_isThatException() {
        assertThatThrownBy(() -> model("absent").chat(QUESTION))
                .isInstanceOf(ModelNotFoundException.class)
                .hasMessageContaining("model_not_found");
    }

    private static OpenAiChatModel model(String name) {
        return OpenAiChatModel.builder()
                .baseUrl(url())
                .apiKey(KEY)
                .modelName(name)
                .temperature(0.0)
                .maxTokens(12)
                .maxRetries(0)
                .build();
    }

    private static String url() {
        return "http://127.0.0.1:" + server.port() + "/v1";
    }
}
