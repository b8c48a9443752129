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
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.embed.EmbedSettings.TaskSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureRowsTest {
    @TempDir
    Path folder;

    private final PictureCount done = new PictureCount();
    private final List<FailedPicture> failures = new ArrayList<>();
    private BatchingEncoder.Run model = (pixels, n) -> new float[n * DatasetUnderTest.MODEL.dimension()];

    @Test
    void rowsComeInTheOrderOfThePicturesAndBrokenOnesAreToldApart() {
        List<ListedPicture> pictures = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Path file = folder.resolve(i + ".png");
            pictures.add(listed(i, i % 3 == 0 ? DrawnPictures.drawTruncated(file, i) : DrawnPictures.draw(file, i)));
        }
        List<Row> rows = rows(pictures, Map.of("pipeline.pictures", "4", "model.batch", "4"));
        assertThat(rows)
                .extracting(row -> row.getLong(0))
                .containsExactly(1L, 2L, 4L, 5L, 7L, 8L, 10L, 11L, 13L, 14L, 16L, 17L, 19L);
        assertThat(failures).extracting(FailedPicture::id).containsExactly(0L, 3L, 6L, 9L, 12L, 15L, 18L);
        assertThat(done.value().pictures()).isEqualTo(20);
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
        assertThat(row(listed(1, folder.resolve("x.jpg"))).getLong(0)).isEqualTo(1);
    }

    @Test
    void messagesAreOneLineOfAtMost300Characters() {
        model = (pixels, n) -> {
            throw ImageSearchException.data("%s", "line\n" + "\uD83C\uDF54".repeat(400));
        };
        String message = failure(listed(1, DrawnPictures.draw(folder.resolve("a.jpg"), 1)))
                .message();
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
            assertThat(row.getLong(0)).isEqualTo(1);
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
            return new float[n * DatasetUnderTest.MODEL.dimension()];
        };
        List<ListedPicture> pictures = List.of(
                listed(0, DrawnPictures.draw(folder.resolve("0.jpg"), 0)),
                listed(1, DrawnPictures.draw(folder.resolve("1.jpg"), 1)),
                listed(2, DrawnPictures.draw(folder.resolve("2.jpg"), 2)));
        List<Row> rows = rows(pictures, Map.of("model.batch", "1"));
        assertThat(failures)
                .singleElement()
                .extracting(FailedPicture::reason, FailedPicture::message)
                .containsExactly("encode/internal", "an embedding of length NaN");
        assertThat(rows).hasSize(2);
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
        assertThat(failure(listed).attempts()).isEqualTo(3);
    }

    private void assertFailure(Path file, String stage, String error, String message) {
        FailedPicture failure = failure(listed(5, file));
        assertThat(failure.id()).isEqualTo(5);
        assertThat(failure.uri()).isEqualTo(file.toUri().toString());
        assertThat(List.of(failure.stage(), failure.error()))
                .as(file.toString())
                .containsExactly(stage, error);
        assertThat(failure.message()).contains(message);
        assertThat(failure.attempts()).isEqualTo(1);
    }

    private FailedPicture failure(ListedPicture picture) {
        failures.clear();
        assertThat(rows(List.of(picture), Map.of())).isEmpty();
        assertThat(failures).hasSize(1);
        return failures.get(0);
    }

    private String caption(byte[] text) {
        ListedPicture listed = listed(1, DrawnPictures.draw(folder.resolve("a.jpg"), 1));
        listed.setCaptionUri(
                DrawnPictures.write(folder.resolve("a.txt"), text).toUri().toString());
        Row row = row(listed);
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
        List<Row> out = new ArrayList<>();
        try (PicturePipeline pipeline =
                        ExecutorModel.pipeline(DatasetUnderTest.MODEL, settings, settings.batch(), model);
                PictureRows rows = new PictureRows(
                        pictures.iterator(),
                        new PictureContents(settings, new Configuration(false)),
                        pipeline,
                        done,
                        failures::add)) {
            rows.forEachRemaining(out::add);
        }
        return out;
    }
}
