package org.imagesearch.core.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.avro.generic.GenericRecord;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.avro.AvroParquetReader;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddingFilesTest {
    private static final Fingerprint MODEL = new Fingerprint("sha256:" + "0123456789abcdef".repeat(4));
    private static final Fingerprint OTHER = new Fingerprint("sha256:" + "f".repeat(64));
    private static final Configuration HADOOP = new Configuration(false);
    private static final String SPARK = "message spark_schema { optional int64 id; optional binary uri (STRING);"
            + " optional int32 width; optional int32 height; optional binary caption (STRING);"
            + " optional group embedding (LIST) { repeated group list { optional float element; } }"
            + " optional binary licence (STRING); optional double score; optional int64 taken (TIMESTAMP(MICROS,true));"
            + " optional binary exif; }";

    @TempDir
    java.nio.file.Path folder;

    @Test
    void rowsComeBackAsTheyWereWritten() {
        List<EmbeddingRow> rows = rows(1_000, 16);
        Path file = write("a.parquet", rows);
        try (EmbeddingReader<EmbeddingRow> reader = images(file, 16)) {
            assertThat(all(reader)).usingRecursiveComparison().isEqualTo(rows);
        }
        try (EmbeddingReader<IdVector> reader =
                EmbeddingReader.vectors(List.of(FileSlice.whole(file)), 16, Optional.of(MODEL), HADOOP)) {
            assertThat(reader.next().embedding()).isEqualTo(rows.get(0).embedding());
        }
        try (EmbeddingReader<Long> reader =
                EmbeddingReader.ids(rowGroups(FileSlice.whole(file)), Optional.of(MODEL), HADOOP)) {
            assertThat(all(reader)).hasSize(1_000).startsWith(0L, 3L);
        }
        assertThat(EmbeddingReader.rowCount(file, HADOOP)).isEqualTo(1_000);
    }

    @Test
    void avroReadsTheFileByTheDeclaredSchema() throws IOException {
        Path file = write("a.parquet", rows(3, 4));
        try (ParquetReader<GenericRecord> reader = AvroParquetReader.<GenericRecord>builder(
                        HadoopInputFile.fromPath(file, HADOOP))
                .build()) {
            GenericRecord first = reader.read();
            assertThat(first.getSchema()).isEqualTo(EmbeddingSchema.images());
            assertThat((List<?>) first.get("embedding")).hasSize(4);
        }
    }

    @Test
    void theEmbeddingIsAThreeLevelListWithoutDictionary() throws IOException {
        Path file = write("a.parquet", rows(100, 4));
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, HADOOP))) {
            assertThat(reader.getFileMetaData().getSchema().toString())
                    .contains("required group embedding (LIST)")
                    .contains("repeated group list")
                    .contains("required float element");
            BlockMetaData block = reader.getRowGroups().get(0);
            assertThat(block.getColumns())
                    .filteredOn(column -> column.getPath().toDotString().equals(EmbeddingSchema.EMBEDDING_LEAF))
                    .singleElement()
                    .satisfies(column -> assertThat(column.hasDictionaryPage()).isFalse());
        }
    }

    @Test
    void sparksFilesAreReadWithTheInputsOwnColumns() throws IOException {
        Path file = write("spark.parquet", SPARK, group -> {
            group.append("id", 5L)
                    .append("uri", "file:/a.jpg")
                    .append("width", 7)
                    .append("height", 8);
            list(group, 1f, 2f);
            group.append("licence", "CC0").append("score", 0.5).append("taken", 1_000_000L);
            group.append("exif", "raw");
        });
        try (EmbeddingReader<EmbeddingRow> reader = images(file, 2)) {
            EmbeddingRow row = reader.next();
            assertThat(row.embedding()).containsExactly(1f, 2f);
            assertThat(row.caption()).isEmpty();
            assertThat(row.extra()).isEqualTo(Map.of("licence", "CC0", "score", 0.5, "taken", "1970-01-01T00:00:01Z"));
        }
    }

    @Test
    void avrosTwoLevelListsAreRead() throws IOException {
        String schema = "message avro { required int64 id; required binary uri (STRING);"
                + " required group embedding (LIST) { repeated float array; } }";
        Path file = write("avro.parquet", schema, group -> {
            group.append("id", 5L).append("uri", "u");
            group.addGroup("embedding").append("array", 1f).append("array", 2f);
        });
        try (EmbeddingReader<EmbeddingRow> reader = images(file, 2)) {
            EmbeddingRow row = reader.next();
            assertThat(row.embedding()).containsExactly(1f, 2f);
            assertThat(row.width()).isZero();
            assertThat(reader.hasNext()).isFalse();
        }
    }

    @Test
    void embeddingsThatAreNotWholeAreRefusedWithFileAndId() throws IOException {
        Path wrong = write(
                "wrong.parquet", SPARK, group -> list(group.append("id", 5L).append("uri", "u"), 1f));
        assertRefused(wrong, "id 5", "has 1 floats, expected 2");
        Path nan =
                write("nan.parquet", SPARK, group -> list(group.append("id", 6L).append("uri", "u"), 1f, Float.NaN));
        assertRefused(nan, "id 6", "NaN at place 1");
        Path absent =
                write("absent.parquet", SPARK, group -> group.append("id", 7L).append("uri", "u"));
        assertRefused(absent, "id 7", "is null");
        Path holes = write("holes.parquet", SPARK, group -> {
            group.append("id", 8L).append("uri", "u");
            Group list = group.addGroup("embedding");
            list.addGroup("list");
            list.addGroup("list").append("element", 1f);
        });
        assertRefused(holes, "id 8", "nulls");
    }

    @Test
    void filesThatAreNoDatasetsAreRefusedByName() throws IOException {
        Path empty = new Path(folder.resolve("not.parquet").toUri());
        Files.writeString(folder.resolve("not.parquet"), "no parquet at all");
        assertRefused(empty, "not.parquet");
        Path columns = write("columns.parquet", "message m { required int64 id; }", group -> group.append("id", 1L));
        assertRefused(columns, "no column 'uri'");
        String schema = "message m { required int64 id; required binary uri (STRING); required double embedding; }";
        Path doubles = write("doubles.parquet", schema, group -> group.append("id", 1L)
                .append("uri", "u")
                .append("embedding", 1d));
        assertRefused(doubles, "not LIST<FLOAT>");
        Path large = write(
                "large.parquet",
                SPARK,
                group -> list(group.append("id", 1L << 60).append("uri", "u"), 1f, 2f));
        assertRefused(large, Long.toString(1L << 60));
    }

    @Test
    void aFileOfAnotherModelIsRefusedWithBothFingerprints() {
        Path file = write("a.parquet", rows(3, 4));
        EmbeddingReader<EmbeddingRow> reader =
                EmbeddingReader.images(List.of(FileSlice.whole(file)), 4, Optional.of(OTHER), HADOOP);
        assertThatThrownBy(reader::hasNext)
                .hasMessageContaining(MODEL.value())
                .hasMessageContaining(OTHER.value())
                .hasMessageContaining("a.parquet");
    }

    @Test
    void sparksColumnMetadataCarriesTheFingerprintToo() {
        String json = "{\"fields\":[{\"name\":\"embedding\",\"metadata\":{\"imagesearch.model\":\"" + OTHER + "\"}}]}";
        assertThat(EmbeddingSchema.model(Map.of("org.apache.spark.sql.parquet.row.metadata", json)))
                .contains(OTHER);
    }

    @Test
    void slicesThatCoverAFileGiveEveryRowOnce() throws IOException {
        Path file = new Path(folder.resolve("groups.parquet").toUri());
        MessageType schema = MessageTypeParser.parseMessageType(SPARK);
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(file)
                .withType(schema)
                .withRowGroupSize(4_096L)
                .withPageSize(512)
                .build()) {
            for (long id = 0; id < 2_000; id++) {
                Group group = new SimpleGroup(schema);
                list(group.append("id", id).append("uri", "u" + id), 1f, 2f);
                writer.write(group);
            }
        }
        long bytes = Files.size(folder.resolve("groups.parquet"));
        List<Long> ids = new ArrayList<>();
        for (long start = 0; start < bytes; start += 5_000) {
            FileSlice slice = new FileSlice(file.toString(), start, 5_000);
            try (EmbeddingReader<Long> reader = EmbeddingReader.ids(rowGroups(slice), Optional.empty(), HADOOP)) {
                reader.forEachRemaining(ids::add);
            }
        }
        assertThat(ids).hasSize(2_000).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void captionsComeBackAsTheyWereWritten() {
        Path file = new Path(folder.resolve("q.parquet").toUri());
        try (EmbeddingWriter<QueryRow> writer = EmbeddingWriter.queries(file, MODEL, HADOOP)) {
            writer.write(new QueryRow("hampurilainen", 9, new float[] {0.6f, 0.8f}));
        }
        try (EmbeddingReader<QueryRow> reader =
                EmbeddingReader.queries(List.of(FileSlice.whole(file)), 2, Optional.of(MODEL), HADOOP)) {
            QueryRow row = reader.next();
            assertThat(row.text()).isEqualTo("hampurilainen");
            assertThat(row.id()).isEqualTo(9);
            assertThat(row.embedding()).containsExactly(0.6f, 0.8f);
        }
    }

    private void assertRefused(Path file, String... parts) {
        try (EmbeddingReader<EmbeddingRow> reader = images(file, 2)) {
            assertThatThrownBy(reader::next)
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessageContaining(file.getName())
                    .hasMessageContainingAll(parts);
        }
    }

    private static List<RowRange> rowGroups(FileSlice slice) {
        return EmbeddingReader.rowGroups(List.of(slice), Optional.empty(), HADOOP);
    }

    private static EmbeddingReader<EmbeddingRow> images(Path file, int dimension) {
        return EmbeddingReader.images(List.of(FileSlice.whole(file)), dimension, Optional.of(MODEL), HADOOP);
    }

    private Path write(String name, List<EmbeddingRow> rows) {
        Path file = new Path(folder.resolve(name).toUri());
        try (EmbeddingWriter<EmbeddingRow> writer = EmbeddingWriter.images(file, MODEL, HADOOP)) {
            rows.forEach(writer::write);
        }
        return file;
    }

    private interface Filler {
        void fill(Group group);
    }

    private Path write(String name, String schemaText, Filler filler) throws IOException {
        Path file = new Path(folder.resolve(name).toUri());
        MessageType schema = MessageTypeParser.parseMessageType(schemaText);
        try (ParquetWriter<Group> writer =
                ExampleParquetWriter.builder(file).withType(schema).build()) {
            Group group = new SimpleGroup(schema);
            filler.fill(group);
            writer.write(group);
        }
        return file;
    }

    private static <T> List<T> all(EmbeddingReader<T> reader) {
        List<T> rows = new ArrayList<>();
        reader.forEachRemaining(rows::add);
        return rows;
    }

    private static void list(Group row, float... values) {
        Group list = row.addGroup("embedding");
        for (float value : values) {
            list.addGroup("list").append("element", value);
        }
    }

    private static List<EmbeddingRow> rows(int count, int dimension) {
        Random random = new Random(11);
        List<EmbeddingRow> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float[] embedding = new float[dimension];
            for (int d = 0; d < dimension; d++) {
                embedding[d] = (float) random.nextGaussian();
            }
            Optional<String> caption = i % 2 == 0 ? Optional.empty() : Optional.of("caption " + i);
            rows.add(new EmbeddingRow(3L * i, "file:/" + i + ".jpg", i, i + 1, caption, embedding, Map.of()));
        }
        return rows;
    }
}
