package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.embed.DatasetUnderTest.Done;
import org.imagesearch.embed.DatasetUnderTest.Failure;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of input through the whole job. */
class InputKindsTest {
    @TempDir
    Path folder;

    private Path pictures;
    private DatasetUnderTest dataset;
    private DatasetUnderTest plain;

    @BeforeEach
    void draw() {
        pictures = folder.resolve("pictures");
        for (int i = 0; i < 9; i++) {
            DrawnPictures.draw(pictures.resolve(String.format("%09d.jpg", i)), i);
        }
        dataset = DatasetUnderTest.in(folder.resolve("out"));
        plain = DatasetUnderTest.in(folder.resolve("plain")).with("wave-size", "100");
    }

    @Test
    void tarsOfImg2datasetGiveTheSameEmbeddingsWithCaptionsAndColumns() throws IOException {
        describe(0, 9, "\"similarity\": 0.25");
        Path tars = folder.resolve("tars");
        Files.createDirectories(tars);
        TarFiles.python(tars.resolve("0 0.tar"), "PAX", pictures);
        ParquetTables.duckdb(tars.resolve("0 0.parquet"), "select 1 as x", "");
        Done done = dataset.embed(tars);
        assertThat(done.summary().embedded()).isEqualTo(9);
        assertSameEmbeddings();
        List<EmbeddingRow> rows = dataset.images();
        assertThat(rows.get(3).uri()).isEqualTo("file://" + tars + "/0%200.tar#000000003.jpg");
        assertThat(rows.get(3).caption()).contains("caption 3");
        assertThat(rows.get(8).caption()).as("no .txt, but a field of the json").contains("from json 8");
        assertThat(rows.get(3).extra())
                .isEqualTo(Map.of(
                        "url", "https://example.org/3.jpg",
                        "key", "000000003",
                        "status", "success",
                        "input_width", 3L,
                        "similarity", 0.25));
        assertThat(images().schema().fieldNames())
                .startsWith("id", "uri", "width", "height", "caption", "embedding")
                .doesNotContain("error_message");
        assertThat(dataset.embed(tars).summary().embedded()).isZero();
    }

    @Test
    void membersOfAKeyMayStandApartInTheirTar() throws IOException {
        describe(0, 3, "\"n\": 1");
        Path tar = folder.resolve("x.tar");
        TarFiles.run("/bin/sh", "-c", "cd " + pictures + " && /usr/bin/tar cf " + tar + " ./*.jpg ./*.json ./*.txt");
        dataset.embed(tar);
        assertSameEmbeddings();
        assertThat(dataset.images().get(2).caption()).contains("caption 2");
        assertThat(dataset.images().get(2).extra()).containsEntry("n", 1L);
        assertThat(dataset.images().get(5).extra()).isEmpty();
    }

    @Test
    void damagedTarLosesOnlyWhatIsBehindTheDamageAndThatIsTold() throws IOException {
        Path tars = Files.createDirectories(folder.resolve("tars"));
        Path cut = TarFiles.python(tars.resolve("a.tar"), "GNU", pictures);
        byte[] bytes = Files.readAllBytes(cut);
        Files.write(cut, Arrays.copyOf(bytes, bytes.length / 2));
        Path other = folder.resolve("others");
        DrawnPictures.draw(other.resolve("x.jpg"), 99);
        TarFiles.python(tars.resolve("b.tar"), "GNU", other);
        Done done = dataset.embed(tars);
        assertThat(done.out()).contains("a.tar is damaged at byte", "what is behind is lost");
        assertThat(done.summary().embedded()).isBetween(4L, 8L);
        assertThat(dataset.ids()).containsKeys("a.tar#000000000.jpg", "b.tar#x.jpg");
    }

    @Test
    void brokenMembersFailAndAreTriedAgainByOffset() throws IOException {
        DrawnPictures.write(pictures.resolve("000000004.jpg"), new byte[200]);
        Path tar = TarFiles.python(folder.resolve("x.tar"), "PAX", pictures);
        dataset.embed(tar);
        assertThat(dataset.failures())
                .extracting(Failure::id, Failure::name, Failure::error, Failure::attempts)
                .containsExactly(tuple(4L, "x.tar#000000004.jpg", "unknown_format", 1));
        byte[] picture = Files.readAllBytes(pictures.resolve("000000003.jpg"));
        try (var file = new java.io.RandomAccessFile(tar.toFile(), "rw")) {
            // Of the same length as before: what a mended tar would have there.
            long position = LocalSpark.session()
                    .read()
                    .option("recursiveFileLookup", true)
                    .parquet(dataset.root().resolve("listing").toString())
                    .filter("id = 4")
                    .head()
                    .getAs("position");
            file.seek(position);
            file.write(Arrays.copyOf(picture, 200));
        }
        dataset.retryFailed(tar);
        assertThat(dataset.failures())
                .extracting(Failure::id, Failure::error, Failure::attempts)
                .containsExactly(tuple(4L, "truncated", 2));
    }

