package org.imagesearch.embed;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.QueryRow;
import org.imagesearch.core.settings.Settings;

/** A dataset that the job writes in a test, read by readers that the job does not use. */
final class DatasetUnderTest {
    static final ModelBundle MODEL =
            ModelBundle.open(Path.of("../demo/model").toAbsolutePath().normalize());

    private final Path root;
    private final String output;
    private final Map<String, String> settings =
            new HashMap<>(Map.of("wave-size", "4", "model.threads", "1", "model.batch", "8", "model.linger", "1 ms"));

    private DatasetUnderTest(Path root, String output) {
        this.root = root;
        this.output = output;
    }

    static DatasetUnderTest in(Path root) {
        return new DatasetUnderTest(root, root.toString());
    }

    /** On {@link FaultyFileSystem}. */
    static DatasetUnderTest onFaultyFileSystem(Path root) {
        return new DatasetUnderTest(root, FaultyFileSystem.uri(root));
    }

    DatasetUnderTest with(String key, String value) {
        settings.put(key, value);
        return this;
    }

    /**
     * What a run did.
     *
     * @param out what it printed
     */
    record Done(EmbedJob.Summary summary, String out) {
        long failed() {
            return summary.errors().values().stream().mapToLong(Long::longValue).sum();
        }
    }

    Done embed(Path input) throws IOException {
        return embed(input, MODEL, false);
    }

    Done embed(List<Path> inputs) throws IOException {
        return embed(inputs, MODEL, false);
    }

    Done retryFailed(Path input) throws IOException {
        return embed(input, MODEL, true);
    }

    Done embed(Path input, ModelBundle model, boolean retryFailed) throws IOException {
        return embed(List.of(input), model, retryFailed);
    }

    private Done embed(List<Path> inputs, ModelBundle model, boolean retryFailed) throws IOException {
        StringWriter out = new StringWriter();
        EmbedSettings bound =
                Settings.load("embed", Optional.empty(), Map.of(), settings).bind(EmbedSettings.class);
        ExecutorModel.Location location = new ExecutorModel.Location(
                model.directory().toString(), false, model.fingerprint().value());
        EmbedJob job = new EmbedJob(LocalSpark.session(), bound, model, location, output, new PrintWriter(out, true));
        return new Done(job.run(inputs.stream().map(Path::toString).toList(), retryFailed), out.toString());
    }

    Path root() {
        return root;
    }

    DatasetManifest manifest() throws IOException {
        return DatasetManifest.fromJson(Files.readAllBytes(root.resolve("dataset.json")), "dataset.json");
    }

    /** The rows of images/, by id. */
    List<EmbeddingRow> images() throws IOException {
        List<EmbeddingRow> rows = all(EmbeddingReader.images(
                slices("images"), MODEL.dimension(), Optional.of(MODEL.fingerprint()), new Configuration(false)));
        rows.sort(Comparator.comparingLong(EmbeddingRow::id));
        return rows;
    }

    List<EmbeddingRow> imagesOf(Fingerprint model) throws IOException {
        return all(EmbeddingReader.images(
                slices("images"), MODEL.dimension(), Optional.of(model), new Configuration(false)));
    }

    /** The rows of queries/, by id. */
    List<QueryRow> queries() throws IOException {
        List<QueryRow> rows = all(EmbeddingReader.queries(
                slices("queries"), MODEL.dimension(), Optional.of(MODEL.fingerprint()), new Configuration(false)));
        rows.sort(Comparator.comparingLong(QueryRow::id));
        return rows;
    }

    /** A row of failures/. */
    record Failure(long id, String name, String stage, String error, String message, int attempts) {}

    /** The rows of failures/, by id. */
    List<Failure> failures() throws IOException {
        if (parquetFiles("failures").isEmpty()) {
            return List.of();
        }
        List<Failure> failures = new ArrayList<>();
        for (Row row : LocalSpark.session()
                .read()
                .parquet(root.resolve("failures").toString())
                .orderBy("id")
                .collectAsList()) {
            failures.add(new Failure(
                    row.getAs("id"),
                    name(row.getAs("uri")),
                    row.getAs("stage"),
                    row.getAs("error"),
                    row.getAs("message"),
                    row.getAs("attempts")));
        }
        return failures;
    }

    /** Every picture's id by its file's name, embedded and failed ones; an error if one is there twice. */
    Map<String, Long> ids() throws IOException {
        Map<String, Long> ids = new TreeMap<>();
        images().forEach(row -> putOnce(ids, name(row.uri()), row.id()));
        failures().forEach(failure -> putOnce(ids, failure.name(), failure.id()));
        return ids;
    }

    private static void putOnce(Map<String, Long> ids, String name, long id) {
        if (ids.put(name, id) != null) {
            throw new AssertionError(name + " is there twice");
        }
    }

    static String name(String uri) {
        return uri.substring(uri.lastIndexOf('/') + 1);
    }

    /** Every file of a folder of the dataset. */
    List<Path> parquetFiles(String folder) throws IOException {
        if (!Files.exists(root.resolve(folder))) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root.resolve(folder))) {
            return files.filter(file -> file.toString().endsWith(".parquet"))
                    .sorted()
                    .toList();
        }
    }

    private List<FileSlice> slices(String folder) throws IOException {
        return parquetFiles(folder).stream()
                .map(file -> FileSlice.whole(new org.apache.hadoop.fs.Path(file.toUri())))
                .toList();
    }

    private static <T> List<T> all(EmbeddingReader<T> reader) {
        try (reader) {
            List<T> rows = new ArrayList<>();
            for (Iterator<T> all = reader; all.hasNext(); ) {
                rows.add(all.next());
            }
            return rows;
        }
    }
}
