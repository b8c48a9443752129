package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.imagesearch.core.npy.NpyType;
import org.imagesearch.core.npy.NpyWriter;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.parquet.QueryRow;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings as clip-retrieval leaves them, and as bin/export does. */
class ImportCommandTest {
    private static final String MODEL = "../demo/model";
    private static final int DIMENSION = DatasetUnderTest.MODEL.dimension();
    private static final float HALF_PRECISION = 0x1p-11f;

    @TempDir
    Path folder;

    private Path input;
    private DatasetUnderTest dataset;
    private final Random random = new Random(17);

    @BeforeEach
    void place() {
        input = folder.resolve("input");
        dataset = DatasetUnderTest.in(folder.resolve("embeddings"));
    }

    @Test
    void embeddingsOfClipRetrievalBecomeADatasetAsEmbedLeavesOne() throws IOException {
        float[][] first = vectors(3);
        float[][] second = vectors(2);
        part(
                "00",
                first,
                "'/p/a b' || i || '.jpg' as image_path, case when i > 0 then ' caption ' || i end as caption,"
                        + " 'http://host/' || i || '.jpg' as url, 100 + i as width, 50 as height,"
                        + " 640 + i as original_width, 480.0::double as original_height, 'k' || i as key");
        part("01", second, "'s3://bucket/' || i as image_path, 'more' as caption, 0.5::double as similarity");

        Ended ended = importing("--wave-size", 2);

        assertThat(ended.err()).isEmpty();
        assertThat(ended.status()).isZero();
        assertThat(ended.out())
                .anyMatch(line -> line.contains("nothing in the files says by which model they were made"))
                .anyMatch(line -> line.startsWith("5 embeddings imported, 0 failed, "))
                .contains("queries: 4 captions through the text encoder", "dataset: 5 listed, 5 embedded, 0 failed");
        List<EmbeddingRow> rows = rows();
        assertThat(rows).extracting(EmbeddingRow::id).containsExactly(0L, 1L, 2L, 3L, 4L);
        assertThat(rows)
                .extracting(EmbeddingRow::uri)
                .containsExactly(
                        "file:///p/a%20b0.jpg",
                        "file:///p/a%20b1.jpg", "file:///p/a%20b2.jpg", "s3://bucket/0", "s3://bucket/1");
        assertThat(rows)
                .extracting(row -> row.caption().orElse(null))
                .containsExactly(null, "caption 1", "caption 2", "more", "more");
        assertThat(rows).extracting(EmbeddingRow::width).containsExactly(640, 641, 642, 0, 0);
        assertThat(rows).extracting(EmbeddingRow::height).containsExactly(480, 480, 480, 0, 0);
        assertThat(rows.get(1).extra())
                .containsOnlyKeys("url", "input_width", "input_height", "key")
                .containsEntry("url", "http://host/1.jpg")
                .containsEntry("input_width", 101L);
        assertThat(rows.get(4).extra()).containsOnlyKeys("similarity");
        for (int i = 0; i < rows.size(); i++) {
            assertUnit(rows.get(i).embedding(), i < 3 ? first[i] : second[i - 3]);
        }
        assertThat(dataset.queries()).extracting(QueryRow::id).containsExactly(1L, 2L, 3L, 4L);
        assertThat(Files.readString(dataset.root().resolve("dataset.json")))
                .contains(DatasetUnderTest.MODEL.fingerprint().value(), "\"ids\" : \"sequence\"", "\"waves\" : 3");
    }

    @Test
    void addressesOfImg2datasetMayNameThePictures() throws IOException {
        part("0", vectors(2), "'00000' || i as image_path, 'https://host/' || i || '.jpg' as url");

        Ended ended = importing("--uri-column", "url");

        assertThat(ended.status()).as(ended.err().toString()).isZero();
        assertThat(ended.out()).anyMatch(line -> line.contains("no column 'caption'"));
        assertThat(rows()).extracting(EmbeddingRow::uri).containsExactly("https://host/0.jpg", "https://host/1.jpg");
        assertThat(rows().get(0).extra()).containsEntry("image_path", "000000");
    }

