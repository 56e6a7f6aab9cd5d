package org.dndllm.eval.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import javax.xml.parsers.DocumentBuilderFactory;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.diagnosis.AdapterHealth;
import org.dndllm.eval.diagnosis.Fault;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.experiment.Measure;
import org.dndllm.eval.experiment.Trial;
import org.dndllm.eval.report.Comparison.Pair;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.InputSource;

class StudyTest {
    private static final String HOSTILE = "</td><script>alert('x')</script>\"&|`[a](javascript:b)\u202e\u0000";

    @TempDir
    Path folder;

    private Study study(String name, Map<String, JobResult> results) {
        Claim claim = new Claim("Claim of " + name, new Claim.Better("a", List.of("b")));
        Findings findings = Findings.of(List.of(Results.trial("a", "b")), List.of(claim), results, List.of());
        AdapterHealth broken = new AdapterHealth(
                name,
                List.of(new AdapterHealth.Finding(Fault.NON_FINITE, "value 3 of " + name + " is NaN")),
                List.of());
        Study.Trained trained = new Study.Trained(
                name,
                "Question of " + name,
                List.of(new ReportTable(List.of(List.of(name, "b"), List.of("c", name)))),
                Map.of(),
                List.of(),
                List.of(),
                Map.of(name, "no " + name),
                name);
        return new Study(
                name,
                findings,
                List.of(broken),
                List.of(trained),
                Map.of("tasks", name, "machine", Map.of("cpu", name)));
    }

    private String written(Study study, String file) throws IOException {
        study.write(folder);
        return Files.readString(folder.resolve(file));
    }

    @Test
    void write_hostileNames_stayText() throws IOException {
        Map<String, JobResult> results =
                Results.byName(Results.job("a", Map.of(HOSTILE, 20)), Results.job("b", Map.of(HOSTILE, 1)));
        Study study = study(HOSTILE, results);

        String html = written(study, "report.html");
        String markdown = written(study, "report.md");

        assertThat(html)
                .doesNotContain("<script", "</td>\"", "\u202e", "\u0000")
                .contains("&lt;script&gt;alert(&#39;x&#39;)");
        assertThat(markdown).doesNotContain("<script").contains("&lt;/td>&lt;script>", "\\|\\`\\[a\\](javascript:b)");
        assertThat(Files.readString(folder.resolve("comparisons.csv")).lines()).hasSize(2);
        assertThat(folder.resolve("report.json")).isNotEmptyFile();
    }

    @Test
    void write_page_needsNothingElseAndIsReadable() throws IOException {
        String html = written(
                study("plain", Results.byName(Results.job("a", 20, 19), Results.job("b", 3, 2))), "report.html");

        assertThat(html)
                .doesNotContain("http://", "https://", "src=", "<script", "@import", "url(")
                .contains("prefers-color-scheme:dark", "@media print", "width=device-width", "lang=\"en\"")
                .contains("<a href=\"#s1\">Verdicts</a>", "<h2 id=\"s1\">Verdicts</h2>", "<h2 id=\"s2\">trial</h2>")
                .contains("<th scope=\"col\"", "<th scope=\"row\"", "<caption>", "role=\"img\" aria-label=")
                .contains(">supported</span>", "NON_FINITE", "BROKEN");
        parsed(html.substring(html.indexOf("<main>"), html.indexOf("</body>")));
    }

    @Test
    void write_trainedJobs_areComparedItemByItem() throws IOException {
        Pair pair = new Pair("tasks-4", "tasks-32");
        Study.Trained trained = new Study.Trained(
                "task-count",
                "How many?",
                List.of(),
                Map.of(
                        "tasks-4", Results.job("few", 3, 2, 1).cells(),
                        "tasks-32", Results.job("many", 19, 18, 20).cells()),
                List.of(pair, new Pair("tasks-4", "not run")),
                List.of(),
                Map.of(),
                "dnd experiment task-count");
        Map<String, JobResult> results = Results.byName(Results.job("a", 6, 5), Results.job("b", 5, 5));

        Findings findings = Findings.of(List.of(Results.trial("a", "b")), List.of(), results, List.of(trained));
        String html = written(new Study("t", findings, List.of(), List.of(trained), Map.of("x", "y")), "report.html");

        // two comparisons in all, so the smaller p is doubled; 51 of 60 items are right with many tasks only
        Comparison comparison = findings.comparisons().get(pair);
        assertThat(findings.comparisons()).hasSize(2).containsKey(pair);
        assertThat(comparison.test().onlySecond()).isEqualTo(51);
        assertThat(comparison.test().onlyFirst()).isZero();
        assertThat(comparison.adjusted()).isEqualTo(2 * comparison.test().p());
        assertThat(html).contains("task-count: differences in points, paired tests", "tasks-4 minus tasks-32");
    }

