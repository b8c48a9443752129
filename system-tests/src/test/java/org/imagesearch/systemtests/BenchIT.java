package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bin/bench} as a user runs it. Speed itself is no matter of tests. */
class BenchIT {
    /** Ten times what the longest takes on two idle cores: other tests may be at work beside this one. */
    private static final int LIMIT_MINUTES = 8;

    @TempDir
    Path folder;

    @TempDir
    Path temporary;

    /** What a run of {@code bin/bench} did. */
    private record Ran(int status, List<String> out, List<String> err) {}

    @Test
    void withoutANameItListsTheBenchmarks() throws Exception {
        Ran ran = bench();
        assertThat(ran.status).as(ran.err.toString()).isZero();
        assertThat(ran.out)
                .anyMatch(line -> line.matches("  vectors +\\S.*"))
                .anyMatch(line -> line.matches("  scan +\\S.*"));
    }

    @Test
    void anUnknownNameIsWrongUsageToldInOneLine() throws Exception {
        Ran ran = bench("nonsense");
        assertThat(ran.status).isEqualTo(2);
        assertThat(ran.err).singleElement().asString().contains("'nonsense'");
        assertThat(ran.out).isEmpty();
    }

    @Test
    void vectorsAreADatasetThatMergeTakes() throws Exception {
        Path dataset = folder.resolve("embeddings");
        Ran ran = bench(
                "vectors",
                "--count",
                "3000",
                "--dimension",
                "48",
                "--seed",
                "5",
                "--rows-per-file",
                "1100",
                "--output",
                dataset.toString());
        assertThat(ran.status).as(ran.err.toString()).isZero();
        assertThat(ran.out).isEmpty();
        assertThat(oneRow(
                        "select count(*), count(distinct id), min(id), max(id), count(distinct wave) from read_parquet('"
                                + dataset + "/images/*/*.parquet', hive_partitioning = true)"))
                .containsExactly(3000L, 3000L, 0L, 2999L, 3L);
        assertThat(oneRow("select count(*) from '" + dataset + "/queries/*.parquet'"))
                .containsExactly(300L);
        for (String table : List.of("images/*/*.parquet", "queries/*.parquet")) {
            assertThat(oneRow("select count(*) from '" + dataset + "/" + table + "' where len(embedding) <> 48"
                            + " or not abs(list_inner_product(embedding, embedding) - 1) < 1e-5"))
                    .as(table)
                    .containsExactly(0L);
        }

        Path index = folder.resolve("index");
        Command.run(
                folder.resolve("merge.log"),
                List.of(
                        "bin/merge",
                        "--embeddings",
                        dataset.toString(),
                        "--index",
                        index.toString(),
                        "--nlist",
                        "32",
                        "--shards",
                        "2"));
        IndexDirectory directory = new IndexDirectory(index);
        IndexManifest manifest = directory.readManifest(directory.currentGeneration());
        assertThat(manifest.count()).isEqualTo(3000);
        assertThat(manifest.dimension()).isEqualTo(48);
        assertThat(manifest.recall())
                .allSatisfy(point -> assertThat(point.words()).isPresent());
    }

    @Test
    void aFigureIsALineOfJsonWithEveryKey() throws Exception {
        Ran ran = bench(
                "scan",
                "--case",
                "nprobe",
                "--count",
                "2000",
                "--dimension",
                "32",
                "--nlist",
                "16",
                "--nprobe",
                "1,4",
                "--queries",
                "20",
                "--repeats",
                "2");
        assertThat(ran.status).as(ran.err.toString()).isZero();
        List<String> cases = new ArrayList<>();
        for (String line : ran.out) {
            JsonNode figure = Json.read(line.getBytes(StandardCharsets.UTF_8), JsonNode.class, line);
            assertThat(figure.fieldNames())
                    .toIterable()
                    .containsExactly("bench", "case", "unit", "ours", "other", "theirs", "ratio");
            assertThat(figure.get("bench").textValue()).isEqualTo("scan");
            assertThat(figure.get("unit").textValue()).isEqualTo("queries/s");
            assertThat(figure.get("other").textValue()).startsWith("python3-faiss ");
            assertThat(List.of("ours", "theirs", "ratio"))
                    .allSatisfy(key -> assertThat(figure.get(key).doubleValue()).isPositive());
            cases.add(figure.get("case").textValue());
        }
        assertThat(cases).containsExactly("nprobe=1", "nprobe=4", "nprobe=1, screened", "nprobe=4, screened");
        assertThat(temporary).isEmptyDirectory();
    }

