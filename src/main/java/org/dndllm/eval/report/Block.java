package org.dndllm.eval.report;

import java.util.List;

/** A piece of a report, in plain text; writers escape it for their format. */
sealed interface Block {
    /** @param level 1 for the title, 2 for sections, 3 below */
    record Heading(int level, String text) implements Block {}

    /** A paragraph. */
    record Text(String text) implements Block {}

    /**
     * A table; the first row holds the column titles, the first column is text, all rows are equally long.
     *
     * @param caption what it shows
     * @param prose how many of the last columns are prose rather than numbers
     */
    record Table(String caption, List<List<String>> rows, int prose) implements Block {
        public Table {
            rows = rows.stream().map(List::copyOf).toList();
        }

        Table(String caption, List<List<String>> rows) {
            this(caption, rows, 0);
        }
    }

    /** Claims with what became of them. */
    record Verdicts(List<Verdict> verdicts) implements Block {
        public Verdicts {
            verdicts = List.copyOf(verdicts);
        }
    }

    /** A picture of numbers that stand in a table as well. */
    record Picture(Plot plot) implements Block {}

    /** Blocks that are folded away at first, where a format can do that. */
    record Details(String summary, List<Block> blocks) implements Block {
        public Details {
            blocks = List.copyOf(blocks);
        }
    }
}