    @Test
    void embeddingsWithoutADirectionAreFailuresWhosePicturesCanStillBeEmbedded() throws IOException {
        Path pictures = folder.resolve("pictures");
        float[][] vectors = vectors(4);
        Arrays.fill(vectors[1], 0);
        vectors[2][5] = Float.NaN;
        vectors[3][7] = Float.POSITIVE_INFINITY;
        for (int i = 0; i < vectors.length; i++) {
            DrawnPictures.draw(pictures.resolve("p" + i + ".jpg"), i);
        }
        part("0", vectors, "'" + pictures + "/p' || i || '.jpg' as image_path, 'caption ' || i as caption");

        Ended ended = importing();

        assertThat(ended.status()).as(ended.err().toString()).isZero();
        assertThat(ended.out()).anyMatch(line -> line.startsWith("1 embeddings imported, 3 failed, "));
        assertThat(dataset.failures())
                .allSatisfy(failure -> {
                    assertThat(failure.stage()).isEqualTo("encode");
                    assertThat(failure.error()).isEqualTo("corrupt");
                    assertThat(failure.attempts()).isEqualTo(1);
                })
                .extracting(DatasetUnderTest.Failure::message)
                .extracting(message -> message.replaceFirst(".*has length ", ""))
                .containsExactly(
                        "0.0, which has no direction",
                        "NaN, which has no direction",
                        "Infinity, which has no direction");

        dataset.retryFailed(pictures);

        assertThat(dataset.failures()).isEmpty();
        assertThat(rows()).hasSize(4).allSatisfy(row -> assertThat(row.caption())
                .isPresent());
        assertThat(importing("--max-failures", 1).out())
                .anyMatch(line -> line.startsWith("0 embeddings imported, 0 failed"));
    }

    @Test
    void whatExportWroteComesBackWithItsIdsAndRows() throws IOException {
        Path pictures = folder.resolve("pictures");
        for (int i = 0; i < 6; i++) {
            DrawnPictures.draw(pictures.resolve("a #" + i + ".jpg"), i);
        }
        Path list = folder.resolve("list.parquet");
        ParquetTables.duckdb(
                list,
                "select '" + pictures + "/a #' || i || '.jpg' as uri, 'caption ' || i as caption, 70 - 10 * i as id,"
                        + " i * 1.5::double as rating, i % 2 = 0 as good, i as original_width from range(6) t(i)",
                "");
        DatasetUnderTest original =
                DatasetUnderTest.in(folder.resolve("original")).with("ids", "column");
        original.embed(list);
        assertThat(Ended.of(
                                ExportCommand::execute,
                                "--embeddings",
                                original.root(),
                                "--output",
                                input,
                                "--rows-per-part",
                                4)
                        .status())
                .isZero();

        Ended ended = importing("--wave-size", 3);

        assertThat(ended.status()).as(ended.err().toString()).isZero();
        List<EmbeddingRow> expected = original.images();
        List<EmbeddingRow> rows = rows();
        assertThat(rows).hasSameSizeAs(expected);
        for (int i = 0; i < rows.size(); i++) {
            EmbeddingRow row = rows.get(i);
            EmbeddingRow other = expected.get(i);
            assertThat(row.id()).isEqualTo(other.id());
            assertThat(row.uri()).isEqualTo(other.uri());
            assertThat(row.width()).isEqualTo(other.width());
            assertThat(row.height()).isEqualTo(other.height());
            assertThat(row.caption()).isEqualTo(other.caption());
            assertThat(row.extra()).isEqualTo(other.extra());
            assertThat(row.embedding()).containsExactly(other.embedding(), within(HALF_PRECISION));
        }
        Path manifest = input.resolve("export.json");
        Files.writeString(
                manifest, Files.readString(manifest).replaceAll("sha256:[0-9a-f]{64}", "sha256:" + "0".repeat(64)));
        assertRefused(1, "they were made with different models", importing());
    }

