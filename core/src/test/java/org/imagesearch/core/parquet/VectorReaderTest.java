package org.imagesearch.core.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.assertj.core.data.Percentage;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VectorReaderTest {
    private static final Configuration HADOOP = new Configuration(false);
    private static final int ROWS = 1_000;
    private static final String OURS = "message m { required int64 id; required binary uri (STRING);"
            + " required group embedding (LIST) { repeated group list { required float element; } } }";
    private static final String SPARK = "message m { optional int64 id; optional binary uri (STRING);"
            + " optional group embedding (LIST) { repeated group list { optional float element; } } }";
    private static final String NARROW = "message m { required int32 id; required binary uri (STRING);"
            + " required group embedding (LIST) { repeated group list { required float element; } } }";
    private static final String TWO_LEVEL = "message m { required int64 id; required binary uri (STRING);"
            + " required group embedding (LIST) { repeated float array; } }";

    @TempDir
    java.nio.file.Path folder;

    @ParameterizedTest
    @CsvSource({
        "ours, 1, SNAPPY, 5, false", "ours, 2, SNAPPY, 5, false", "ours, 1, UNCOMPRESSED, 16, false",
        "ours, 2, UNCOMPRESSED, 16, false", "ours, 1, GZIP, 7, false", "ours, 2, GZIP, 7, false",
        "ours, 1, SNAPPY, 1, false", "ours, 1, SNAPPY, 8, false", "ours, 1, SNAPPY, 9, false",
        "spark, 1, SNAPPY, 24, false", "spark, 2, SNAPPY, 24, false", "narrow, 1, SNAPPY, 33, false",
        "two-level, 1, SNAPPY, 6, false", "ours, 1, SNAPPY, 5, true", "spark, 2, GZIP, 16, true"
    })
    void blocksOfAnyRangeAreWhatRecordAssemblyGives(
            String layout, int version, CompressionCodecName codec, int dimension, boolean dictionary)
            throws IOException {
        Path file = write(layout, version, codec, dictionary, vectors(dimension));
        List<IdVector> expected = assembled(file, dimension);
        assertThat(expected).hasSize(ROWS);
        assertSame(
                expected,
                blocks(
                        VectorReader.ofSlices(List.of(FileSlice.whole(file)), dimension, Optional.empty(), HADOOP),
                        77,
                        dimension));
        List<Long> groups = groups(file);
        assertThat(groups).hasSizeGreaterThan(2);
        Random random = new Random(dimension);
        for (int round = 0; round < 20; round++) {
            int group = random.nextInt(groups.size());
            int size = groups.get(group).intValue();
            int from = random.nextInt(size);
            int to = from + random.nextInt(size - from + 1);
            long before =
                    groups.subList(0, group).stream().mapToLong(Long::longValue).sum();
            RowRange range = new RowRange(file.toString(), group, from, to);
            assertSame(
                    expected.subList((int) before + from, (int) before + to),
                    blocks(VectorReader.of(List.of(range), dimension, Optional.empty(), HADOOP), 13, dimension));
        }
    }

    @Test
    void rangesOfOneRowGroupAreReadForwardInOneGo() throws IOException {
        Path file = write("ours", 1, CompressionCodecName.SNAPPY, false, vectors(24));
        List<IdVector> expected = assembled(file, 24);
        List<Long> groups = groups(file);
        Random random = new Random(1);
        for (int round = 0; round < 50; round++) {
            List<RowRange> ranges = new ArrayList<>();
            List<IdVector> wanted = new ArrayList<>();
            int before = 0;
            for (int group = 0; group < groups.size(); group++) {
                int size = groups.get(group).intValue();
                for (int at = random.nextInt(20); at < size; at += random.nextInt(120)) {
                    int to = Math.min(size, at + random.nextInt(60));
                    ranges.add(new RowRange(file.toString(), group, at, to));
                    wanted.addAll(expected.subList(before + at, before + to));
                    at = to;
                }
                before += size;
            }
            assertSame(wanted, blocks(VectorReader.of(ranges, 24, Optional.empty(), HADOOP), 16, 24));
            try (var pictures = EmbeddingReader.pictures(ranges, Optional.empty(), HADOOP)) {
                List<Long> ids = new ArrayList<>();
                pictures.forEachRemaining(row -> ids.add(row.id()));
                assertThat(ids).isEqualTo(wanted.stream().map(IdVector::id).toList());
            }
        }
    }

    @Test
    void usualFilesDoNotGoThroughRecordAssembly() throws IOException {
        for (String layout : List.of("ours", "spark", "two-level")) {
            for (int version : new int[] {1, 2}) {
                Path file = write(layout, version, CompressionCodecName.SNAPPY, false, vectors(24));
                try (DatasetFile open = DatasetFile.open(file.toString(), Optional.empty(), HADOOP);
                        PlainVectors plain = PlainVectors.open(open, new RowRange(file.toString(), 1, 3, 20), 24)
                                .orElseThrow()) {
                    assertThat(plain.read(new long[17], new float[17 * 24], 17)).isTrue();
                }
            }
        }
    }

    @Test
    void picturesOfARangeAreTheRowsOfItsVectors() throws IOException {
        Path file = write("ours", 1, CompressionCodecName.SNAPPY, false, vectors(8));
        RowRange range = new RowRange(file.toString(), 1, 5, 25);
        long before = groups(file).get(0);
        try (var pictures = EmbeddingReader.pictures(List.of(range, range), Optional.empty(), HADOOP)) {
            List<Long> ids = new ArrayList<>();
            pictures.forEachRemaining(row -> {
                assertThat(row.uri()).isEqualTo("u" + row.id());
                ids.add(row.id());
            });
            List<Long> once = LongStream.range(before + 5, before + 25).boxed().toList();
            assertThat(ids).hasSize(40).startsWith(once.toArray(new Long[0])).endsWith(once.toArray(new Long[0]));
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "2"})
    void whatIsWrongIsToldWithFileAndIdWhereverItStands(int version) throws IOException {
        float[][] shorter = vectors(8);
        shorter[700] = new float[] {1, 2, 3};
        assertRefused(write("spark", version, CompressionCodecName.SNAPPY, false, shorter), "id 700", "has 3 floats");
        float[][] longer = vectors(8);
        longer[701] = new float[16];
        assertRefused(write("ours", version, CompressionCodecName.SNAPPY, false, longer), "id 701", "has 16 floats");
        float[][] none = vectors(8);
        none[702] = new float[0];
        assertRefused(write("ours", version, CompressionCodecName.SNAPPY, false, none), "id 702", "has 0 floats");
        float[][] nothing = vectors(8);
        nothing[703] = null;
        assertRefused(write("spark", version, CompressionCodecName.SNAPPY, false, nothing), "id 703", "is null");
        float[][] infinite = vectors(8);
        infinite[704][3] = Float.NEGATIVE_INFINITY;
        assertRefused(
                write("ours", version, CompressionCodecName.SNAPPY, false, infinite), "id 704", "-Infinity at place 3");
    }

    @Test
    void filesThatAreCutOrDamagedAreNamedAndNeverRead() throws IOException {
        Path file = write("ours", 1, CompressionCodecName.SNAPPY, false, vectors(24));
        java.nio.file.Path local = java.nio.file.Path.of(file.toUri());
        // Hadoop's own checksums would find it before anything is read.
        Files.delete(local.resolveSibling("." + local.getFileName() + ".crc"));
        byte[] whole = Files.readAllBytes(local);
        List<IdVector> expected = assembled(file, 24);
        Random random = new Random(3);
        int refused = 0;
        for (int round = 0; round < 300; round++) {
            byte[] damaged = whole.clone();
            damaged[4 + random.nextInt(whole.length - 4)] ^= (byte) (1 << random.nextInt(8));
            Files.write(local, damaged);
            try {
                // What changed no structure changed a number, which is not this reader's to find.
                assertThat(blocks(
                                VectorReader.ofSlices(List.of(FileSlice.whole(file)), 24, Optional.empty(), HADOOP),
                                100,
                                24))
                        .hasSizeLessThanOrEqualTo(expected.size());
            } catch (ImageSearchException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.DATA);
                assertThat(e).hasMessageContaining(file.getName());
                refused++;
            }
        }
        assertThat(refused).isPositive();
        Files.write(local, Arrays.copyOf(whole, whole.length / 2));
        assertRefused(file, file.getName());
    }

    @Test
    void aRangeBeyondTheRowGroupIsRefused() throws IOException {
        Path file = write("ours", 1, CompressionCodecName.SNAPPY, false, vectors(8));
        RowRange range = new RowRange(file.toString(), 0, 0, 5_000);
        try (VectorReader reader = VectorReader.of(List.of(range), 8, Optional.empty(), HADOOP)) {
            assertThatThrownBy(() -> reader.read(new long[1], new float[8], new double[1], 1))
                    .isInstanceOf(ImageSearchException.class)
                    .hasMessageContaining(file.getName())
                    .hasMessageContaining("5000");
        }
    }

    private void assertRefused(Path file, String... parts) {
        try (VectorReader reader = VectorReader.ofSlices(List.of(FileSlice.whole(file)), 8, Optional.empty(), HADOOP)) {
            assertThatThrownBy(() -> blocks(reader, 50, 8))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessageContaining(file.getName())
                    .hasMessageContainingAll(parts);
        }
    }

    private static List<IdVector> blocks(VectorReader reader, int limit, int dimension) {
        List<IdVector> rows = new ArrayList<>();
        long[] ids = new long[limit];
        float[] vectors = new float[limit * dimension];
        double[] squares = new double[limit];
        try (reader) {
            for (int read = reader.read(ids, vectors, squares, limit);
                    read > 0;
                    read = reader.read(ids, vectors, squares, limit)) {
                for (int row = 0; row < read; row++) {
                    double expected = 0;
                    for (int i = 0; i < dimension; i++) {
                        expected += Math.pow(vectors[row * dimension + i], 2);
                    }
                    assertThat(squares[row]).isCloseTo(expected, Percentage.withPercentage(1e-9));
                    rows.add(new IdVector(
                            ids[row], Arrays.copyOfRange(vectors, row * dimension, (row + 1) * dimension)));
                }
            }
        }
        return rows;
    }

    private static List<IdVector> assembled(Path file, int dimension) {
        List<IdVector> rows = new ArrayList<>();
        try (var reader =
                EmbeddingReader.vectors(List.of(FileSlice.whole(file)), dimension, Optional.empty(), HADOOP)) {
            reader.forEachRemaining(rows::add);
        }
        return rows;
    }

    private static void assertSame(List<IdVector> expected, List<IdVector> found) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i).id()).isEqualTo(expected.get(i).id());
            assertThat(found.get(i).embedding()).isEqualTo(expected.get(i).embedding());
        }
    }

    private static List<Long> groups(Path file) throws IOException {
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, HADOOP))) {
            return reader.getRowGroups().stream()
                    .map(group -> group.getRowCount())
                    .toList();
        }
    }

    private static float[][] vectors(int dimension) {
        Random random = new Random(5);
        float[][] vectors = new float[ROWS][dimension];
        for (float[] vector : vectors) {
            for (int i = 0; i < dimension; i++) {
                vector[i] = random.nextInt(1 << 20) / 1024f;
            }
        }
        return vectors;
    }

    private static String schema(String layout) {
        return switch (layout) {
            case "ours" -> OURS;
            case "spark" -> SPARK;
            case "narrow" -> NARROW;
            case "two-level" -> TWO_LEVEL;
            default -> throw new IllegalArgumentException(layout);
        };
    }

    private Path write(String layout, int version, CompressionCodecName codec, boolean dictionary, float[][] vectors)
            throws IOException {
        java.nio.file.Path local = Files.createTempFile(folder, "vectors-", ".parquet");
        Files.delete(local);
        Path file = new Path(local.toUri());
        MessageType schema = MessageTypeParser.parseMessageType(schema(layout));
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(file)
                .withType(schema)
                .withWriterVersion(version == 1 ? WriterVersion.PARQUET_1_0 : WriterVersion.PARQUET_2_0)
                .withCompressionCodec(codec)
                .withDictionaryEncoding(dictionary)
                .withRowGroupSize(Math.max(4_096L, ROWS * 4L * vectors[0].length / 4))
                .withPageSize(700)
                .withPageRowCountLimit(37)
                .withMinRowCountForPageSizeCheck(5)
                .withMaxRowCountForPageSizeCheck(50)
                .build()) {
            for (int id = 0; id < vectors.length; id++) {
                Group group = new SimpleGroup(schema);
                group = layout.equals("narrow") ? group.append("id", id) : group.append("id", (long) id);
                group.append("uri", "u" + id);
                if (vectors[id] != null) {
                    Group list = group.addGroup("embedding");
                    for (float value : vectors[id]) {
                        if (layout.equals("two-level")) {
                            list.append("array", value);
                        } else {
                            list.addGroup("list").append("element", value);
                        }
                    }
                }
                writer.write(group);
            }
        }
        return file;
    }
}
