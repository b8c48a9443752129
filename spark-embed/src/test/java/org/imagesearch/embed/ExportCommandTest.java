package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.imagesearch.core.HalfFloat;
import org.imagesearch.core.npy.NpyReader;
import org.imagesearch.core.npy.NpyType;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.parquet.FileSlice;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Exports of a dataset that bin/embed made in several waves, one of them from before an own column was seen. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExportCommandTest {
    private static final int PICTURES = 7;
    private static final ObjectMapper JSON = new ObjectMapper();

    private Path folder;
    private DatasetUnderTest dataset;
    private List<EmbeddingRow> rows;

    @BeforeAll
    void embed(@TempDir Path given) throws IOException {
        folder = given;
        for (int i = 0; i < PICTURES; i++) {
            DrawnPictures.draw(folder.resolve("pictures/p" + i + ".jpg"), i);
        }
        dataset = DatasetUnderTest.in(folder.resolve("embeddings")).with("wave-size", "2");
        Path input = folder.resolve("input");
        list(
                input.resolve("1.parquet"),
                "case when i > 0 then 'caption ' || i end as caption, i::float / 4 as rating, 'x' || i as image_path",
                "range(5)");
        dataset.embed(input);
        list(
                input.resolve("2.parquet"),
                "'sch\u00f6n \u2603' as caption, i % 2 = 0 as good, date '2024-02-28' + i::integer as taken, [i] as tags",
                "range(5, 7)");
        dataset.embed(input);
        rows = inOrder();
    }

    private void list(Path file, String columns, String range) {
        ParquetTables.duckdb(
                file,
                "select '" + folder.resolve("pictures") + "/p' || i || '.jpg' as uri, " + columns + " from " + range
                        + " t(i)",
                "");
    }

    private List<EmbeddingRow> inOrder() throws IOException {
        List<EmbeddingRow> all = new ArrayList<>();
        try (EmbeddingReader<EmbeddingRow> reader = EmbeddingReader.images(
                dataset.parquetFiles("images").stream()
                        .map(file -> FileSlice.whole(new org.apache.hadoop.fs.Path(file.toUri())))
                        .toList(),
                DatasetUnderTest.MODEL.dimension(),
                Optional.empty(),
                new Configuration(false))) {
            reader.forEachRemaining(all::add);
        }
        return all;
    }

    @Test
    void embeddingsAndRowsAreInTheFilesThatClipRetrievalHas() throws IOException {
        Path output = folder.resolve("npy");

        Ended ended = export(output, "--rows-per-part", 3);

        assertThat(ended.err()).isEmpty();
        assertThat(ended.status()).isZero();
        assertThat(ended.out())
                .contains("not exported, for they are no plain numbers, texts or times: columns tags")
                .contains("wrote part 3 of 3")
                .anyMatch(line -> line.startsWith("7 embeddings of 192 halves exported to " + output + ", 3 parts, "));
        assertThat(files(output))
                .containsExactly(
                        "export.json",
                        "img_emb/img_emb_0000.npy",
                        "img_emb/img_emb_0001.npy",
                        "img_emb/img_emb_0002.npy",
                        "metadata/metadata_0000.parquet",
                        "metadata/metadata_0001.parquet",
                        "metadata/metadata_0002.parquet",
                        "rows/rows_0000.jsonl",
                        "rows/rows_0001.jsonl",
                        "rows/rows_0002.jsonl");
        assertThat(files(folder)).noneMatch(name -> name.contains(".partial"));
        JsonNode manifest = JSON.readTree(output.resolve("export.json").toFile());
        assertThat(manifest.at("/model").asText())
                .isEqualTo(DatasetUnderTest.MODEL.fingerprint().value());
        assertThat(manifest.at("/dimension").asInt()).isEqualTo(192);
        assertThat(manifest.at("/count").asInt()).isEqualTo(PICTURES);
        assertThat(manifest.at("/precision").asText()).isEqualTo("float16");
        assertThat(manifest.at("/parts").asInt()).isEqualTo(3);
    }

    @Test
    void vectorsStandInTheOrderOfTheDatasetInEitherPrecision() throws IOException {
        Path halves = folder.resolve("halves");
        Path floats = folder.resolve("floats");

        export(halves, "--rows-per-part", 4);
        export(floats, "--precision", "float32");

        for (int i = 0; i < PICTURES; i++) {
            float[] expected = rows.get(i).embedding();
            assertThat(vector(floats, NpyType.FLOAT32, 0, i)).isEqualTo(expected);
            float[] rounded = new float[expected.length];
            for (int j = 0; j < rounded.length; j++) {
                rounded[j] = HalfFloat.widened(HalfFloat.narrowed(expected[j]));
            }
            assertThat(vector(halves, NpyType.FLOAT16, i / 4, i % 4)).isEqualTo(rounded);
        }
    }

    private static float[] vector(Path output, NpyType type, int part, int row) throws IOException {
        Path file = output.resolve("img_emb/img_emb_000" + part + ".npy");
        InputStream in = Files.newInputStream(file);
        try (NpyReader reader = NpyReader.open(in, file.toString(), Files.size(file))) {
            assertThat(reader.header().type()).isEqualTo(type);
            reader.skipTo(row);
            float[] vector = new float[reader.header().columns()];
            reader.read(vector);
            return vector;
        }
    }

    @Test
    void metadataHasTheColumnsOfEveryWaveInTheSameOrder() {
        Path output = folder.resolve("metadata");

        export(output);

        List<Row> table = LocalSpark.session()
                .read()
                .parquet(output.resolve("metadata").toString())
                .collectAsList();
        assertThat(table.get(0).schema().fieldNames())
                .containsExactly(
                        "image_path",
                        "caption",
                        "id",
                        "width",
                        "height",
                        "good",
                        "input_image_path",
                        "rating",
                        "taken");
        assertThat(table).hasSize(PICTURES);
        for (int i = 0; i < PICTURES; i++) {
            EmbeddingRow expected = rows.get(i);
            Row row = table.get(i);
            assertThat(row.<String>getAs("image_path")).isEqualTo(expected.uri());
            assertThat(row.<String>getAs("caption"))
                    .isEqualTo(expected.caption().orElse(null));
            assertThat(row.<Long>getAs("id")).isEqualTo(expected.id());
            assertThat(row.<Integer>getAs("width")).isEqualTo(expected.width());
            assertThat(row.<Integer>getAs("height")).isEqualTo(expected.height());
            assertThat(row.<Object>getAs("rating")).isEqualTo(expected.extra().get("rating"));
            assertThat(row.<Object>getAs("good")).isEqualTo(expected.extra().get("good"));
            assertThat(row.<Object>getAs("taken")).isEqualTo(expected.extra().get("taken"));
            assertThat(row.<Object>getAs("input_image_path"))
                    .isEqualTo(expected.extra().get("image_path"));
        }
    }

    @Test
    void rowsAreJsonLinesForReadersWithoutParquet() throws IOException {
        Path output = folder.resolve("lines");

        export(output);

        List<String> lines = Files.readAllLines(output.resolve("rows/rows_0000.jsonl"));
        assertThat(lines).hasSize(PICTURES);
        for (int i = 0; i < PICTURES; i++) {
            EmbeddingRow expected = rows.get(i);
            JsonNode line = JSON.readTree(lines.get(i));
            assertThat(line.at("/id").asLong()).isEqualTo(expected.id());
            assertThat(line.at("/uri").asText()).isEqualTo(expected.uri());
            assertThat(line.at("/width").asInt()).isEqualTo(expected.width());
            assertThat(line.at("/caption").asText(null))
                    .isEqualTo(expected.caption().orElse(null));
            assertThat(line.at("/columns")).hasSameSizeAs(expected.extra().keySet());
            assertThat(line.at("/columns/taken").asText(null))
                    .isEqualTo(expected.extra().get("taken"));
        }
    }

    @Test
    void anEmptyFolderIsTakenAndNothingElseThatIsThere() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThat(export(empty).status()).isZero();
        assertThat(empty.resolve("export.json")).exists();

        assertRefused(2, "is there already, and not an empty folder", export(empty));
        assertRefused(2, "is there already", export(Files.writeString(folder.resolve("file"), "kept")));
        assertThat(folder.resolve("file")).hasContent("kept");
        Files.createDirectories(folder.resolve(".running.partial"));
        assertRefused(2, "another export to ", export(folder.resolve("running")));
        assertThat(folder.resolve(".running.partial")).exists();
    }

    @Test
    void whatCannotBeExportedEndsInOneLineAndLeavesNothing() throws IOException {
        Path output = folder.resolve("refused");
        assertRefused(2, "Missing required option", Ended.of(ExportCommand::execute, "--embeddings", "x"));
        assertRefused(2, "--format", export(output, "--format", "hdf5"));
        assertRefused(2, "--precision", export(output, "--precision", "float64"));
        assertRefused(2, "--rows-per-part is 0", export(output, "--rows-per-part", 0));
        assertRefused(
                2,
                "is not a dataset",
                Ended.of(ExportCommand::execute, "--embeddings", folder.resolve("pictures"), "--output", output));

        Path damaged = folder.resolve("damaged");
        copy(folder.resolve("embeddings"), damaged);
        Path table;
        try (Stream<Path> files = Files.walk(damaged.resolve("images"))) {
            table = files.filter(file -> file.toString().endsWith(".parquet"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(table);
        for (int i = bytes.length / 4; i < bytes.length / 2; i++) {
            bytes[i] ^= 0x55;
        }
        Files.write(table, bytes);
        assertRefused(1, table.getFileName().toString(), exportOf(damaged, output));
        Files.delete(table);
        assertRefused(1, "pictures in its files, but dataset.json says 7", exportOf(damaged, output));

        assertThat(output).doesNotExist();
        assertThat(folder.resolve(".refused.partial")).doesNotExist();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file :
                    files.filter(each -> !each.toString().endsWith(".crc")).toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    private static void assertRefused(int status, String message, Ended ended) {
        assertThat(ended.err())
                .singleElement()
                .asString()
                .startsWith("export: ")
                .contains(message);
        assertThat(ended.status()).isEqualTo(status);
    }

    private Ended export(Path output, Object... more) {
        return exportOf(folder.resolve("embeddings"), output, more);
    }

    private static Ended exportOf(Path embeddings, Path output, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("--embeddings", embeddings, "--output", output));
        arguments.addAll(List.of(more));
        return Ended.of(ExportCommand::execute, arguments.toArray());
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }
}
