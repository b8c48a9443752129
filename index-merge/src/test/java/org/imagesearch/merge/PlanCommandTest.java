package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.Growth;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.core.program.Programs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class PlanCommandTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        CommandLine command = Programs.endingInOneLine(new CommandLine(new MergeCommand()));
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        return command.execute(arguments);
    }

    @Test
    void answersEveryQuestionOfAnIndexOfFiveBillion() {
        assertThat(run("plan", "--pictures", "5e9", "--memory", "64GiB", "--target-recall", "0.95", "--cores", "64"))
                .describedAs(err.toString())
                .isZero();
        assertThat(out.toString().lines().map(line -> line.split(" ", 2)[0]))
                .containsExactly(
                        "pictures",
                        "nlist",
                        "shards",
                        "bytes",
                        "machines",
                        "training",
                        "build",
                        "query",
                        "note",
                        "basis");
        assertThat(out.toString())
                .contains("5,000,000,000 of 512 floats, for a recall@10 of 0.95")
                .contains("of 64.0 GiB to hold all vectors")
                .contains("64 cores")
                .contains("a larger training.memory")
                .contains("times beyond");
    }

    @Test
    void takesTheMeasurementsOfAnotherMachine() throws Exception {
        List<RecallPoint> curve = List.of(
                new RecallPoint(4, 0.01, 0.96, Optional.empty()), new RecallPoint(1000, 1, 1, Optional.empty()));
        Growth growth = new Growth(
                "a toaster",
                1,
                512,
                List.of(
                        new Growth.Point(100_000, 1000, 100_000, 10, 1, 10, 10, 1, 1_000_000, curve, 4, 0.001),
                        new Growth.Point(200_000, 1000, 100_000, 10, 2, 10, 20, 2, 2_000_000, curve, 4, 0.002)));
        Path file = folder.resolve("growth.json");
        Files.write(file, Json.write(growth));
        assertThat(run(
                        "plan",
                        "--pictures",
                        "200000",
                        "--memory",
                        "1GiB",
                        "--nlist",
                        "1000",
                        "--cores",
                        "1",
                        "--growth",
                        file.toString()))
                .describedAs(err.toString())
                .isZero();
        assertThat(out.toString())
                .contains("a toaster")
                .contains("assigning and writing 20.0 s")
                .contains("2.0 ms of one core")
                .contains("compared with 1.00% of all vectors");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 64GiB, --pictures is '0'",
        "1.5, 64GiB, --pictures is '1.5'",
        "1e99999999, 64GiB, --pictures is",
        "many, 64GiB, --pictures is 'many'",
        "5e9, 64 things, --memory is '64 things'",
        "5e9, 1, --memory is '1'"
    })
    void refusesWhatIsNoSizeInOneLine(String pictures, String memory, String message) {
        assertThat(run("plan", "--pictures", pictures, "--memory", memory)).isEqualTo(2);
        assertThat(err.toString().strip()).contains(message).doesNotContain("\n");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void timesAreForPeople() {
        assertThat(List.of(2e-5, 0.0123, 3.21, 600.0, 20_000.0, 1e6).stream().map(IndexPlan::time))
                .containsExactly("20 us", "12.3 ms", "3.2 s", "10 min", "5.6 h", "11.6 days");
    }
}
