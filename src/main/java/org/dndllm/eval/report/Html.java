package org.dndllm.eval.report;

import java.util.List;

/** One self-contained page: style and pictures inside, no script, nothing fetched. */
final class Html {
    private static final String STYLE = """
            :root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#f3f5f7;--line:#c9d0d8;--dim:#57606a;
            --c0:#1f5fa8;--c1:#b4540a;--c2:#1a7f4b;--c3:#8a3ffc;--yes:#116329;--no:#a40e26;--open:#57606a}
            @media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--paper:#14181d;--soft:#1e242b;--line:#3a434d;
            --dim:#9aa5b1;--c0:#6cb0ff;--c1:#f0a35e;--c2:#5fd495;--c3:#c39bff;--yes:#5fd495;--no:#ff8f9c;--open:#9aa5b1}}
            body{margin:0 auto;max-width:60rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);
            background:var(--paper);overflow-wrap:break-word}
            h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem;border-top:1px solid var(--line);padding-top:1rem}
            h3{font-size:1rem}
            nav ul{display:flex;flex-wrap:wrap;gap:0 1rem;list-style:none;padding:0;margin:0}
            a{color:var(--c0)}nav a{display:inline-block;padding:.25rem 0}
            .scroll{overflow-x:auto;margin:.75rem 0}.scroll:focus-visible{outline:2px solid var(--c0)}
            table{border-collapse:collapse;font-size:.875rem}caption{text-align:left;color:var(--dim);padding:.25rem 0}
            th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
            th{font-weight:600}thead th{background:var(--soft)}th[scope=row],.prose{text-align:left}
            td:not(.prose){white-space:nowrap}
            tbody th{font-weight:400;min-width:9rem}.prose{min-width:12rem;overflow-wrap:anywhere}
            th:first-child{position:sticky;left:0}tbody th{background:var(--paper)}thead th:first-child{min-width:9rem}
            @media (min-width:48rem){tbody th{min-width:14rem}}
            .verdicts{list-style:none;padding:0}.verdicts li{padding:.6rem 0;border-bottom:1px solid var(--line)}
            .verdicts p{margin:.2rem 0 0;color:var(--dim);font-size:.875rem}
            .tag{display:inline-block;font-size:.8rem;font-weight:600;border:1px solid;border-radius:.3rem;
            padding:0 .4rem;margin-right:.4rem}.supported{color:var(--yes)}.not-supported{color:var(--no)}
            .not-tested{color:var(--open)}
            figure{margin:.75rem 0;max-width:40rem}figcaption{color:var(--dim);font-size:.875rem}
            svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:var(--ink)}
            svg .mid{text-anchor:middle}svg .end{text-anchor:end}.grid{stroke:var(--line)}
            .whisker{stroke:var(--ink);stroke-width:1.2}polyline{fill:none;stroke-width:1.5}
            .level{stroke-dasharray:4 3;stroke-width:1.5}
            .l0{stroke:var(--c0)}.l1{stroke:var(--c1)}.l2{stroke:var(--c2)}.l3{stroke:var(--c3)}
            .f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}
            .bar{fill-opacity:.7}
            details{margin:.75rem 0}summary{cursor:pointer;padding:.4rem 0}
            @media print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#f3f5f7;--line:#999;--dim:#444;
            --c0:#1f5fa8;--c1:#b4540a;--c2:#1a7f4b;--c3:#8a3ffc;--yes:#116329;--no:#a40e26;--open:#444}
            body{max-width:none;padding:0;font-size:10pt}nav{display:none}.scroll{overflow:visible}
            table{font-size:7.5pt}tr>*{padding:.15rem .3rem;min-width:0!important}td:not(.prose){white-space:normal}
            th:first-child{position:static}
            h2,caption,summary{break-after:avoid}tr,figure,.verdicts li{break-inside:avoid}figure{max-width:26rem}
            details::details-content{content-visibility:visible;block-size:auto;display:block}}
            """;

    private final StringBuilder out = new StringBuilder();
    private int sections;

    private Html() {}

