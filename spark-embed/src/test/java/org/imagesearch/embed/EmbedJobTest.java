package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.Picture;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.parquet.QueryRow;
import org.imagesearch.embed.DatasetUnderTest.Done;
import org.imagesearch.embed.DatasetUnderTest.Failure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmbedJobTest {
    private static final double TOLERANCE = 1e-5;

    @TempDir
    Path folder;

    private Path pictures;
    private DatasetUnderTest dataset;

    @BeforeEach
    void prepare() {
        pictures = folder.resolve("pictures");
        dataset = DatasetUnderTest.in(folder.resolve("out"));
    }

    @AfterEach
    void heal() {
        FaultyFileSystem.heal();
    }

    @Test
    void everyPictureIsEmbeddedAsTheEncoderAloneWouldEmbedIt() throws IOException {
        DrawnPictures.drawWithCaption(pictures.resolve("a.jpg"), 1, "a red car");
        DrawnPictures.draw(pictures.resolve("b/ü #1 100%.png"), 2);
        DrawnPictures.draw(pictures.resolve("c:d.jpg"), 3);
        DrawnPictures.golden("jpeg-cmyk.jpg", pictures.resolve("cmyk.jpg"));
        DrawnPictures.golden("jpeg-exif-6.jpg", pictures.resolve("turned.jpg"));
        DrawnPictures.golden("size-1x1.png", pictures.resolve("x.png"));
        Done done = dataset.embed(pictures);

        assertThat(done.summary().embedded()).isEqualTo(6);
        List<EmbeddingRow> rows = dataset.images();
        assertThat(rows).extracting(EmbeddingRow::id).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
        assertThat(rows.stream().map(EmbeddingRow::uri).toList())
                .isSorted()
                .contains(uri("b/ü%20%231%20100%25.png"), uri("c:d.jpg"));
        assertThat(rows.get(0).caption()).contains("a red car");
        assertThat(rows).filteredOn(row -> row.caption().isPresent()).hasSize(1);
        PictureDecoder decoder = new PictureDecoder(DecodeLimits.DEFAULT, true);
        Preprocessor preprocessor = new Preprocessor(DatasetUnderTest.MODEL.image());
        try (ImageEncoder encoder = ImageEncoder.open(DatasetUnderTest.MODEL, EncoderSettings.cpu(1, 1))) {
            for (EmbeddingRow row : rows) {
                Picture picture = decoder.decode(
                        Files.readAllBytes(Path.of(URI.create(row.uri()).getPath())));
                assertThat(List.of(row.width(), row.height())).containsExactly(picture.width(), picture.height());
                assertThat(row.embedding())
                        .as(row.uri())
                        .containsExactly(encoder.encode(ByteBuffer.wrap(preprocessor.apply(picture)), 1), within((float)
                                TOLERANCE));
            }
        }
    }

    @Test
    void wavesAreFoldersOfTheAskedSizeAndTheManifestCountsThem() throws IOException {
        draw(10);
        DrawnPictures.drawTruncated(pictures.resolve("09.jpg"), 9);
        dataset.embed(pictures);
        assertThat(waves()).containsExactly("wave=000000", "wave=000001", "wave=000002");
        assertThat(dataset.images()).hasSize(9);
        DatasetManifest manifest = dataset.manifest();
        assertThat(manifest)
                .isEqualTo(new DatasetManifest(
                        1,
                        DatasetUnderTest.MODEL.fingerprint(),
                        "emoji-clip",
                        192,
                        true,
                        10,
                        9,
                        1,
                        4,
                        3,
                        "sequence",
                        false,
                        manifest.updated()));
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void tooManyFailuresEndTheRunBeforeItsWaveIsCommitted() throws IOException {
        draw(12);
        DrawnPictures.drawTruncated(pictures.resolve("01.jpg"), 1);
        for (int i = 5; i < 8; i++) {
            DrawnPictures.write(pictures.resolve("0" + i + ".jpg"), new byte[0]);
        }
        assertThatThrownBy(() -> dataset.with("max-failures", "2").embed(pictures))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageStartingWith("4 of 8 pictures failed, more than max-failures allows")
                .hasMessageContaining("decode/empty 3 (" + uri("0"))
                .hasMessageContaining("decode/truncated 1 (" + uri("01.jpg"));
        assertThat(waves()).containsExactly("wave=000000");
        assertThat(dataset.manifest().embedded()).isEqualTo(3);
        assertThat(dataset.manifest().failed()).isEqualTo(1);

        // What was tried in an earlier run does not count: this one has 3 failures in 8.
        Done resumed = dataset.with("max-failures", "40%").embed(pictures);
        assertThat(resumed.summary().embedded()).isEqualTo(5);
        assertThat(dataset.ids()).hasSize(12);
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void fewPicturesAreJudgedByTheirShareAtTheEnd() throws IOException {
        draw(3);
        DrawnPictures.write(pictures.resolve("02.jpg"), new byte[0]);
        assertThatThrownBy(() -> dataset.with("max-failures", "33%").embed(pictures))
                .hasMessageContaining("1 of 3 pictures failed");
        assertThat(dataset.with("max-failures", "34%").embed(pictures).failed()).isEqualTo(1);
        // Trying them again is no news.
        assertThat(dataset.with("max-failures", "0").retryFailed(pictures).failed())
                .isEqualTo(1);
    }

    @Test
    void datasetIsNotGoneOnWithInAnotherWayOfDecoding() throws IOException {
        draw(2);
        dataset.with("picture.fast-decode", "true").embed(pictures);
        assertThat(dataset.manifest().fastDecode()).isTrue();
        draw(3);
        assertThatThrownBy(() -> dataset.with("picture.fast-decode", "false").embed(pictures))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining("was made with --fast-decode, which changes embeddings; this run is without it");
        assertThat(dataset.with("picture.fast-decode", "true")
                        .embed(pictures)
                        .summary()
                        .embedded())
                .isEqualTo(1);
    }

    @Test
    void secondRunDoesNothing() throws IOException {
        draw(5);
        DrawnPictures.write(pictures.resolve("05.jpg"), new byte[0]);
        dataset.embed(pictures);
        Map<String, Object> before = snapshot();
        Done again = dataset.embed(pictures);
        assertThat(again.summary().embedded()).isZero();
        assertThat(again.summary().errors()).isEmpty();
        assertThat(again.out()).isEmpty();
        assertThat(snapshot()).isEqualTo(before);
    }

    @Test
    void addedPicturesBecomeNewWavesAndKnownOnesKeepIdAndWave() throws IOException {
        draw(3);
        dataset.embed(pictures);
        Map<String, Long> before = dataset.ids();
        DrawnPictures.draw(pictures.resolve("000-first-by-name.jpg"), 77);
        DrawnPictures.draw(pictures.resolve("zzz.jpg"), 78);
        Done more = dataset.with("wave-size", "1").embed(pictures);
        assertThat(more.summary().embedded()).isEqualTo(2);
        assertThat(dataset.ids())
                .containsAllEntriesOf(before)
                .containsEntry("000-first-by-name.jpg", 3L)
                .containsEntry("zzz.jpg", 4L);
        assertThat(waves()).containsExactly("wave=000000", "wave=000001", "wave=000002");
    }

    @Test
    void picturesOfAnotherFolderMayBeAddedAndThoseOfTheFirstNeedNotBeThereAnyMore() throws IOException {
        draw(3);
        dataset.embed(pictures);
        Path others = folder.resolve("others");
        DrawnPictures.draw(others.resolve("x.jpg"), 5);
        Files.delete(pictures.resolve("00.jpg"));
        assertThat(dataset.embed(others).summary().embedded()).isEqualTo(1);
        assertThat(dataset.ids()).hasSize(4).containsEntry("x.jpg", 3L);
    }

    @Test
    void fileNamesMayBeIds() throws IOException {
        DrawnPictures.draw(pictures.resolve("12.jpg"), 1);
        DrawnPictures.drawTruncated(pictures.resolve("7.jpg"), 2);
        dataset.with("ids", "filename").embed(pictures);
        assertThat(dataset.ids()).isEqualTo(Map.of("12.jpg", 12L, "7.jpg", 7L));
        assertThat(dataset.manifest().ids()).isEqualTo("filename");
    }

    @Test
    void brokenPicturesBecomeFailuresThatSayWhy() throws IOException {
        draw(1);
        DrawnPictures.drawTruncated(pictures.resolve("cut.jpg"), 1);
        DrawnPictures.write(pictures.resolve("empty.jpg"), new byte[0]);
        DrawnPictures.write(pictures.resolve("text.png"), "no picture".getBytes(StandardCharsets.UTF_8));
        DrawnPictures.claim(pictures.resolve("vast.png"), 30_000, 30_000);
        Done done = dataset.embed(pictures);
        assertThat(done.summary().errors())
                .isEqualTo(Map.of(
                        "decode/truncated", 1L,
                        "decode/empty", 1L,
                        "decode/unknown_format", 1L,
                        "decode/too_large", 1L));
        assertThat(dataset.failures())
                .containsExactly(
                        new Failure(1, "cut.jpg", "decode", "truncated", "the JPEG has no end marker", 1),
                        new Failure(2, "empty.jpg", "decode", "empty", "the file is empty", 1),
                        new Failure(
                                3,
                                "text.png",
                                "decode",
                                "unknown_format",
                                "the file is none of JPEG, PNG, GIF, BMP and WebP",
                                1),
                        new Failure(
                                4,
                                "vast.png",
                                "decode",
                                "too_large",
                                "the picture has 30000 x 30000 pixels, the limits are 100000000 pixels and a side of"
                                        + " 20000",
                                1));
    }

    @Test
    void folderOfBrokenPicturesOnlyIsADatasetWithoutEmbeddings() throws IOException {
        DrawnPictures.write(pictures.resolve("a.jpg"), new byte[0]);
        dataset.embed(pictures);
        assertThat(dataset.images()).isEmpty();
        assertThat(dataset.failures()).hasSize(1);
        assertThat(waves()).containsExactly("wave=000000");
        assertThat(dataset.embed(pictures).failed()).isZero();
    }

    @Test
    void retryEmbedsWhatHasBeenMendedAndCountsAttempts() throws IOException {
        draw(6);
        DrawnPictures.drawTruncated(pictures.resolve("01.jpg"), 1);
        DrawnPictures.drawTruncated(pictures.resolve("04.jpg"), 4);
        DrawnPictures.drawTruncated(pictures.resolve("05.jpg"), 5);
        dataset.embed(pictures);
        Map<String, Long> before = dataset.ids();
        assertThat(dataset.failures()).extracting(Failure::id).containsExactly(1L, 4L, 5L);

        DrawnPictures.drawWithCaption(pictures.resolve("01.jpg"), 1, "mended");
        Done retry = dataset.retryFailed(pictures);
        assertThat(retry.summary().embedded()).isEqualTo(1);
        assertThat(retry.summary().errors()).isEqualTo(Map.of("decode/truncated", 2L));
        assertThat(dataset.ids()).isEqualTo(before);
        assertThat(dataset.failures()).extracting(Failure::id).containsExactly(4L, 5L);
        assertThat(dataset.failures()).extracting(Failure::attempts).containsExactly(2, 2);
        assertThat(dataset.images().get(1).id()).isEqualTo(1);
        assertThat(dataset.manifest().waves()).isEqualTo(3);
        assertThat(dataset.manifest().failed()).isEqualTo(2);

        DrawnPictures.draw(pictures.resolve("04.jpg"), 4);
        DrawnPictures.draw(pictures.resolve("05.jpg"), 5);
        dataset.with("wave-size", "1").retryFailed(pictures);
        assertThat(dataset.failures()).isEmpty();
        assertThat(dataset.parquetFiles("failures")).isEmpty();
        assertThat(dataset.ids()).isEqualTo(before);
        Done nothing = dataset.retryFailed(pictures);
        assertThat(nothing.out()).contains("nothing to retry: no picture has failed");
    }

    @Test
    void whatFailsInARunIsNotTriedTwiceInIt() throws IOException {
        DrawnPictures.write(pictures.resolve("a.jpg"), new byte[0]);
        dataset.embed(pictures);
        DrawnPictures.write(pictures.resolve("b.jpg"), new byte[0]);
        Done done = dataset.retryFailed(pictures);
        assertThat(done.failed()).isEqualTo(2);
        assertThat(dataset.failures()).extracting(Failure::attempts).containsExactly(2, 1);
    }

    @Test
    void retriesComeInBoundedWaves() {
        assertThat(EmbedJob.groups(new TreeMap<>(Map.of(0, 3L, 2, 1L, 5, 4L, 6, 9L, 7, 1L)), 4))
                .containsExactly(List.of(0, 2), List.of(5), List.of(6), List.of(7));
        assertThat(EmbedJob.groups(new TreeMap<>(), 4)).isEmpty();
    }

    @Test
    void captionsAreSampledThroughTheTextEncoder() throws IOException {
        for (int i = 0; i < 8; i++) {
            DrawnPictures.drawWithCaption(pictures.resolve(i + ".jpg"), i, "caption " + i);
        }
        DrawnPictures.draw(pictures.resolve("9.jpg"), 9);
        dataset.with("queries", "5").embed(pictures);
        List<QueryRow> queries = dataset.queries();
        assertThat(queries).hasSize(5).allMatch(query -> query.text().equals("caption " + query.id()));
        try (TextEncoder encoder = TextEncoder.open(DatasetUnderTest.MODEL, EncoderSettings.cpu(1, 1))) {
            for (QueryRow query : queries) {
                assertThat(query.embedding())
                        .containsExactly(encoder.encode(List.of(query.text())), within((float) TOLERANCE));
            }
        }
        DrawnPictures.drawWithCaption(pictures.resolve("new.jpg"), 10, "caption 9");
        dataset.with("queries", "100").embed(pictures);
        assertThat(dataset.queries()).extracting(QueryRow::id).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 9L);
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void captionsAreNotSampledIfNoneIsWanted() throws IOException {
        DrawnPictures.drawWithCaption(pictures.resolve("0.jpg"), 0, "caption");
        dataset.with("queries", "0").embed(pictures);
        assertThat(dataset.root().resolve("queries")).doesNotExist();
    }

    @Test
    void everyFooterCarriesTheFingerprint() throws IOException {
        DrawnPictures.drawWithCaption(pictures.resolve("0.jpg"), 0, "caption");
        dataset.embed(pictures);
        assertThatThrownBy(() -> dataset.imagesOf(new Fingerprint("sha256:" + "0".repeat(64))))
                .hasMessageContaining(DatasetUnderTest.MODEL.fingerprint().value());
        for (String table : List.of("images", "queries")) {
            for (Path file : dataset.parquetFiles(table)) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                        .contains(DatasetUnderTest.MODEL.fingerprint().value());
            }
        }
    }

    @Test
    void anotherModelIsRefusedWithBothFingerprints() throws IOException {
        draw(1);
        dataset.embed(pictures);
        ModelBundle other = otherModel();
        assertThatThrownBy(() -> dataset.embed(pictures, other, false))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining(DatasetUnderTest.MODEL.fingerprint().value())
                .hasMessageContaining(other.fingerprint().value());
        assertThat(dataset.root().resolve("_lock")).doesNotExist();
    }

    @Test
    void datasetBelowTheInputIsNotTakenForPictures() throws IOException {
        draw(2);
        DatasetUnderTest inside = DatasetUnderTest.in(pictures.resolve("out"));
        inside.embed(pictures);
        assertThat(inside.embed(pictures).summary().manifest().listed()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create .*/_lock",
                "create .*/__move.written",
                "rename .*/listing/batch-000000",
                "create .*/_dataset.json.written",
                "rename .*/failures/wave-000001.parquet",
                "rename .*/images/wave=000000",
                "rename .*/images/wave=000001",
                "rename .*/queries",
                "delete .*/_queries.stale",
            })
    void killedRunGoesOnAndComesToTheSameAsOneThatWasNotKilled(String change) throws IOException {
        for (int i = 0; i < 3; i++) {
            DrawnPictures.drawWithCaption(pictures.resolve(i + ".jpg"), i, "caption " + i);
        }
        DrawnPictures.drawTruncated(pictures.resolve("3.jpg"), 3);
        DatasetUnderTest killed =
                DatasetUnderTest.onFaultyFileSystem(folder.resolve("killed")).with("wave-size", "2");
        FaultyFileSystem.dieAt(what -> what.matches(change));
        assertThatThrownBy(() -> killed.embed(pictures)).hasStackTraceContaining("died at");
        assertThat(FaultyFileSystem.isDead()).isTrue();
        // What is added meanwhile gets a later id.
        DrawnPictures.draw(pictures.resolve("00.jpg"), 9);
        revive(killed);
        killed.embed(pictures);

        Map<String, Long> ids = killed.ids();
        boolean listedBefore = !change.contains("_lock") && !change.contains("_move");
        assertThat(ids)
                .isEqualTo(
                        listedBefore
                                ? Map.of("0.jpg", 0L, "1.jpg", 1L, "2.jpg", 2L, "3.jpg", 3L, "00.jpg", 4L)
                                : Map.of("0.jpg", 0L, "00.jpg", 1L, "1.jpg", 2L, "2.jpg", 3L, "3.jpg", 4L));
        assertThat(killed.failures()).extracting(Failure::name).containsExactly("3.jpg");
        assertThat(killed.queries()).extracting(QueryRow::text).containsExactly("caption 0", "caption 1", "caption 2");
        DatasetManifest manifest = killed.manifest();
        assertThat(List.of(manifest.listed(), manifest.embedded(), manifest.failed()))
                .containsExactly(5L, 4L, 1L);
        assertThat(leftovers(killed.root())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rename .*/failures/wave-000001.parquet",
                "rename .*/images/wave=000001",
                "delete .*/failures/wave-000000.parquet",
                "delete .*/_retry",
            })
    void killedRetryLeavesEveryPictureOnOneSide(String change) throws IOException {
        draw(2);
        DrawnPictures.write(pictures.resolve("02.jpg"), new byte[0]);
        DrawnPictures.write(pictures.resolve("03.jpg"), new byte[0]);
        DatasetUnderTest killed = DatasetUnderTest.onFaultyFileSystem(folder.resolve("killed"));
        killed.embed(pictures);
        Map<String, Long> before = killed.ids();
        DrawnPictures.draw(pictures.resolve("02.jpg"), 2);
        FaultyFileSystem.dieAt(what -> what.matches(change));
        assertThatThrownBy(() -> killed.retryFailed(pictures)).hasStackTraceContaining("died at");
        revive(killed);
        killed.retryFailed(pictures);
        assertThat(killed.ids()).isEqualTo(before);
        assertThat(killed.failures()).extracting(Failure::name).containsExactly("03.jpg");
        assertThat(killed.images()).hasSize(3);
        assertThat(killed.manifest().embedded()).isEqualTo(3);
        assertThat(leftovers(killed.root())).isEmpty();
    }

    @Test
    void pictureThatIsDeletedAfterItWasListedFails() throws IOException {
        draw(5);
        DatasetUnderTest killed = DatasetUnderTest.onFaultyFileSystem(folder.resolve("killed"));
        FaultyFileSystem.dieAt(what -> what.matches("rename .*/images/wave=000000"));
        assertThatThrownBy(() -> killed.embed(pictures)).hasStackTraceContaining("died at");
        Files.delete(pictures.resolve("04.jpg"));
        revive(killed);
        killed.embed(pictures);
        assertThat(killed.failures()).extracting(Failure::id, Failure::error).containsExactly(tuple(4L, "missing"));
    }

    @Test
    void runThatHasLostItsLockCommitsNothing() throws IOException {
        draw(1);
        DatasetUnderTest robbed = DatasetUnderTest.onFaultyFileSystem(folder.resolve("robbed"));
        // Just before the wave is done, somebody deletes the lock.
        FaultyFileSystem.dieAt(what -> {
            if (what.startsWith("create ") && what.endsWith("/_dataset.json.written")) {
                delete(robbed.root().resolve("_lock"));
            }
            return false;
        });
        assertThatThrownBy(() -> robbed.embed(pictures))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE))
                .hasMessageContaining("has lost");
        assertThat(robbed.root().resolve("images")).doesNotExist();
    }

    /** A killed process leaves its lock to a later one, which sees that it has ended; this one has not. */
    private static void revive(DatasetUnderTest killed) throws IOException {
        FaultyFileSystem.heal();
        Files.deleteIfExists(killed.root().resolve("_lock"));
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void draw(int count) {
        for (int i = 0; i < count; i++) {
            DrawnPictures.draw(pictures.resolve("%02d.jpg".formatted(i)), i);
        }
    }

    /** The demo bundle with another version, which makes it another model. */
    private ModelBundle otherModel() throws IOException {
        Path copy = Files.createDirectories(folder.resolve("other-model"));
        try (Stream<Path> files = Files.list(DatasetUnderTest.MODEL.directory())) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        Path manifest = copy.resolve(ModelBundle.MANIFEST);
        Files.writeString(manifest, Files.readString(manifest).replace("\"version\": \"1\"", "\"version\": \"2\""));
        return ModelBundle.open(copy);
    }

    private String uri(String escaped) {
        return "file://" + pictures + "/" + escaped;
    }

    private List<String> waves() throws IOException {
        try (Stream<Path> files = Files.list(dataset.root().resolve("images"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private List<String> leftovers() throws IOException {
        return leftovers(dataset.root());
    }

    private static List<String> leftovers(Path root) throws IOException {
        try (Stream<Path> files = Files.list(root)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("_"))
                    .toList();
        }
    }

    /** Every file of the dataset but its manifest, with the time of its last change. */
    private Map<String, Object> snapshot() throws IOException {
        Map<String, Object> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(dataset.root())) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(file.toString(), Files.getLastModifiedTime(file));
            }
        }
        return files;
    }
}
