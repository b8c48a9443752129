package org.imagesearch.embed;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Queries over a whole dataset, compared with comparing one by one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QueryCommandTest {
    private static final String MODEL = "../demo/model";
    private static final int PICTURES = 23;

    private Path folder;
    private DatasetUnderTest dataset;
    private List<EmbeddingRow> rows;
    private int outputs;

    @BeforeAll
    void embed(@TempDir Path given) throws IOException {
        folder = given;
        for (int i = 0; i < PICTURES; i++) {
            DrawnPictures.drawWithCaption(folder.resolve("pictures/p" + i + ".jpg"), i, "picture " + i);
        }
        dataset = DatasetUnderTest.in(folder.resolve("embeddings"));
        dataset.embed(folder.resolve("pictures"));
        rows = dataset.images();
    }

    /** What a call came to. */
    private record Ended(int status, List<String> out, List<String> err, Path output) {}

    /** A hit, as it is written. */
    private record Hit(long id, float score) {}

    @Test
    void wordsFindWhatComparingOneByOneFinds() throws IOException {
        Ended ended = query("{\"text\":\"red car\",\"k\":7}");

        assertThat(ended.err).isEmpty();
        assertThat(ended.status).isZero();
        assertThat(ended.out).anyMatch(line -> line.startsWith("7 hits of 1 query written to"));
        assertHits(read(ended.output), best(text("red car"), 7));
        Row first = LocalSpark.session()
                .read()
                .parquet(ended.output.toString())
                .orderBy(col("score").desc(), col("id"))
                .first();
        assertThat(first.schema().fieldNames()).containsExactly("id", "score", "uri", "width", "height", "caption");
        EmbeddingRow row = row(first.getAs("id"));
        assertThat(first.<String>getAs("uri")).isEqualTo(row.uri());
        assertThat(first.<String>getAs("caption")).isEqualTo(row.caption().orElseThrow());
        assertThat(first.<Integer>getAs("width")).isEqualTo(row.width());
    }

    @Test
    void everyKindOfTermCountsByItsWeight() throws IOException {
        EmbeddingRow near = rows.get(3);
        EmbeddingRow far = rows.get(11);
        byte[] picture = Files.readAllBytes(folder.resolve("pictures/p5.jpg"));
        EmbeddingRow pictured = rows.stream()
                .filter(row -> row.uri().endsWith("/p5.jpg"))
                .findFirst()
                .orElseThrow();
        Path file = Files.writeString(
                folder.resolve("query.json"),
                "{\"terms\":[{\"id\":" + near.id() + ",\"weight\":2},{\"vector\":"
                        + Arrays.toString(far.embedding()) + ",\"weight\":-0.5},{\"image\":\""
                        + Base64.getEncoder().encodeToString(picture) + "\"}],\"k\":23}");

        Ended ended = query(file.toString());

        float[] mixed = new float[near.embedding().length];
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = 2 * near.embedding()[i] - 0.5f * far.embedding()[i] + pictured.embedding()[i];
        }
        assertThat(ended.status).as(ended.err.toString()).isZero();
        assertHits(read(ended.output), best(unit(mixed), PICTURES));
    }

    @Test
    void withoutKEverythingAboveTheLeastScoreIsAHit() throws IOException {
        List<Hit> all = best(text("red car"), PICTURES);
        double least = (all.get(11).score + all.get(12).score) / 2;

        assertHits(read(query("{\"text\":\"red car\",\"minScore\":" + least + "}").output), all.subList(0, 12));
        assertHits(read(query("{\"text\":\"red car\",\"k\":4,\"minScore\":" + least + "}").output), all.subList(0, 4));
        assertHits(read(query("{\"text\":\"red car\"}").output), all.subList(0, 20));
    }

    @Test
    void severalQueriesAreAnsweredAtOnceAndNumbered() throws IOException {
        Ended ended = query("{\"queries\":[{\"text\":\"red car\",\"k\":3},{\"id\":"
                + rows.get(2).id() + ",\"k\":5,\"withVectors\":true}]}");

        assertThat(ended.status).as(ended.err.toString()).isZero();
        for (int number = 0; number < 2; number++) {
            List<Hit> hits = new ArrayList<>();
            for (Row row : LocalSpark.session()
                    .read()
                    .parquet(ended.output.toString())
                    .filter("query = " + number)
                    .orderBy(col("score").desc(), col("id"))
                    .collectAsList()) {
                hits.add(new Hit(row.getAs("id"), row.getAs("score")));
                assertThat(row.<Object>getAs("embedding")).isNotNull();
            }
            assertHits(
                    hits,
                    number == 0 ? best(text("red car"), 3) : best(rows.get(2).embedding(), 5));
        }
    }

    @Test
    void filtersLimitHitsAndLeaveKOfThem() throws IOException {
        List<Hit> all = best(text("red car"), PICTURES);

        assertHits(
                read(query("{\"text\":\"red car\",\"k\":7,\"filter\":\"NOT (caption:5 or id<4)\"}").output),
                all.stream()
                        .filter(hit -> hit.id >= 4
                                && !row(hit.id).caption().orElseThrow().equals("picture 5"))
                        .limit(7)
                        .toList());
        assertThat(read(query("{\"text\":\"red car\",\"filter\":\"width>100000\"}").output))
                .isEmpty();
        Ended several = query("{\"queries\":[{\"text\":\"red car\",\"k\":3},"
                + "{\"text\":\"red car\",\"k\":3,\"filter\":\"id>=9\"}]}");
        assertThat(read(several.output))
                .extracting(Hit::id)
                .containsAll(all.stream().limit(3).map(Hit::id).toList())
                .containsAll(
                        all.stream().map(Hit::id).filter(id -> id >= 9).limit(3).toList());
    }

    @Test
    void theInputsOwnColumnsCanBeFilteredByWhateverWaveTheyCameWith(@TempDir Path given) throws IOException {
        Path pictures = folder.resolve("pictures");
        Path input = given.resolve("input");
        ParquetTables.duckdb(
                input.resolve("1.parquet"),
                "select '" + pictures + "/p' || i || '.jpg' as uri, i / 4 as rating, i % 2 = 0 as good,"
                        + " timestamp '2024-02-28 22:00:00' + interval (i) hour as taken, [i] as tags"
                        + " from range(12) t(i)",
                "");
        DatasetUnderTest own = DatasetUnderTest.in(given.resolve("embeddings"));
        own.embed(input);
        ParquetTables.duckdb(
                input.resolve("2.parquet"),
                "select '" + pictures + "/p' || i || '.jpg' as uri, 'Album ' || i as album from range(12, 16) t(i)",
                "");
        own.embed(input);

        assertThat(names(own, "rating=0.75 OR rating>2.5")).containsExactly("p11.jpg", "p3.jpg");
        assertThat(names(own, "good=true AND taken>=2024-02-29T04")).containsExactly("p10.jpg", "p6.jpg", "p8.jpg");
        assertThat(names(own, "album:\"album 13\"")).containsExactly("p13.jpg");
        assertThat(names(own, "NOT good:* AND NOT album=\"Album 15\""))
                .containsExactly("p12.jpg", "p13.jpg", "p14.jpg");
        Ended nested = run(filtered("tags:*"), own.root(), given.resolve("nested"));
        assertThat(nested.status).isEqualTo(2);
        assertThat(nested.err).singleElement().asString().contains("no column 'tags'", "album, good, rating, taken");
    }

    private List<String> names(DatasetUnderTest dataset, String filter) {
        Path output = folder.resolve("hits-" + outputs++);
        Ended ended = run(filtered(filter), dataset.root(), output);
        assertThat(ended.status).as(ended.err.toString()).isZero();
        return LocalSpark.session().read().parquet(output.toString()).collectAsList().stream()
                .map(row -> DatasetUnderTest.name(row.getAs("uri")))
                .sorted()
                .toList();
    }

    private static String filtered(String filter) {
        return "{\"text\":\"red car\",\"filter\":\"" + filter.replace("\"", "\\\"") + "\"}";
    }

    @Test
    void picturesThatAreTakenDownInAnIndexAreNoHits() throws IOException {
        List<Hit> all = best(text("red car"), PICTURES);
        Path index = Files.createDirectories(folder.resolve("index"));
        Files.writeString(
                index.resolve(Takedowns.FILE), "{\"id\":" + all.get(0).id + "}\n{\"id\":" + all.get(2).id + "}\n");

        Ended ended = query("{\"text\":\"red car\",\"k\":3}", "--index", index.toString());

        assertHits(read(ended.output), List.of(all.get(1), all.get(3), all.get(4)));
    }

    @Test
    void whatCannotBeAnsweredIsRefusedBeforeAnythingIsWritten() throws IOException {
        assertRefused("{\"text\":\"a\",\"filter\":\"width>\"}", "filter, position 7");
        assertRefused("{\"text\":\"a\",\"filter\":\"wave=0\"}", "there is no column 'wave'");
        assertRefused("{\"text\":\"a\",\"filter\":\"width:red\"}", "the column 'width' is integer");
        assertRefused("{\"text\":\"a\",\"nearDuplicates\":0.9}", "nearDuplicates cannot be asked of a whole dataset");
        assertRefused("{\"text\":\"a\",\"cutoff\":\"auto\"}", "cutoff");
        assertRefused("{\"text\":\"a\",\"facets\":[\"a\",\"b\"]}", "facets");
        assertRefused("{\"text\":\"a\",\"cursor\":\"x\"}", "cursor");
        assertRefused("{\"text\":\"a\",\"k\":0}", "k is 0");
        assertRefused("{\"text\":\"\"}", "text is empty");
        assertRefused("{\"id\":999999}", "no picture with id 999999");
        assertRefused("{\"vector\":[1,2]}", "vector is an array of 2");
        assertRefused("{}", "nothing to search for");
        assertRefused("{\"text\":", "not valid JSON");
        assertRefused("/no/such/file.json", "neither a file nor a JSON object");
        Ended there = run("{\"text\":\"a\"}", folder.resolve("embeddings"), folder.resolve("pictures"));
        assertThat(there.status).isEqualTo(2);
        assertThat(there.err).singleElement().asString().contains("is there already");
        Ended none = run("{\"text\":\"a\"}", folder.resolve("pictures"), folder.resolve("nothing"));
        assertThat(none.status).isEqualTo(2);
        assertThat(none.err).singleElement().asString().contains("is not a dataset");
    }

    private void assertRefused(String query, String message) {
        Ended ended = query(query);
        assertThat(ended.status).as(query).isEqualTo(2);
        assertThat(ended.err).singleElement().asString().startsWith("query: ").contains(message);
        assertThat(ended.output).doesNotExist();
    }

    private Ended query(String query, String... more) {
        return run(query, folder.resolve("embeddings"), folder.resolve("hits-" + outputs++), more);
    }

    private static Ended run(String query, Path embeddings, Path output, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--embeddings",
                embeddings.toString(),
                "--model",
                MODEL,
                "--master",
                "local[2]",
                "--query",
                query,
                "--output",
                output.toString()));
        arguments.addAll(List.of(more));
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
            int status = QueryCommand.execute(arguments.toArray(String[]::new));
            return new Ended(status, lines(outBytes), lines(errBytes), output);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private static List<String> lines(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private static List<Hit> read(Path output) {
        List<Hit> hits = new ArrayList<>();
        for (Row row : LocalSpark.session().read().parquet(output.toString()).collectAsList()) {
            hits.add(new Hit(row.getAs("id"), row.getAs("score")));
        }
        hits.sort(Comparator.comparingDouble((Hit hit) -> -hit.score).thenComparingLong(Hit::id));
        return hits;
    }

    private static void assertHits(List<Hit> found, List<Hit> expected) {
        assertThat(found)
                .extracting(Hit::id)
                .containsExactlyElementsOf(expected.stream().map(Hit::id).toList());
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i).score).isCloseTo(expected.get(i).score, within(1e-5f));
        }
    }

    private List<Hit> best(float[] query, int k) {
        return rows.stream()
                .map(row -> new Hit(row.id(), (float) dot(query, row.embedding())))
                .sorted(Comparator.comparingDouble((Hit hit) -> -hit.score).thenComparingLong(Hit::id))
                .limit(k)
                .toList();
    }

    private EmbeddingRow row(long id) {
        return rows.stream().filter(row -> row.id() == id).findFirst().orElseThrow();
    }

    private static float[] text(String text) {
        try (TextEncoder encoder = TextEncoder.open(DatasetUnderTest.MODEL, EncoderSettings.cpu(1, 1))) {
            return encoder.encode(List.of(text));
        }
    }

    private static float[] unit(float[] vector) {
        double length = Math.sqrt(dot(vector, vector));
        float[] unit = new float[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (vector[i] / length);
        }
        return unit;
    }

    private static double dot(float[] left, float[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += (double) left[i] * right[i];
        }
        return sum;
    }
}