    @Test
    void columnOfJsonKeepsItsTypeInLaterRuns() throws IOException {
        describe(0, 2, "\"score\": 0.5, \"tag\": \"a\"");
        dataset.embed(TarFiles.python(folder.resolve("a.tar"), "PAX", pictures));
        describe(0, 2, "\"score\": 1, \"tag\": 7");
        dataset.embed(TarFiles.python(folder.resolve("b.tar"), "PAX", pictures));
        assertThat(dataset.images().get(9).extra()).containsEntry("score", 1.0).containsEntry("tag", "7");
        describe(0, 2, "\"score\": \"high\"");
        Path other = TarFiles.python(folder.resolve("c.tar"), "PAX", pictures);
        assertInputError(() -> dataset.embed(other), "column 'score' has type string here and type double");
        assertThat(dataset.with("input.leave-out", "score")
                        .embed(other)
                        .summary()
                        .embedded())
                .isEqualTo(9);
    }

    @Test
    void parquetOfUrisGivesTheSameEmbeddingsAndItsColumnsKeepTheirTypes() throws IOException {
        Path table = ParquetTables.duckdb(
                folder.resolve("tables/a b[1].parquet"),
                """
                select case when i %% 2 = 0 then '%s/' else '../pictures/' end || lpad(i::text, 9, '0') || '.jpg' as uri,
                  'caption ' || i as caption, i::smallint as small, i::float as real, i * 1.5::double as wide,
                  i %% 2 = 0 as flag, date '1503-01-01' + i::int as painted, timestamptz '2020-01-02 03:04:05+00' as seen,
                  (i * 1.25)::decimal(9, 2) as price, [i, i] as numbers, i::int as width, 'x' as "a.b", 'y' as own, null::int as nothing
                from range(9) t(i)
                """
                        .formatted(pictures),
                "");
        Done done = dataset.embed(folder.resolve("tables"));
        assertThat(done.summary().embedded()).isEqualTo(9);
        assertSameEmbeddings();
        EmbeddingRow row = dataset.images().get(3);
        assertThat(row.uri()).isEqualTo("file://" + pictures + "/000000003.jpg");
        assertThat(row.caption()).contains("caption 3");
        assertThat(row.extra())
                .containsEntry("small", 3)
                .containsEntry("real", 3f)
                .containsEntry("wide", 4.5)
                .containsEntry("flag", false)
                .containsEntry("painted", "1503-01-04")
                .containsEntry("seen", "2020-01-02T03:04:05Z")
                .containsEntry("input_width", 3)
                .containsEntry("a.b", "x")
                .containsEntry("own", "y")
                .doesNotContainKey("nothing");
        assertThat(images().schema().apply("small").dataType()).isEqualTo(DataTypes.ShortType);
        assertThat(images().schema().apply("seen").dataType()).isEqualTo(DataTypes.TimestampType);
        assertThat(images().schema().apply("price").dataType()).isEqualTo(DataTypes.createDecimalType(9, 2));
        assertThat(images().filter("id = 3").head().getList(images().schema().fieldIndex("numbers")))
                .isEqualTo(List.of(3L, 3L));
        assertThat(dataset.embed(table).summary().embedded()).isZero();
    }

    @Test
    void rowsThatLeadNowhereAreListedAndFail() throws IOException {
        Path table = ParquetTables.duckdb(
                folder.resolve("a.parquet"),
                "select * from (values ('pictures/000000001.jpg', 1), (null, 2), ('  ', 3), ('pictures/absent.jpg', 4),"
                        + " ('pictures/000000001.jpg', 5)) t(uri, n)",
                "");
        Done done = dataset.embed(table);
        assertThat(done.out()).contains("1 pictures are in the input more than once");
        assertThat(dataset.images()).extracting(EmbeddingRow::id).containsExactly(0L);
        assertThat(dataset.images().get(0).extra()).isEqualTo(Map.of("n", 1));
        assertThat(dataset.failures())
                .extracting(Failure::id, Failure::name, Failure::stage, Failure::error)
                .containsExactly(
                        tuple(1L, "a.parquet#row=1", "read", "missing"),
                        tuple(2L, "a.parquet#row=2", "read", "missing"),
                        tuple(3L, "absent.jpg", "read", "missing"));
    }