    /** The page. */
    static String page(String title, List<Block> blocks) {
        Html html = new Html();
        html.out
                .append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
                .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src"
                        + " 'unsafe-inline'\">\n")
                .append("<title>")
                .append(escape(title))
                .append("</title>\n<style>\n")
                .append(STYLE)
                .append("</style></head>\n<body><main>\n");
        for (Block block : blocks) {
            html.block(block);
            if (block instanceof Block.Heading heading && heading.level() == 1) {
                html.contents(blocks);
            }
        }
        return html.out.append("</main></body></html>\n").toString();
    }

    /** Links to the sections, which are numbered: names of experiments are no identifiers. */
    private void contents(List<Block> blocks) {
        out.append("<nav aria-label=\"Sections\"><ul>\n");
        int number = 0;
        for (Block block : blocks) {
            if (block instanceof Block.Heading heading && heading.level() == 2) {
                out.append("<li><a href=\"#s%d\">%s</a></li>\n".formatted(++number, escape(heading.text())));
            }
        }
        out.append("</ul></nav>\n");
    }

    private void block(Block block) {
        switch (block) {
            case Block.Heading heading -> {
                String id = heading.level() == 2 ? " id=\"s" + ++sections + "\"" : "";
                out.append("<h%1$d%3$s>%2$s</h%1$d>\n".formatted(heading.level(), escape(heading.text()), id));
            }
            case Block.Text text ->
                out.append("<p>").append(escape(text.text())).append("</p>\n");
            case Block.Table table -> table(table);
            case Block.Verdicts verdicts -> verdicts(verdicts.verdicts());
            case Block.Picture picture ->
                out.append("<figure>")
                        .append(SvgPlot.of(picture.plot()))
                        .append("<figcaption>")
                        .append(escape(picture.plot().title()))
                        .append("</figcaption></figure>\n");
            case Block.Details details -> {
                out.append("<details><summary>")
                        .append(escape(details.summary()))
                        .append("</summary>\n");
                details.blocks().forEach(this::block);
                out.append("</details>\n");
            }
        }
    }

    /** Wide tables scroll in a frame of their own that the keyboard reaches. */
    private void table(Block.Table table) {
        String caption = escape(table.caption());
        out.append("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"")
                .append(caption)
                .append("\"><table><caption>")
                .append(caption)
                .append("</caption>\n<thead>");
        int columns = table.rows().getFirst().size();
        for (int i = 0; i < table.rows().size(); i++) {
            if (i == 1) {
                out.append("<tbody>");
            }
            out.append("<tr>");
            for (int column = 0; column < columns; column++) {
                cell(table.rows().get(i).get(column), i == 0, column, column >= columns - table.prose());
            }
            out.append(i == 0 ? "</tr></thead>\n" : "</tr>\n");
        }
        out.append(table.rows().size() > 1 ? "</tbody></table></div>\n" : "</table></div>\n");
    }

    private void cell(String text, boolean title, int column, boolean prose) {
        String escaped = escape(text);
        String style = prose ? " class=\"prose\"" : "";
        if (title) {
            out.append("<th scope=\"col\"" + (column == 0 ? " class=\"prose\"" : style) + ">" + escaped + "</th>");
        } else if (column == 0) {
            out.append("<th scope=\"row\">" + escaped + "</th>");
        } else {
            out.append("<td" + style + ">" + escaped + "</td>");
        }
    }

    private void verdicts(List<Verdict> verdicts) {
        out.append("<ul class=\"verdicts\">\n");
        for (Verdict verdict : verdicts) {
            String label = verdict.outcome().label();
            out.append("<li><span class=\"tag ")
                    .append(label.replace(' ', '-'))
                    .append("\">")
                    .append(label)
                    .append("</span>")
                    .append(escape(verdict.claim().text()))
                    .append("<p>")
                    .append(escape(verdict.evidence()))
                    .append("</p></li>\n");
        }
        out.append("</ul>\n");
    }

    /** Text for elements and quoted attributes; characters that no HTML document may hold become U+FFFD. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                case '\n', '\t' -> escaped.append(' ');
                default -> escaped.appendCodePoint(isAllowed(c) ? c : 0xFFFD);
            }
        });
        return escaped.toString();
    }

    private static boolean isAllowed(int c) {
        boolean control = c < 0x20 || c >= 0x7F && c < 0xA0;
        boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        // directional overrides would show a name other than it is
        boolean override = c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069;
        return !control && !surrogate && !override;
    }
}