    @Test
    void anImportThatWasCutOffGoesOnAndOneThatIsDoneHasNothingToDo() throws IOException {
        part("0", vectors(5), "'/p/' || i as image_path");
        importing("--wave-size", 2);
        List<EmbeddingRow> before = rows();
        try (Stream<Path> files = Files.walk(dataset.root().resolve("images/wave=000001"))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }

        assertThat(importing("--wave-size", 2).out()).anyMatch(line -> line.startsWith("2 embeddings imported, "));
        assertThat(rows()).usingRecursiveComparison().isEqualTo(before);
        assertThat(importing().out()).anyMatch(line -> line.startsWith("0 embeddings imported, "));

        part("1", vectors(1), "'/q/' || i as image_path");
        importing();
        assertThat(rows()).extracting(EmbeddingRow::id).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void foldersThatCannotBeTakenAreRefusedBeforeAnythingIsWritten() throws IOException {
        assertRefused(2, "there is no folder ", importing());
        Files.createDirectories(input.resolve("img_emb"));
        assertRefused(2, "has no files such as img_emb_0000.npy", importing());
        npy("0", vectors(2));
        assertRefused(2, "there is no folder ", importing());
        table("1", 2, "'/p/' || i as image_path");
        assertRefused(1, "img_emb_0.npy has no counterpart: there is no file of number 0 in metadata", importing());
        table("0", 2, "'/p/' || i as image_path");
        assertRefused(1, "metadata_1.parquet has no counterpart", importing());
        npy("1", vectors(3));
        assertRefused(1, "metadata_1.parquet has 2 rows", importing());
        npy("01", vectors(2));
        assertRefused(1, "have the same number", importing());
        Files.delete(input.resolve("img_emb/img_emb_01.npy"));
        npy("1", new float[2][DIMENSION - 1]);
        assertRefused(1, "has embeddings of 191 floats, the model makes 192", importing());
        npy("1", vectors(2));
        assertRefused(2, "has no column 'url' (--uri-column)", importing("--uri-column", "url"));
        table("1", 2, "case when i = 0 then '/q' end as image_path");
        assertRefused(1, "metadata_1.parquet: row 1 has no image_path", importing());
        table("1", 2, "'/q/' || i as image_path, '\\x00'::blob as thumbnail");
        assertRefused(2, "column 'thumbnail' (binary) holds bytes", importing());
        table("1", 2, "'/q/' || i as image_path, 1 as id");
        assertRefused(2, "has no column 'id', which --ids column needs", importing("--ids", "column"));
        Files.write(input.resolve("img_emb/img_emb_1.npy"), new byte[99]);
        assertRefused(1, "img_emb_1.npy is no NPY file", importing());
        assertRefused(
                2,
                "is not a model bundle",
                Ended.of(ImportCommand::execute, "--input", input, "--output", dataset.root(), "--model", folder));
        assertThat(dataset.root().resolve("images")).doesNotExist();
        assertThat(dataset.root().resolve("dataset.json")).doesNotExist();
    }

    @Test
    void helpSaysWhatIsNotChecked() {
        Ended ended = Ended.of(ImportCommand::execute, "--help");
        assertThat(ended.status()).isZero();
        assertThat(String.join(" ", ended.out()).replaceAll("\\s+", " "))
                .contains("--input", "--output", "--model", "--uri-column", "--ids", "--wave-size", "--max-failures")
                .contains("no more than the dimension is compared");
    }

    private void part(String number, float[][] vectors, String columns) throws IOException {
        npy(number, vectors);
        table(number, vectors.length, columns);
    }

    private void npy(String number, float[][] vectors) throws IOException {
        Path file = input.resolve("img_emb/img_emb_" + number + ".npy");
        Files.createDirectories(file.getParent());
        try (NpyWriter writer = new NpyWriter(
                new BufferedOutputStream(Files.newOutputStream(file)),
                NpyType.FLOAT16,
                vectors.length,
                vectors[0].length)) {
            for (float[] vector : vectors) {
                writer.write(vector);
            }
        }
    }

    private void table(String number, int rows, String columns) {
        ParquetTables.duckdb(
                input.resolve("metadata/metadata_" + number + ".parquet"),
                "select " + columns + " from range(" + rows + ") t(i)",
                "");
    }

    private float[][] vectors(int count) {
        float[][] vectors = new float[count][DIMENSION];
        for (float[] vector : vectors) {
            for (int i = 0; i < DIMENSION; i++) {
                vector[i] = (float) random.nextGaussian();
            }
        }
        return vectors;
    }

    private static void assertUnit(float[] found, float[] given) {
        double squares = 0;
        for (float value : given) {
            squares += (double) value * value;
        }
        float[] unit = new float[given.length];
        double length = 0;
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (given[i] / Math.sqrt(squares));
            length += (double) found[i] * found[i];
        }
        assertThat(found).containsExactly(unit, within(HALF_PRECISION));
        assertThat(length).isCloseTo(1, within(1e-6));
    }

    private List<EmbeddingRow> rows() throws IOException {
        return dataset.images();
    }

    private static void assertRefused(int status, String message, Ended ended) {
        assertThat(ended.err())
                .singleElement()
                .asString()
                .startsWith("import-embeddings: ")
                .contains(message);
        assertThat(ended.status()).isEqualTo(status);
    }

    private Ended importing(Object... more) {
        List<Object> arguments = new ArrayList<>(
                List.of("--input", input, "--output", dataset.root(), "--model", MODEL, "--master", "local[2]"));
        arguments.addAll(List.of(more));
        return Ended.of(ImportCommand::execute, arguments.toArray());
    }
}