    @Test
    void write_nothingMeasured_saysSoEverywhere() throws IOException {
        String html = written(study("empty", Map.of()), "report.html");

        assertThat(html)
                .contains(">not tested</span>", "a was not run; b was not run", "not run")
                .doesNotContain("<svg");
    }

    @Test
    void plot_pointsSeriesAndLevels_isOneWellFormedPicture() {
        Trial bars = Results.trial("a", "b");
        List<Trial.Entry> entries = List.of(
                new Trial.Entry(bars.jobs().get(0), "two < four", "of x", OptionalDouble.of(2)),
                new Trial.Entry(bars.jobs().get(1), "level & line", "", OptionalDouble.empty()));
        Trial axis = new Trial("axis", "?", "", "prompts (x)", entries, "a", List.of());
        Findings findings = Findings.of(
                List.of(axis), List.of(), Results.byName(Results.job("a", 10, 11), Results.job("b", 3, 2)), List.of());

        Plot plot = Plot.of(axis, findings).orElseThrow();
        String svg = SvgPlot.of(plot);

        parsed(svg);
        assertThat(plot.description()).contains("of x 2: 52.5", "level & line: 12.5");
        assertThat(svg)
                .contains("level &amp; line", "prompts (x)", "<polyline", "class=\"whisker\"")
                .doesNotContain("NaN");
    }

    @Test
    void plotOverTime_powersOfTen_pointsWhereTheirLogarithmIs() {
        Trial plain = Results.trial("quick", "slow", "context", "base");
        List<Trial.Entry> entries = List.of(
                Trial.Entry.of(plain.jobs().get(0)),
                new Trial.Entry(plain.jobs().get(1), "slow", "tuned", OptionalDouble.of(4)),
                new Trial.Entry(plain.jobs().get(2), "context", "in context", OptionalDouble.of(4)),
                Trial.Entry.of(plain.jobs().get(3)));
        Trial trial = new Trial("few", "?", "", "labels", entries, "quick", List.of(Measure.BEFORE));
        Findings findings = Findings.of(
                List.of(trial),
                List.of(),
                Results.byName(
                        Results.timed("quick", 0.01),
                        Results.timed("slow", 10),
                        Results.job("context", 5), // one second for one pass
                        Results.job("base", 1)),
                List.of());

        Plot plot = Plot.overTime(trial, findings).orElseThrow();
        String svg = SvgPlot.of(plot);

        parsed(svg);
        assertThat(plot.series().keySet()).containsExactly("quick", "tuned", "in context");
        assertThat(plot.levels()).extracting(Plot.Level::label).containsExactly("base");
        assertThat(plot.description()).contains("quick 0.010 s", "tuned 10.000 s", "in context 1.000 s");
        assertThat(svg)
                .contains(">0.01<", ">0.1<", ">1<", ">10<", "seconds, logarithmic")
                .doesNotContain("NaN");
        assertThat(Plot.overTime(plain, findings))
                .as("a trial that shows no time")
                .isEmpty();
    }

    private static void parsed(String xml) {
        try {
            DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
        } catch (Exception e) {
            throw new AssertionError(e + " in " + xml, e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a\tb"})
    void escape_lineBreaks_becomeSpaces(String text) {
        assertThat(Html.escape(text)).isEqualTo("a b");
        assertThat(Markdown.escape(text)).isEqualTo("a b");
    }
}
