package org.imagesearch.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class HistoryBenchmarkTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path folder;

    private int history(String... arguments) {
        CommandLine bench = BenchCommand.commandLine();
        bench.setOut(new PrintWriter(out, true));
        bench.setErr(new PrintWriter(err, true));
        String[] all = new String[arguments.length + 5];
        System.arraycopy(new String[] {"history", "--file", kept().toString(), "--commit", "abc"}, 0, all, 0, 5);
        System.arraycopy(arguments, 0, all, 5, arguments.length);
        return BenchCommand.execute(bench, all);
    }

    private Path kept() {
        return folder.resolve("history.jsonl");
    }

    /** Adds what a run would print. */
    private int add(double speed, double seconds) throws IOException {
        Path figures = Files.write(
                folder.resolve("figures.jsonl"),
                List.of(
                        Figure.of("scan", "nprobe=8", "queries/s", speed, "python3-faiss", 1)
                                .toJson(),
                        Figure.of("start", "from memory", "s", seconds, "reading", 1)
                                .toJson()),
                UTF_8);
        return history("--add", figures.toString());
    }

    @Test
    void figuresAreKeptWithWhatTheyWereMeasuredOf() throws IOException {
        assertThat(add(4, 2)).isZero();

        assertThat(Files.readAllLines(kept(), UTF_8))
                .hasSize(2)
                .allMatch(line -> line.contains("\"commit\":\"abc\"") && line.contains("\"date\":\"2"))
                .anyMatch(line -> line.contains("\"bench\":\"scan\",\"case\":\"nprobe=8\",\"unit\":\"queries/s\""));
        assertThat(err.toString()).contains("kept 2 figures", "scan nprobe=8: 4.0, for the first time");
    }

    @Test
    void theNewestIsComparedWithTheMedianOfThoseBefore() throws IOException {
        add(4, 2);
        add(5, 2);
        add(40, 2);
        assertThat(add(4.6, 2.1)).isZero();

        assertThat(out.toString())
                .contains("\"case\":\"nprobe=8\",\"unit\":\"ratio\",\"ours\":4.6,\"other\":\"median of 3 before\","
                        + "\"theirs\":5.0,\"ratio\":0.92");
    }

    @Test
    void whatIsSlowerThanBeforeEndsWithItsName() throws IOException {
        add(4, 2);
        assertThat(add(3, 2)).isEqualTo(1);
        assertThat(err.toString())
                .contains("bench: worse than before", "scan nprobe=8 0.75")
                .doesNotContain("start from memory 1");
    }

    @Test
    void timesThatGrowAreWorseAndRatesThatGrowAreNot() throws IOException {
        add(4, 2);
        assertThat(add(8, 3)).isEqualTo(1);
        assertThat(err.toString()).contains("start from memory 0.67").doesNotContain("nprobe=8 0");
        assertThat(history("--tolerance", "0.4")).isZero();
    }

    @Test
    void whatIsNoFigureIsNamedAndNothingIsKept() throws IOException {
        Path figures = Files.writeString(folder.resolve("figures.jsonl"), "{\"bench\":\"scan\"\n");
        assertThat(history("--add", figures.toString())).isEqualTo(1);
        assertThat(err.toString()).contains(figures + ", line 1 is no figure");
        assertThat(kept()).doesNotExist();

        Files.writeString(figures, "\n");
        assertThat(history("--add", figures.toString())).isEqualTo(2);
        assertThat(history("--tolerance", "2")).isEqualTo(2);
        assertThat(history()).isEqualTo(2);
        assertThat(err.toString()).contains("there are no figures", "--tolerance is 2.0", "there is no file " + kept());
    }
}
