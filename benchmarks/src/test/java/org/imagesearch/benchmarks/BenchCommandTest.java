package org.imagesearch.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class BenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int bench(String... arguments) {
        CommandLine bench = BenchCommand.commandLine();
        bench.setOut(new PrintWriter(out, true));
        bench.setErr(new PrintWriter(err, true));
        return BenchCommand.execute(bench, arguments);
    }

    @Test
    void withoutANameAndWithHelpTheBenchmarksAreListed() {
        assertThat(bench()).isZero();
        String listed = out.toString();
        assertThat(listed.lines()).hasSize(2 + Benchmarks.all().size()).anyMatch(line -> line.startsWith("  scan "));
        assertThat(bench("--help")).isZero();
        assertThat(out).hasToString(listed + listed);
        assertThat(err).hasToString("");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vectors",
                "scan",
                "sizes",
                "train",
                "preprocess",
                "embed",
                "merge",
                "growth",
                "filter",
                "rows",
                "serve",
                "fuzz",
                "soak",
                "swap",
                "start",
                "faults"
            })
    void everyBenchmarkTellsItsOptions(String name) {
        assertThat(bench(name, "--help")).isZero();
        assertThat(out.toString()).contains("--seed", "bench " + name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "--nonsense",
                "scan --nonsense",
                "scan --count many",
                "scan --count 0",
                "scan --nlist 300000",
                "train --nlist 300000",
                "train --case nonsense",
                "train --iterations 0",
                "fuzz --requests -1",
                "soak --minutes 0.1",
                "swap --swaps 1",
                "start --count 0",
                "faults --trouble nonsense",
                "vectors --count 5",
                "vectors --count 5 --output /dev/null",
                "vectors --count 5 --dimension 1 --output /dev/null"
            })
    void wrongUsageIsOneLineAndExitStatusTwo(String arguments) {
        assertThat(bench(arguments.split(" "))).isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().startsWith("bench: ");
        assertThat(out).hasToString("");
    }

    @Test
    void aFolderWithSomethingInItIsLeftAlone(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("mine.txt"), "mine");
        assertThat(bench("vectors", "--count", "5", "--output", folder.toString()))
                .isEqualTo(2);
        assertThat(err.toString()).contains("is not empty");
        assertThat(folder).isDirectoryContaining(file -> file.endsWith("mine.txt"));
    }
}
