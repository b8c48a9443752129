package org.imagesearch.core.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Column;
import org.imagesearch.core.filter.ColumnType;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.filter.FilterMatcher;
import org.imagesearch.core.parquet.PictureRow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowFiltersTest {
    private static final String[] WORDS = {"Beach", "red", "car", "浜辺", "Café", "a", "x-y", "42"};
    private static final String[] SIGNS = {"=", "!=", "<", "<=", ">", ">="};

    @TempDir
    Path folder;

    /** What the store holds. */
    private Map<Long, ImageRow> stored = Map.of();

    @Test
    void randomFiltersFindWhatLookingAtEveryRowFinds() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        TreeMap<Long, ImageRow> rows = new TreeMap<>();
        long id = 0;
        for (int i = 0; i < 2_000; i++) {
            id += random.nextInt(4) == 0 ? 1 + random.nextInt(1000) : 1;
            rows.put(id, row(random));
        }
        try (RowStore store = written(rows)) {
            long[] without = rows.keySet().stream()
                    .mapToLong(Long::longValue)
                    .filter(one -> random.nextInt(10) == 0)
                    .toArray();
            for (int round = 0; round < 300; round++) {
                String text = expression(random, new ArrayList<>(rows.values()), 3);
                Filter filter = Filter.parse(text);
                MatchingRows all = store.matching(filter, new long[0]);
                MatchingRows some = store.matching(filter, without);

                long[] expected = rows.entrySet().stream()
                        .filter(row -> RowOracle.matches(filter.expression(), row.getKey(), row.getValue()))
                        .mapToLong(Map.Entry::getKey)
                        .toArray();
                assertThat(all.ids()).as("seed %d, %s", seed, text).isEqualTo(expected);
                assertThat(matched(filter)).as("seed %d, %s", seed, text).isEqualTo(expected);
                assertThat(all.all()).isEqualTo(expected.length == rows.size());
                assertThat(all.lists()).isEqualTo(store.lists(expected));
                assertThat(some.ids())
                        .as("seed %d, %s", seed, text)
                        .isEqualTo(Arrays.stream(expected)
                                .filter(one -> Arrays.binarySearch(without, one) < 0)
                                .toArray());
            }
        }
    }

    @Test
    void numbersOfEveryKindAreComparedAsPeopleWriteThem() {
        TreeMap<Long, ImageRow> rows = new TreeMap<>();
        rows.put(1L, own(Map.of("n", 0.1f)));
        rows.put(2L, own(Map.of("n", 0.1)));
        rows.put(3L, own(Map.of("n", Long.MAX_VALUE)));
        rows.put(4L, own(Map.of("n", -0.0)));
        rows.put(5L, own(Map.of("n", Double.NaN)));
        rows.put(6L, own(Map.of("n", Double.POSITIVE_INFINITY)));
        rows.put(7L, own(Map.of("n", "0.1")));
        rows.put(8L, own(Map.of("n", true)));
        rows.put(9L, own(Map.of()));
        try (RowStore store = written(rows)) {
            assertThat(ids(store, "n=0.1")).containsExactly(1L, 2L, 7L);
            assertThat(ids(store, "n=0.10")).containsExactly(1L, 2L);
            assertThat(ids(store, "n=9223372036854775807")).containsExactly(3L);
            assertThat(ids(store, "n>9223372036854775807")).containsExactly(6L);
            assertThat(ids(store, "n=0")).containsExactly(4L);
            assertThat(ids(store, "n>=-1e99 AND n<=0.5")).containsExactly(1L, 2L, 4L, 7L);
            assertThat(ids(store, "n=TRUE")).containsExactly(8L);
            assertThat(ids(store, "NOT n:*")).containsExactly(5L, 9L);
            assertThat(store.columns().types("n"))
                    .hasValueSatisfying(types -> assertThat(types).hasSize(4));
        }
    }

    @Test
    void unknownSizesAreNoValuesAndUnknownColumnsMatchNothing() {
        TreeMap<Long, ImageRow> rows = new TreeMap<>();
        rows.put(1L, new ImageRow("u", 0, 7, Optional.empty(), Map.of()));
        rows.put(2L, new ImageRow("u", 5, 0, Optional.of("c"), Map.of()));
        try (RowStore store = written(rows)) {
            assertThat(ids(store, "width<10")).containsExactly(2L);
            assertThat(ids(store, "height:*")).containsExactly(1L);
            assertThat(ids(store, "caption:*")).containsExactly(2L);
            assertThat(ids(store, "colour=red")).isEmpty();
            assertThat(ids(store, "NOT colour=red")).containsExactly(1L, 2L);
        }
    }

    @Test
    void textsOfAnyLengthAreToldApart() {
        String longText = "ä".repeat(40_000);
        TreeMap<Long, ImageRow> rows = new TreeMap<>();
        rows.put(1L, new ImageRow(longText, 1, 1, Optional.of(longText + " end"), Map.of()));
        rows.put(2L, new ImageRow(longText + "b", 1, 1, Optional.empty(), Map.of()));
        try (RowStore store = written(rows)) {
            assertThat(ids(store, "caption:end")).containsExactly(1L);
            String shown = "ä".repeat(500);
            assertThat(ids(store, "uri=" + shown)).isEmpty();
            assertThat(ids(store, "uri>a")).containsExactly(1L, 2L);
            assertThat(ids(store, "uri=\"" + "ä".repeat(1_900) + "\"")).isEmpty();
        }
    }

    @Test
    void theColumnsAreToldWithTheirTypes() {
        TreeMap<Long, ImageRow> rows = new TreeMap<>();
        rows.put(1L, own(Map.of("album", "a", "year", 2000, "b.c", 0.5f)));
        rows.put(2L, own(Map.of("good", true, "year", 2000L)));
        try (RowStore store = written(rows)) {
            assertThat(store.columns().list())
                    .containsExactly(
                            new Column("id", ColumnType.INTEGER),
                            new Column("uri", ColumnType.TEXT),
                            new Column("width", ColumnType.INTEGER),
                            new Column("height", ColumnType.INTEGER),
                            new Column("caption", ColumnType.TEXT),
                            new Column("album", ColumnType.TEXT),
                            new Column("b.c", ColumnType.NUMBER),
                            new Column("good", ColumnType.BOOLEAN),
                            new Column("year", ColumnType.INTEGER));
        }
    }

    @Test
    void aStoreWithoutRowsMatchesNothing() {
        try (RowStore store = written(new TreeMap<>())) {
            assertThat(store.canFilter()).isTrue();
            assertThat(store.columns()).isEqualTo(Columns.OF_EVERY_PICTURE);
            assertThat(ids(store, "id>=0")).isEmpty();
        }
    }

    @Test
    void aStoreFromBeforeFiltersIsReadAndSaysThatItCannot() throws IOException {
        ImageRow row = own(Map.of("year", 2000));
        Path path = writeAsBeforeFilters(folder.resolve("old"), Map.of(7L, row), Map.of());
        try (RowStore store = RowStore.open(path)) {
            assertThat(store.row(7)).contains(row);
            assertThat(store.canFilter()).isFalse();
            assertThatThrownBy(() -> store.matching(Filter.parse("width>1"), new long[0]))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.INPUT))
                    .hasMessageContaining(path.toString())
                    .hasMessageContaining("before there were filters");
            Path copy = folder.resolve("copy");
            try (RowStoreWriter writer = new RowStoreWriter(copy)) {
                store.forEach(writer::add);
                writer.finish();
            }
            try (RowStore written = RowStore.open(copy)) {
                assertThat(written.matching(Filter.parse("year=2000"), new long[0])
                                .ids())
                        .containsExactly(7L);
            }
        }
    }

    @Test
    void aStoreOfALaterVersionIsRefused() throws IOException {
        Path path = writeAsBeforeFilters(
                folder.resolve("later"), Map.of(7L, own(Map.of())), Map.of(RowStoreWriter.VERSION_KEY, "3"));
        assertThatThrownBy(() -> RowStore.open(path))
                .hasMessageContaining("version 3")
                .hasMessageContaining("1 and 2");
    }

    private static Path writeAsBeforeFilters(Path path, Map<Long, ImageRow> rows, Map<String, String> said)
            throws IOException {
        try (FSDirectory lucene = FSDirectory.open(path);
                IndexWriter writer = new IndexWriter(lucene, new IndexWriterConfig())) {
            for (Map.Entry<Long, ImageRow> row : new TreeMap<>(rows).entrySet()) {
                Document document = new Document();
                document.add(new NumericDocValuesField(RowFields.ID, row.getKey()));
                document.add(new NumericDocValuesField(RowFields.LIST, 0));
                document.add(new BinaryDocValuesField(
                        RowFields.ROW, new BytesRef(RowCodec.encode(row.getKey(), row.getValue()))));
                writer.addDocument(document);
            }
            writer.setLiveCommitData(said.entrySet());
            writer.commit();
        }
        return path;
    }

    /** What the store finds, which looking at its rows one by one must find too. */
    private long[] ids(RowStore store, String text) {
        Filter filter = Filter.parse(text);
        long[] ids = store.matching(filter, new long[0]).ids();
        assertThat(matched(filter)).as(text).isEqualTo(ids);
        return ids;
    }

    private long[] matched(Filter filter) {
        FilterMatcher matcher = new FilterMatcher(filter);
        return new TreeMap<>(stored)
                .entrySet().stream()
                        .filter(entry -> matcher.matches(picture(entry.getKey(), entry.getValue())::value))
                        .mapToLong(Map.Entry::getKey)
                        .toArray();
    }

    private static PictureRow picture(long id, ImageRow row) {
        return new PictureRow(id, row.uri(), row.width(), row.height(), row.caption(), row.extra());
    }

    private static ImageRow own(Map<String, Object> extra) {
        return new ImageRow("file:///a.jpg", 640, 480, Optional.empty(), extra);
    }

    private RowStore written(Map<Long, ImageRow> rows) {
        stored = rows;
        Path path = folder.resolve("rows");
        List<Long> ids = new ArrayList<>(rows.keySet());
        Collections.shuffle(ids, new Random(1));
        try (RowStoreWriter writer = new RowStoreWriter(path)) {
            ids.forEach(id -> writer.add(id, (int) (id % 97), rows.get(id)));
            writer.finish();
        }
        return RowStore.open(path);
    }

    private static ImageRow row(Random random) {
        Map<String, Object> extra = new HashMap<>();
        if (random.nextBoolean()) {
            extra.put("licence", random.nextBoolean() ? "CC0" : "CC-BY");
        }
        if (random.nextBoolean()) {
            extra.put("good", random.nextBoolean());
        }
        if (random.nextBoolean()) {
            extra.put("score", random.nextBoolean() ? random.nextInt(20) / 10f : random.nextInt(20) / 10.0);
        }
        if (random.nextBoolean()) {
            // A column whose input changed its mind.
            extra.put("mixed", random.nextBoolean() ? (Object) random.nextInt(5) : String.valueOf(random.nextInt(5)));
        }
        Optional<String> caption = random.nextInt(4) == 0 ? Optional.empty() : Optional.of(words(random, 8));
        return new ImageRow(
                "https://host-" + random.nextInt(4) + ".org/" + random.nextInt(50) + ".jpg",
                random.nextInt(50) * 40,
                random.nextInt(2000),
                caption,
                extra);
    }

    private static String words(Random random, int most) {
        StringBuilder text = new StringBuilder();
        for (int i = 1 + random.nextInt(most); i > 0; i--) {
            text.append(WORDS[random.nextInt(WORDS.length)]).append(i == 1 ? "" : " ");
        }
        return text.toString();
    }

    private static String expression(Random random, List<ImageRow> rows, int depth) {
        int kind = random.nextInt(depth == 0 ? 6 : 9);
        ImageRow row = rows.get(random.nextInt(rows.size()));
        String sign = SIGNS[random.nextInt(SIGNS.length)];
        return switch (kind) {
            case 0 -> "width" + sign + row.width();
            case 1 -> "id " + sign + " " + random.nextInt(20_000) / (random.nextInt(4) == 0 ? 2.0 : 1);
            case 2 -> "caption:\"" + words(random, 3) + "\"";
            case 3 -> "uri" + sign + "\"" + row.uri() + "\" or uri:" + random.nextInt(50);
            case 4 -> "score" + sign + random.nextInt(20) / 10.0 + " OR mixed" + sign + random.nextInt(5);
            case 5 ->
                switch (random.nextInt(5)) {
                    case 0 -> "licence" + sign + "CC0";
                    case 1 -> "good=" + random.nextBoolean();
                    case 2 -> "caption:*";
                    case 3 -> "caption" + sign + "\"" + row.caption().orElse("red") + "\"";
                    default -> "mixed:*";
                };
            case 6 -> "NOT (" + expression(random, rows, depth - 1) + ")";
            case 7 -> "(" + expression(random, rows, depth - 1) + ") AND (" + expression(random, rows, depth - 1) + ")";
            default -> "(" + expression(random, rows, depth - 1) + ") OR " + expression(random, rows, depth - 1);
        };
    }
}
