package org.dndllm.eval.report;

import java.util.List;

/** The report as GitHub-flavoured Markdown; pictures are left to the page, their numbers are in the tables. */
final class Markdown {
    private final StringBuilder out = new StringBuilder();

    private Markdown() {}

    static String of(List<Block> blocks) {
        Markdown markdown = new Markdown();
        blocks.forEach(markdown::block);
        return markdown.out.toString();
    }

    private void block(Block block) {
        switch (block) {
            case Block.Heading heading ->
                out.append("#".repeat(heading.level()))
                        .append(' ')
                        .append(escape(heading.text()))
                        .append("\n\n");
            case Block.Text text -> out.append(escape(text.text())).append("\n\n");
            case Block.Table table -> table(table.caption(), table.rows());
            case Block.Verdicts verdicts -> verdicts(verdicts.verdicts());
            case Block.Picture picture -> {} // its numbers are in the table beside it
            case Block.Details details -> {
                out.append("### ").append(escape(details.summary())).append("\n\n");
                details.blocks().forEach(this::block);
            }
        }
    }

    private void table(String caption, List<List<String>> rows) {
        out.append(escape(caption)).append(":\n\n");
        for (int i = 0; i < rows.size(); i++) {
            out.append("| ")
                    .append(String.join(
                            " | ", rows.get(i).stream().map(Markdown::escape).toList()))
                    .append(" |\n");
            if (i == 0) {
                out.append('|').append("---|".repeat(rows.getFirst().size())).append('\n');
            }
        }
        out.append('\n');
    }

    private void verdicts(List<Verdict> verdicts) {
        for (Verdict verdict : verdicts) {
            out.append("- **")
                    .append(verdict.outcome().label())
                    .append("** ")
                    .append(escape(verdict.claim().text()))
                    .append(' ')
                    .append(escape(verdict.evidence()))
                    .append('\n');
        }
        out.append('\n');
    }

    /** No character of a name may begin an element, a link, emphasis, code or a table cell. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length());
        for (char c : text.toCharArray()) {
            switch (c) {
                case '\\', '`', '*', '_', '[', ']', '|', '#', '~' ->
                    escaped.append('\\').append(c);
                case '<' -> escaped.append("&lt;");
                case '&' -> escaped.append("&amp;");
                case '\n', '\r', '\t' -> escaped.append(' ');
                default -> escaped.append(c);
            }
        }
        return escaped.toString();
    }
}
