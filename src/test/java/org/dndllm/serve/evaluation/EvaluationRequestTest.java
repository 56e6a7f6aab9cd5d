package org.dndllm.serve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.TaskItem;
import org.dndllm.format.JsonValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvaluationRequestTest {

    @Test
    void of_wholeBody_isRead() {
        // when
        EvaluationRequest request = read("""
                {"items": [{"prompt": "1 + 1", "response": "2"}, {"prompt": "a", "response": "b", "system": "s"}],
                 "adapters": ["sum", "letters"], "max_tokens": 5}""");
        // then
        assertThat(request.items()).containsExactly(new TaskItem("1 + 1", "2", ""), new TaskItem("a", "b", "s"));
        assertThat(request.adapters()).containsExactly("sum", "letters");
        assertThat(request.maxTokens()).isEqualTo(5);
    }

    @Test
    void of_itemsAlone_scoresTheBaseModelWithShortAnswers() {
        EvaluationRequest request = read("{\"items\": [{\"prompt\": \"p\", \"response\": \"r\"}]}");
        assertThat(request.adapters()).isEmpty();
        assertThat(request.maxTokens()).isEqualTo(16);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}                                                                     | items",
                "{\"items\": []}                                                        | items",
                "{\"items\": {}}                                                        | items",
                "{\"items\": [1]}                                                       | items",
                "{\"items\": [{\"prompt\": \"p\"}]}                                     | response",
                "{\"items\": [{\"response\": \"r\"}]}                                   | prompt",
                "{\"items\": [{\"prompt\": \" \", \"response\": \"r\"}]}                | items[0].prompt",
                "{\"items\": [{\"prompt\": \"p\", \"response\": \"\"}]}                 | items[0].response",
                "{\"items\": [{\"prompt\": 1, \"response\": \"r\"}]}                    | prompt",
                "{\"items\": [{\"prompt\": \"p\", \"response\": \"r\", \"system\": 1}]} | system",
                "{\"items\": [{\"prompt\": \"p\", \"response\": \"r\"}], \"adapters\": \"a\"}          | adapters",
                "{\"items\": [{\"prompt\": \"p\", \"response\": \"r\"}], \"adapters\": [\"a\", \"a\"]} | adapters",
                "{\"items\": [{\"prompt\": \"p\", \"response\": \"r\"}], \"max_tokens\": 0}            | max_tokens",
                "{\"items\": [{\"prompt\": \"p\", \"response\": \"r\"}], \"max_tokens\": 513}          | max_tokens",
                "{\"items\": [{\"prompt\": \"p\", \"response\": \"r\"}], \"max_tokens\": 1.5}          | max_tokens",
            })
    void of_badBody_namesTheField(String body, String field) {
        assertThatThrownBy(() -> read(body))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(field);
    }

    @Test
    void of_tooMany_saysHowManyAreTaken() {
        // given
        String items = IntStream.rangeClosed(0, EvaluationRequest.MAX_ITEMS)
                .mapToObj(i -> "{\"prompt\": \"p" + i + "\", \"response\": \"r\"}")
                .collect(Collectors.joining(","));
        List<String> names = IntStream.rangeClosed(0, EvaluationRequest.MAX_ADAPTERS)
                .mapToObj(i -> "a" + i)
                .toList();
        // then
        assertThatThrownBy(() -> read("{\"items\": [" + items + "]}"))
                .hasMessageContaining("at most " + EvaluationRequest.MAX_ITEMS);
        assertThatThrownBy(() -> new EvaluationRequest(List.of(new TaskItem("p", "r", "")), names, 1))
                .hasMessageContaining("at most " + EvaluationRequest.MAX_ADAPTERS);
    }

    private static EvaluationRequest read(String body) {
        return EvaluationRequest.of(JsonValue.parse(body, "request").asObject("request"));
    }
}
