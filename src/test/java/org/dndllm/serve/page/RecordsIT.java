package org.dndllm.serve.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The page's reader of prompt files, run by Node.js. */
class RecordsIT {
    @Test
    void parseRecords_goodAndBadFiles_areReadOrNamed() {
        assertThat(Browser.checks(Browser.nodeOrSkip(), "records.mjs"))
                .hasSizeGreaterThan(20)
                .allSatisfy(check -> assertThat(check.ok())
                        .as("%s: %s", check.name(), check.detail())
                        .isTrue());
    }
}
