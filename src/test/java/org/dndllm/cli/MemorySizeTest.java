package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dndllm.InvalidInputException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemorySizeTest {
    @ParameterizedTest
    @CsvSource({
        "24g, 25769803776",
        "24G, 25769803776",
        "8192m, 8589934592",
        "3k, 3072",
        "1t, 1099511627776",
        "' 100000000 ', 100000000",
    })
    void parse_wholeNumberAndUnit_bytes(String given, long bytes) {
        assertThat(MemorySize.parse("--flag", given, 1)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "g", "-1g", "1.5g", "24gb", "24 g", "1e9", "0x10", "24p", "1000000000000000000000"})
    void parse_anythingElse_refusedSayingWhatIsExpected(String given) {
        assertThatThrownBy(() -> MemorySize.parse("--flag", given, 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("--flag")
                .hasMessageContaining("'" + given + "'")
                .hasMessageContaining("24g");
    }

    @ParameterizedTest
    @ValueSource(strings = {"8388608t", "999999999999999999g"})
    void parse_moreThanFitsALong_refused(String given) {
        assertThatThrownBy(() -> MemorySize.parse("--flag", given, 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("exabytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "63m", "67108863"})
    void parse_lessThanTheLeast_refused(String given) {
        assertThatThrownBy(() -> MemorySize.parse("--flag", given, 64L << 20))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("at least 64m");
    }

    @ParameterizedTest
    @CsvSource({"25769803776, 24g", "1536, 1536", "3072, 3k", "1099511627776, 1t", "4398046511104, 4t"})
    void text_largestUnitThatIsWhole(long bytes, String text) {
        assertThat(MemorySize.text(bytes)).isEqualTo(text);
    }
}