    @Test
    void parquetWithBytesIsReadByRowAlsoWhenFailuresAreTriedAgain() throws IOException {
        DrawnPictures.write(pictures.resolve("000000004.jpg"), new byte[200]);
        ParquetTables.duckdb(
                folder.resolve("tables/a.parquet"),
                "select 'http://example.org/' || parse_filename(filename) as uri, content as bytes, size from read_blob('"
                        + pictures + "/*.jpg') order by filename",
                "");
        Path tables = folder.resolve("tables");
        dataset.embed(tables);
        assertSameEmbeddings();
        assertThat(dataset.images().get(1).uri()).isEqualTo("http://example.org/000000001.jpg");
        assertThat(dataset.images().get(1).extra()).containsOnlyKeys("size");
        Done again = dataset.retryFailed(tables);
        assertThat(again.failed()).isEqualTo(1);
        assertThat(dataset.failures())
                .extracting(Failure::id, Failure::error, Failure::attempts)
                .containsExactly(tuple(4L, "unknown_format", 2));
    }

    @Test
    void parquetOfSparkAndHuggingFaceIsRead() throws IOException {
        Dataset<Row> files = LocalSpark.session()
                .read()
                .format("binaryFile")
                .load(pictures.toString())
                .orderBy("path")
                .selectExpr("struct(content as bytes, 'x.jpg' as path) as image", "length as label")
                .coalesce(1);
        files.write()
                .option("parquet.page.size", "2000")
                .parquet(folder.resolve("hf").toString());
        dataset.embed(folder.resolve("hf"));
        assertSameEmbeddings();
        assertThat(dataset.images().get(2).uri()).endsWith(".parquet#row=2");
        assertThat(dataset.images().get(2).extra()).containsOnlyKeys("label");
    }

    @Test
    void columnMayBeTheId() throws IOException {
        Path table = ParquetTables.duckdb(
                folder.resolve("a.parquet"),
                "select 'pictures/' || lpad(i::text, 9, '0') || '.jpg' as uri, 100 - i as id from range(9) t(i)",
                "");
        dataset.with("ids", "column").embed(table);
        assertThat(dataset.ids()).containsEntry("000000003.jpg", 97L).hasSize(9);
        assertThat(dataset.manifest().ids()).isEqualTo("column");
        assertThat(dataset.images().get(0).extra()).isEmpty();
        assertInputError(() -> dataset.embed(pictures), "with --ids column, ids come from Parquet files only");
        plain.embed(table);
        assertThat(plain.images().get(3).extra()).isEqualTo(Map.of("input_id", 97L));
    }

    @Test
    void fileNamesMayBeIdsInTarsAndTables() throws IOException {
        Path table = ParquetTables.duckdb(folder.resolve("a.parquet"), "select 'pictures/000000007.jpg' as uri", "");
        assertThat(dataset.with("ids", "filename").embed(table).summary().embedded())
                .isEqualTo(1);
        assertThat(dataset.ids()).isEqualTo(Map.of("000000007.jpg", 7L));
        Files.delete(pictures.resolve("000000007.jpg"));
        dataset.embed(TarFiles.python(folder.resolve("x.tar"), "PAX", pictures));
        assertThat(dataset.ids()).containsEntry("x.tar#000000008.jpg", 8L).hasSize(9);
    }

    @Test
    void severalInputsOfSeveralKindsMakeOneDataset() throws IOException {
        describe(0, 1, "\"n\": 1");
        Path tar = TarFiles.python(folder.resolve("x.tar"), "PAX", pictures);
        Path table = ParquetTables.duckdb(
                folder.resolve("a.parquet"), "select 'pictures/000000000.jpg' as uri, 'b' as m", "");
        Done done = dataset.embed(List.of(table, tar, pictures));
        assertThat(done.summary().embedded()).isEqualTo(18);
        assertThat(done.out()).contains("1 pictures are in the input more than once");
        assertThat(dataset.images().get(0).extra()).isEqualTo(Map.of("m", "b"));
        assertThat(images().schema().fieldNames()).contains("m", "n");
        StructType before = images().schema();
        DrawnPictures.draw(folder.resolve("more/y.jpg"), 70);
        dataset.embed(folder.resolve("more"));
        assertThat(images().schema()).isEqualTo(before);
        assertThat(dataset.images()).hasSize(19);
    }