    /** Tiny sizes: whether each case runs and reports, not how fast. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "pipeline demo 2",
                "accelerator demo 3",
                "feed demo 1",
                "python vit-tiny 2",
                "executors demo 1",
                "batch demo 7",
                "memory demo 1"
            })
    void everyCaseOfEmbedReportsItsFigures(String given) throws Exception {
        String[] words = given.split(" ");
        Ran ran = bench(
                "embed",
                "--case",
                words[0],
                "--model",
                words[1],
                "--pictures",
                "40",
                "--width",
                "160",
                "--height",
                "120",
                "--repeats",
                "1",
                "--seconds",
                "1");
        assertThat(ran.status).as(ran.err.toString()).isZero();
        assertThat(ran.out).hasSizeGreaterThanOrEqualTo(Integer.parseInt(words[2]));
        for (String line : ran.out) {
            JsonNode figure = Json.read(line.getBytes(StandardCharsets.UTF_8), JsonNode.class, line);
            assertThat(figure.get("bench").textValue()).isEqualTo("embed");
            assertThat(figure.get("ratio").doubleValue()).isPositive();
        }
        assertThat(temporary).isEmptyDirectory();
    }

    @Test
    void theServerUnderLoadIsMeasuredBesideSearchesInProcess() throws Exception {
        Ran ran = bench(
                "serve",
                "--count",
                "3000",
                "--nlist",
                "16",
                "--nprobe",
                "4",
                "--queries",
                "20",
                "--clients",
                "4",
                "--repeats",
                "1",
                "--seconds",
                "0.5");
        assertThat(ran.status).as(ran.err.toString()).isZero();
        assertThat(ran.out).hasSizeGreaterThanOrEqualTo(10).allSatisfy(line -> assertThat(
                        Json.read(line.getBytes(StandardCharsets.UTF_8), JsonNode.class, line)
                                .get("ratio")
                                .doubleValue())
                .isPositive());
        assertThat(ran.out).anyMatch(line -> line.contains("nprobe=4, closed loop"));
        assertThat(ran.out).anyMatch(line -> line.contains("overload x10, p99 of answered"));
        assertThat(temporary).isEmptyDirectory();
    }

    /** Seconds of each: whether the server stands the first of what the benchmark has for it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "fuzz --requests 1500 --pictures 0",
                "fuzz --requests 0 --pictures 500",
                "soak --minutes 0.3 --every 2 --warm-up 0.2 --noise 100",
                "swap --swaps 4 --between 1 --rate 20",
                "start --repeats 1",
                "faults --trouble killed --seconds 2 --rate 10"
            })
    void aServerStandsTheFirstOfWhatThereIsForIt(String given) throws Exception {
        DemoIndex demo = DemoIndex.of(3200, 4);
        List<String> arguments = new ArrayList<>(List.of(given.split(" ")));
        arguments.addAll(List.of(
                "--index", demo.index().toString(), "--model", demo.model().toString(), "--seed", "3"));
        Ran ran = bench(arguments.toArray(String[]::new));
        assertThat(ran.status).as(ran.err.toString()).isZero();
        assertThat(ran.out).isNotEmpty().allSatisfy(line -> assertThat(
                        Json.read(line.getBytes(StandardCharsets.UTF_8), JsonNode.class, line)
                                .get("bench")
                                .textValue())
                .isEqualTo(arguments.get(0)));
        assertThat(temporary).isEmptyDirectory();
    }

    private Ran bench(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("bin/bench"));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("bench.out");
        Path err = folder.resolve("bench.err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(Repository.root().toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("TMPDIR", temporary.toString());
        Process process = builder.start();
        if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(command + " still ran after " + LIMIT_MINUTES + " minutes:\n" + Command.tail(err));
        }
        return new Ran(process.exitValue(), Files.readAllLines(out), Files.readAllLines(err));
    }

    /** The one row of a query, by a reader of Parquet that nobody here wrote. */
    private static List<Long> oneRow(String sql) throws SQLException {
        try (Connection duckdb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckdb.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            List<Long> row = new ArrayList<>();
            for (int column = 1; column <= rows.getMetaData().getColumnCount(); column++) {
                row.add(rows.getLong(column));
            }
            return row;
        }
    }
}
