package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParquetPicturesTest {
    private static final int LIMIT = 1_000_000;

    /** Rows 0, 10, 20 ... have none. */
    private static final String VALUES =
            "case when i % 10 = 0 then null else encode('picture ' || i || repeat('x', (i % 7)::int * 100)) end";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ", compression uncompressed",
                ", compression zstd, parquet_version v2",
                ", compression gzip, row_group_size 2048",
                ", dictionary_size_limit 1"
            })
    void everyRowOfDuckdbsFilesIsRead(String options) throws IOException {
        Path file = ParquetTables.duckdb(
                folder.resolve("a.parquet"), "select i, " + VALUES + " as bytes from range(5000) t(i)", options);
        assertRows(file, LongStream.range(0, 5_000).boxed().toList());
        assertRows(file, List.of(0L, 1L, 2_047L, 2_048L, 2_049L, 4_999L));
        assertRows(file, List.of(4_999L, 17L, 4_999L, 16L, 17L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy", "zstd", "gzip", "none"})
    void everyRowOfSparksFilesIsReadWhateverThePacking(String packing) throws IOException {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            rows.add(RowFactory.create(expected(i)));
        }
        Dataset<Row> table = LocalSpark.session()
                .createDataFrame(rows, new StructType().add("jpg", DataTypes.BinaryType, true))
                .coalesce(1);
        table.write()
                .option("compression", packing)
                .option("parquet.page.size", "4096")
                .option("parquet.block.size", "100000")
                .parquet(folder.resolve("t").toString());
        try (Stream<Path> files = Files.list(folder.resolve("t"))) {
            Path file = files.filter(path -> path.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
            assertRows(file, LongStream.range(0, 3_000).boxed().toList());
            assertRows(file, List.of(2_999L, 1L));
        }
    }

    @Test
    void structOfHuggingFaceIsRead() throws IOException {
        Path file = ParquetTables.duckdb(
                folder.resolve("a.parquet"),
                "select {'bytes': " + VALUES + ", 'path': 'p' || i} as image, i as label from range(100) t(i)",
                "");
        assertRows(file, LongStream.range(0, 100).boxed().toList());
    }

    @Test
    void rowsThatThreadsAskForOutOfOrderAreRead() throws Exception {
        Path file = ParquetTables.duckdb(
                folder.resolve("a.parquet"), "select " + VALUES + " as bytes from range(3000) t(i)", "");
        List<Long> order = new ArrayList<>();
        Random random = new Random(5);
        for (long from = 0; from < 3_000; from += 20) {
            List<Long> some =
                    new ArrayList<>(LongStream.range(from, from + 20).boxed().toList());
            Collections.shuffle(some, random);
            order.addAll(some);
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (ParquetPictures pictures = new ParquetPictures(new Configuration(false))) {
            List<Future<byte[]>> read = new ArrayList<>();
            for (long row : order) {
                read.add(threads.submit(() -> row % 10 == 0 ? null : pictures.read(uri(file), row, LIMIT)));
            }
            for (int i = 0; i < order.size(); i++) {
                assertThat(read.get(i).get()).isEqualTo(expected(order.get(i)));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void fileLargerThanItsPagesIsReadWithoutHoldingItsRowGroup() throws IOException {
        // One row group of 400 MB, unpacked, in a few hundred KB of file.
        Path file = ParquetTables.duckdb(
                folder.resolve("large.parquet"),
                "select encode(repeat('x', 100000) || i) as bytes from range(4000) t(i)",
                ", compression zstd, dictionary_size_limit 1, row_group_size 1000000");
        long before = used();
        try (ParquetPictures pictures = new ParquetPictures(new Configuration(false))) {
            for (long row : List.of(0L, 3_990L, 3_991L)) {
                assertThat(pictures.read(uri(file), row, LIMIT))
                        .hasSize(100_000 + String.valueOf(row).length());
            }
            assertThat(used() - before).isLessThan(300L << 20);
        }
    }

    private static long used() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void whatIsNotThereIsMissing() {
        Path file = ParquetTables.duckdb(
                folder.resolve("a.parquet"), "select " + VALUES + " as bytes from range(30) t(i)", "");
        Path other = ParquetTables.duckdb(folder.resolve("b.parquet"), "select 'a' as bytes, 1 as i", "");
        try (ParquetPictures pictures = new ParquetPictures(new Configuration(false))) {
            assertThatThrownBy(() -> pictures.read(uri(file), 10, LIMIT))
                    .isInstanceOf(FileNotFoundException.class)
                    .hasMessageContaining("row 10 has no picture");
            assertThatThrownBy(() -> pictures.read(uri(file), 30, LIMIT))
                    .isInstanceOf(FileNotFoundException.class)
                    .hasMessageContaining("no row 30");
            assertThatThrownBy(() -> pictures.read(uri(other), 0, LIMIT))
                    .isInstanceOf(FileNotFoundException.class)
                    .hasMessageContaining("neither a uri nor a picture");
            assertThatThrownBy(() -> pictures.read(uri(folder.resolve("absent.parquet")), 0, LIMIT))
                    .isInstanceOf(FileNotFoundException.class);
            assertThatThrownBy(() -> pictures.read(uri(file), 6, 100))
                    .isInstanceOf(PictureFiles.TooLargeException.class);
        }
    }

    @Test
    void damagedFilesEndInAnErrorOrAPictureAndNeverInAnythingElse() throws IOException {
        Path file = ParquetTables.duckdb(
                folder.resolve("a.parquet"), "select " + VALUES + " as bytes from range(2000) t(i)", "");
        byte[] sound = Files.readAllBytes(file);
        long seed = 11;
        Random random = new Random(seed);
        int errors = 0;
        for (int round = 0; round < 200; round++) {
            Files.write(file, sound);
            try (RandomAccessFile damaged = new RandomAccessFile(file.toFile(), "rw")) {
                damaged.seek(4 + random.nextInt(sound.length - 8));
                damaged.write(random.nextInt(256));
            }
            try (ParquetPictures pictures = new ParquetPictures(new Configuration(false))) {
                for (long row = 1; row < 2_000; row += 111) {
                    try {
                        pictures.read(uri(file), row, LIMIT);
                    } catch (IOException e) {
                        errors++;
                    }
                }
            }
        }
        assertThat(errors).as("seed %d", seed).isPositive();
    }

    private void assertRows(Path file, List<Long> rows) throws IOException {
        try (ParquetPictures pictures = new ParquetPictures(new Configuration(false))) {
            for (long row : rows) {
                if (row % 10 == 0) {
                    assertThatThrownBy(() -> pictures.read(uri(file), row, LIMIT))
                            .isInstanceOf(FileNotFoundException.class);
                } else {
                    assertThat(pictures.read(uri(file), row, LIMIT))
                            .as("row %d", row)
                            .isEqualTo(expected(row));
                }
            }
        }
    }

    private static byte[] expected(long row) {
        return row % 10 == 0
                ? null
                : ("picture " + row + "x".repeat((int) (row % 7) * 100)).getBytes(StandardCharsets.UTF_8);
    }

    private static String uri(Path file) {
        return file.toUri().toString();
    }
}