    @Test
    void whatCannotBeTakenIsNamed() {
        Path noUri = ParquetTables.duckdb(folder.resolve("a.parquet"), "select 'x' as url, 1 as n", "");
        assertInputError(() -> dataset.embed(noUri), "no column 'uri' (input.uri-column) and none with pictures");
        Path number = ParquetTables.duckdb(folder.resolve("b.parquet"), "select 1 as uri", "");
        assertInputError(() -> dataset.embed(number), "column 'uri' has type int, expected string");
        Path bytes = ParquetTables.duckdb(folder.resolve("c.parquet"), "select 'x' as uri, 'x'::blob as thumb", "");
        assertInputError(() -> dataset.embed(bytes), "column 'thumb' (binary) holds bytes");
        Path twice = ParquetTables.duckdb(
                folder.resolve("d.parquet"), "select 'x' as uri, 1 as width, 2 as input_width", "");
        assertInputError(() -> dataset.embed(twice), "two columns would be called 'input_width'");
        Path broken = DrawnPictures.write(folder.resolve("e.parquet"), new byte[100]);
        assertInputError(() -> dataset.embed(broken), "cannot be read as Parquet");
        Path http = ParquetTables.duckdb(folder.resolve("f.parquet"), "select 'HTTP://host/a.jpg' as uri", "");
        assertInputError(() -> dataset.embed(http), "names HTTP://host/a.jpg: pictures are read from http addresses");
        Path packed = DrawnPictures.write(folder.resolve("g.tar"), new byte[] {0x1f, (byte) 0x8b, 8, 0});
        assertInputError(() -> dataset.embed(packed), "packed with gzip");
        assertThat(dataset.root().resolve("images")).doesNotExist();
    }

    @Test
    void urlsAreReadWhereThatIsAllowed() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            Path file = pictures.resolve(exchange.getRequestURI().getPath().substring(1));
            byte[] body = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
            exchange.sendResponseHeaders(body.length > 0 ? 200 : 404, body.length > 0 ? body.length : -1);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            String host = "http://127.0.0.1:" + server.getAddress().getPort();
            Path table = ParquetTables.duckdb(
                    folder.resolve("a.parquet"),
                    "select '" + host + "/' || lpad(i::text, 9, '0') || '.jpg' as url from range(10) t(i)",
                    "");
            dataset.with("input.uri-column", "url")
                    .with("input.allow-http", "true")
                    .embed(table);
            assertThat(dataset.failures())
                    .hasSize(10)
                    .extracting(Failure::error)
                    .containsOnly("forbidden_host");
            dataset.with("input.http-hosts", "127.0.0.1").retryFailed(table);
            assertSameEmbeddings();
            assertThat(dataset.failures())
                    .extracting(Failure::name, Failure::stage, Failure::error)
                    .containsExactly(tuple("000000009.jpg", "read", "http_404"));
        } finally {
            server.stop(0);
        }
    }

    /** The pictures that are embedded have the embeddings that the folder gives. */
    private void assertSameEmbeddings() throws IOException {
        plain.embed(pictures);
        Map<String, float[]> expected = new java.util.HashMap<>();
        plain.images().forEach(row -> expected.put(number(row.uri()), row.embedding()));
        List<EmbeddingRow> rows = dataset.images();
        assertThat(rows).hasSameSizeAs(expected.keySet());
        for (EmbeddingRow row : rows) {
            String key = row.uri().contains("#row=") ? String.format("%09d.jpg", row.id()) : number(row.uri());
            assertThat(row.embedding())
                    .as(row.uri())
                    .containsExactly(expected.get(key), org.assertj.core.api.Assertions.within(1e-5f));
        }
    }

    private static String number(String uri) {
        return uri.substring(uri.length() - "000000000.jpg".length());
    }

    /** The texts that img2dataset puts beside pictures. */
    private void describe(int from, int to, String more) {
        for (int i = from; i < to; i++) {
            if (i < 8) {
                write(i, "txt", "caption " + i);
            }
            write(
                    i,
                    "json",
                    """
                    {"caption": "from json %d", "url": "https://example.org/%d.jpg", "key": "%09d", "width": %d,
                     "status": "success", "error_message": null, %s}
                    """
                            .formatted(i, i, i, i, more));
        }
    }

    private void write(int i, String extension, String text) {
        DrawnPictures.write(
                pictures.resolve(String.format("%09d.%s", i, extension)),
                text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private Dataset<Row> images() {
        return LocalSpark.session()
                .read()
                .option("mergeSchema", true)
                .parquet(dataset.root().resolve("images").toString())
                .drop("wave");
    }

    private static void assertInputError(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining(message);
    }
}
