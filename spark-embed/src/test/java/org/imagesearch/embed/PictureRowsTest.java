package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.util.LongAccumulator;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.embed.EmbedSettings.TaskSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureRowsTest {
    private static final int PIXEL_BYTES = 3
            * DatasetUnderTest.MODEL.image().size()
            * DatasetUnderTest.MODEL.image().size();

    @TempDir
    Path folder;

    private final LongAccumulator done = new LongAccumulator();
    private BatchingEncoder.Run model = (pixels, n) -> new float[n];

    @Test
    void rowsComeInTheOrderOfThePicturesSoundOrBroken() {
        List<ListedPicture> pictures = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Path file = folder.resolve(i + ".png");
            pictures.add(listed(i, i % 3 == 0 ? DrawnPictures.drawTruncated(file, i) : DrawnPictures.draw(file, i)));
        }
        List<Row> rows = rows(pictures, Map.of("picture.in-flight", "4", "model.batch", "4"));
        assertThat(rows)
                .extracting(row -> row.getLong(0))
                .isEqualTo(pictures.stream().map(ListedPicture::getId).toList());
        assertThat(rows).allMatch(row -> (row.getLong(0) % 3 == 0) != row.isNullAt(6));
        assertThat(done.value()).isEqualTo(20);
    }

    @Test
    void whatFailsSaysAtWhichStageAndWhy() throws Exception {
        assertFailure(folder.resolve("absent.jpg"), "read", "missing", "absent.jpg");
        assertFailure(DrawnPictures.write(folder.resolve("z.jpg"), new byte[0]), "decode", "empty", "is empty");
        assertFailure(DrawnPictures.drawTruncated(folder.resolve("t.jpg"), 1), "decode", "truncated", "no end marker");
        assertFailure(DrawnPictures.drawTruncated(folder.resolve("t.png"), 1), "decode", "truncated", "no end chunk");
        assertFailure(text("text.jpg", "I am no picture"), "decode", "unknown_format", "none of JPEG");
        assertFailure(text("scan.tif", "II*\0 and so on"), "decode", "unsupported", "TIFF");
        assertFailure(
                DrawnPictures.claim(folder.resolve("huge.png"), 30_000, 30_000),
                "decode",
                "too_large",
                "30000 x 30000");
        assertFailure(DrawnPictures.claim(folder.resolve("liar.png"), 30, 30), "decode", "corrupt", "");
        assertFailure(
                DrawnPictures.write(folder.resolve("heavy.jpg"), new byte[2_000_001]), "read", "too_large", "2000001");
    }

    @Test
    void pictureWithALyingNameIsDecodedByItsBytes() throws Exception {
        Path file = DrawnPictures.draw(folder.resolve("x.png"), 1);
        Files.move(file, folder.resolve("x.jpg"));
        assertThat(row(listed(1, folder.resolve("x.jpg"))).isNullAt(6)).isTrue();
    }

    @Test
    void messagesAreOneLineOfAtMost300Characters() {
        model = (pixels, n) -> {
            throw ImageSearchException.data("%s", "line\n" + "\uD83C\uDF54".repeat(400));
        };
        String message =
                row(listed(1, DrawnPictures.draw(folder.resolve("a.jpg"), 1))).getString(8);
        assertThat(message).startsWith("line ").doesNotContain("\n").endsWith("\uD83C\uDF54");
        assertThat(message.codePointCount(0, message.length())).isEqualTo(300);
    }

    @Test
    void captionsAreTrimmedCutAndFreedOfByteOrderMarks() {
        assertThat(caption(" red  car\n".getBytes(StandardCharsets.UTF_8))).isEqualTo("red  car");
        assertThat(caption("\uFEFFred car".getBytes(StandardCharsets.UTF_8))).isEqualTo("red car");
        assertThat(caption(" \n".getBytes(StandardCharsets.UTF_8))).isNull();
        assertThat(caption(new byte[0])).isNull();
        assertThat(caption("\uD83C\uDF54".repeat(2_000).getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("\uD83C\uDF54".repeat(1_000));
        assertThat(caption(new byte[] {'a', (byte) 0xff})).isEqualTo("a\uFFFD");
    }

    @Test
    void captionThatCannotBeReadLosesNoPicture() {
        assertThat(caption(new byte[(1 << 20) + 1])).isNull();
        for (String uri : List.of("file:///nowhere/a.txt", "nowhere://a", "::::")) {
            ListedPicture listed = listed(1, DrawnPictures.draw(folder.resolve("a.jpg"), 1));
            listed.setCaptionUri(uri);
            Row row = row(listed);
            assertThat(row.isNullAt(6)).as(uri).isTrue();
            assertThat(row.isNullAt(4)).as(uri).isTrue();
        }
    }

    @Test
    void pictureThatTheModelMakesNoEmbeddingOfFailsAndTheOthersDoNot() {
        AtomicInteger runs = new AtomicInteger();
        model = (pixels, n) -> {
            if (runs.incrementAndGet() == 2) {
                throw ImageSearchException.data("an embedding of length NaN");
            }
            return new float[n];
        };
        List<ListedPicture> pictures = List.of(
                listed(0, DrawnPictures.draw(folder.resolve("0.jpg"), 0)),
                listed(1, DrawnPictures.draw(folder.resolve("1.jpg"), 1)),
                listed(2, DrawnPictures.draw(folder.resolve("2.jpg"), 2)));
        List<Row> rows = rows(pictures, Map.of("model.batch", "1"));
        assertThat(rows.get(1).getString(6)).isEqualTo("encode");
        assertThat(rows.get(1).getString(8)).isEqualTo("an embedding of length NaN");
        assertThat(rows).filteredOn(row -> row.isNullAt(6)).hasSize(2);
    }

    @Test
    void modelThatCannotBeRunFailsTheTaskAndNotThePictures() {
        for (Throwable trouble : List.of(
                new ImageSearchException(ErrorCode.INTERNAL, "cannot run image.onnx: CUDA error 700"),
                new OutOfMemoryError("CUDA error 700"))) {
            model = (pixels, n) -> {
                if (trouble instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) trouble;
            };
            assertThatThrownBy(() -> row(listed(1, DrawnPictures.draw(folder.resolve("a.jpg"), 1))))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.INTERNAL))
                    .hasMessageContaining("a.jpg")
                    .hasMessageContaining("CUDA error 700");
        }
    }

    @Test
    void attemptsCountThisOne() {
        ListedPicture listed = listed(1, folder.resolve("absent.jpg"));
        listed.setAttempts(2);
        assertThat(row(listed).getInt(9)).isEqualTo(3);
    }

    private void assertFailure(Path file, String stage, String error, String message) {
        Row row = row(listed(5, file));
        assertThat(row.getLong(0)).isEqualTo(5);
        assertThat(row.getString(1)).isEqualTo(file.toUri().toString());
        assertThat(List.of(row.getString(6), row.getString(7)))
                .as(file.toString())
                .containsExactly(stage, error);
        assertThat(row.getString(8)).contains(message);
        assertThat(row.isNullAt(5)).isTrue();
        assertThat(row.getInt(9)).isEqualTo(1);
    }

    private String caption(byte[] text) {
        ListedPicture listed = listed(1, DrawnPictures.draw(folder.resolve("a.jpg"), 1));
        listed.setCaptionUri(
                DrawnPictures.write(folder.resolve("a.txt"), text).toUri().toString());
        Row row = row(listed);
        assertThat(row.isNullAt(6)).isTrue();
        return row.getString(4);
    }

    private Path text(String name, String text) {
        return DrawnPictures.write(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }

    private static ListedPicture listed(long id, Path file) {
        return new ListedPicture(id, file.toUri().toString(), null, 0);
    }

    private Row row(ListedPicture picture) {
        return rows(List.of(picture), Map.of()).get(0);
    }

    private List<Row> rows(List<ListedPicture> pictures, Map<String, String> given) {
        Map<String, String> all = new HashMap<>(given);
        all.put("picture.bytes", "2000000");
        TaskSettings settings = Settings.load("embed", Optional.empty(), Map.of(), all)
                .bind(EmbedSettings.class)
                .forTasks();
        BatchingEncoder encoder =
                new BatchingEncoder(settings.batch(), PIXEL_BYTES, 1, TimeUnit.MILLISECONDS.toNanos(1), model);
        PictureRows rows = new PictureRows(
                pictures.iterator(),
                new ExecutorModel(encoder, new Preprocessor(DatasetUnderTest.MODEL.image())),
                settings,
                new Configuration(false),
                done);
        List<Row> out = new ArrayList<>();
        rows.forEachRemaining(out::add);
        return out;
    }
}
