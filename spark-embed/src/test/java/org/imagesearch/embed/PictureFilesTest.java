package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.PictureFiles.Found;
import org.imagesearch.embed.PictureFiles.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PictureFilesTest {
    private final Configuration configuration = new Configuration(false);

    @TempDir
    Path folder;

    @Test
    void foldersAreListedToTheBottomInTheOrderOfTheUris() {
        put("pictures/b.jpg", "pictures/a/deep/er/z.PNG", "pictures/a/c.webp", "pictures/B.gif");
        assertThat(names(list("pictures"))).containsExactly("/B.gif", "/a/c.webp", "/a/deep/er/z.PNG", "/b.jpg");
    }

    @Test
    void formatsThatAreNotDecodedAreListedSoThatTheyShowUpAsFailures() {
        put("pictures/a.tif", "pictures/b.heic", "pictures/c.avif");
        assertThat(list("pictures").pictures()).hasSize(3);
    }

    @Test
    void otherFilesAreCountedAndLeftOutButCaptionsAreNotCounted() {
        put("pictures/a.jpg", "pictures/a.txt", "pictures/notes.pdf", "pictures/Makefile", "pictures/jpg");
        Found found = list("pictures");
        assertThat(names(found)).containsExactly("/a.jpg");
        assertThat(found.ignored()).isEqualTo(3);
    }

    @Test
    void hiddenFilesAndFoldersAreLeftOut() {
        put("pictures/a.jpg", "pictures/.b.jpg", "pictures/.thumbnails/c.jpg", "pictures/_d.jpg", "pictures/_e/f.jpg");
        assertThat(names(list("pictures"))).containsExactly("/a.jpg");
        assertThat(names(list("pictures/*"))).containsExactly("/a.jpg");
        assertThat(list("pictures/.thumbnails").pictures()).hasSize(1);
        assertThat(list("pictures/_*").pictures()).hasSize(2);
    }

    @Test
    void textFileOfTheSameNameIsTheCaption() {
        put("pictures/a.jpg", "pictures/a.txt", "pictures/b.png", "pictures/other/b.txt", "pictures/c d.png");
        put("pictures/c d.TXT");
        assertThat(list("pictures").pictures())
                .extracting(Picture::captionUri)
                .containsExactly(uri("pictures/a.txt"), null, uri("pictures/c%20d.TXT"));
    }

    @Test
    void globTakesTheMatchingPicturesWithTheirCaptions() {
        put("x/1.jpg", "x/1.txt", "x/2.png", "y/3.jpg", "y/3.txt", "z/4.jpg");
        assertThat(list("{x,y}/*.jpg").pictures())
                .containsExactly(
                        new Picture(uri("x/1.jpg"), uri("x/1.txt")), new Picture(uri("y/3.jpg"), uri("y/3.txt")));
        assertThat(list("[xz]").pictures()).hasSize(3);
    }

    @Test
    void pictureThatTwoPartsOfAGlobFindIsListedOnce() {
        put("x/a/1.jpg");
        assertThat(list("{x,x/a}").pictures()).hasSize(1);
    }

    @Test
    void singlePictureIsAnInput() {
        put("x/1.jpg", "x/1.txt", "x/2.jpg");
        assertThat(list("x/1.jpg").pictures()).containsExactly(new Picture(uri("x/1.jpg"), uri("x/1.txt")));
    }

    @Test
    void folderMayBeCalledLikeAPattern() {
        put("2019 [raw] {a}/1.jpg");
        assertThat(list("2019 [raw] {a}").pictures()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a b.jpg",
                "ü.jpg",
                "100%.jpg",
                "a%20b.jpg",
                "a#b?c.jpg",
                "a:b.jpg",
                "日本.jpg",
                "[1].jpg",
                "+&.jpg"
            })
    void pictureOfAnyNameIsReadByItsUri(String name) throws IOException {
        DrawnPictures.write(folder.resolve("pictures").resolve(name), name.getBytes(StandardCharsets.UTF_8));
        String uri = list("pictures").pictures().get(0).uri();
        assertThat(uri).doesNotContain(" ");
        assertThat(new String(PictureFiles.read(uri, 100, configuration), StandardCharsets.UTF_8))
                .isEqualTo(name);
    }

    @Test
    void nameThatIsNoTextIsCounted() throws Exception {
        put("pictures/a.jpg");
        Process touch = new ProcessBuilder("bash", "-c", "touch $'b\\xff.jpg'")
                .directory(folder.resolve("pictures").toFile())
                .start();
        assertThat(touch.waitFor()).isZero();
        Found found = list("pictures");
        assertThat(found.pictures()).hasSize(1);
        assertThat(found.unnameable()).isEqualTo(1);
    }

    @Test
    void everyWayToAPictureGivesTheSameUri() {
        Path relative = Path.of("").toAbsolutePath().relativize(folder.resolve("pictures"));
        put("pictures/a.jpg");
        Found absolute = list("pictures");
        assertThat(PictureFiles.list(relative.toString(), output(), configuration))
                .isEqualTo(absolute);
        assertThat(list("pictures/../pictures/")).isEqualTo(absolute);
        assertThat(list("pictures/*.jpg")).isEqualTo(absolute);
        assertThat(list("pictures/a.jpg")).isEqualTo(absolute);
        assertThat(PictureFiles.list(uri("pictures"), output(), configuration)).isEqualTo(absolute);
    }

    @Test
    void linksAreFollowedUnlessTheyLeadBackUp() throws IOException {
        put("pictures/a/1.jpg", "elsewhere/2.jpg");
        Files.createSymbolicLink(folder.resolve("pictures/a/up"), folder.resolve("pictures"));
        Files.createSymbolicLink(folder.resolve("pictures/other"), folder.resolve("elsewhere"));
        assertThat(names(list("pictures"))).containsExactly("/a/1.jpg", "/other/2.jpg");
    }

    @Test
    void linkThatLeadsNowhereIsListedAndMissing() throws IOException {
        put("pictures/1.jpg");
        Files.createSymbolicLink(folder.resolve("pictures/2.jpg"), folder.resolve("gone.jpg"));
        Found found = list("pictures");
        assertThat(names(found)).containsExactly("/1.jpg", "/2.jpg");
        assertThatThrownBy(() -> PictureFiles.read(found.pictures().get(1).uri(), 100, configuration))
                .isInstanceOf(FileNotFoundException.class);
    }

    @Test
    void pipeIsLeftOut() throws Exception {
        put("pictures/1.jpg");
        assertThat(new ProcessBuilder("mkfifo", folder.resolve("pictures/2.jpg").toString())
                        .start()
                        .waitFor())
                .isZero();
        Found found = list("pictures");
        assertThat(found.pictures()).hasSize(1);
        assertThat(found.ignored()).isEqualTo(1);
    }

    @Test
    void datasetBelowTheInputIsNotPartOfIt() {
        put("pictures/a.jpg", "pictures/out/images/wave=000000/part.parquet", "pictures/out/x.jpg");
        org.apache.hadoop.fs.Path output = new org.apache.hadoop.fs.Path(uri("pictures/out"));
        for (String input : List.of("pictures", "pictures/*", "pictures/{a.jpg,out/images}")) {
            Found found = PictureFiles.list(folder.resolve(input).toString(), output, configuration);
            assertThat(names(found)).as(input).containsExactly("/a.jpg");
        }
    }

    @Test
    void inputBelowTheDatasetIsAnInput() {
        put("out/pictures/a.jpg");
        org.apache.hadoop.fs.Path output = new org.apache.hadoop.fs.Path(uri("out"));
        assertThat(PictureFiles.list(folder.resolve("out/pictures").toString(), output, configuration)
                        .pictures())
                .hasSize(1);
        assertInputError(
                () -> PictureFiles.list(folder.resolve("out").toString(), output, configuration),
                "--input and --output are the same folder");
    }

    @Test
    void nothingThereIsAnInputError() throws IOException {
        Files.createDirectories(folder.resolve("empty/empty"));
        put("texts/a.txt");
        assertInputError(() -> list("absent"), "absent: there is nothing there");
        assertInputError(() -> list("absent/*.jpg"), "there is nothing there");
        assertInputError(() -> list("empty"), "empty: there are no pictures there");
        assertInputError(() -> list("texts"), "there are no pictures there");
        assertInputError(() -> list("x[.jpg"), "--input");
        assertInputError(
                () -> PictureFiles.list("nowhere://bucket/x", output(), configuration),
                "--input nowhere://bucket/x cannot be listed");
    }

    @Test
    void tarsAndParquetFilesAreInputsOfTheirOwn() {
        put("tars/b.tar", "tars/a/x.TAR", "tars/notes.md", "tables/b.parquet", "tables/_SUCCESS", "tables/a.parquet");
        Found tars = list("tars");
        assertThat(tars.tars()).containsExactly(uri("tars/a/x.TAR"), uri("tars/b.tar"));
        assertThat(tars.pictures()).isEmpty();
        assertThat(tars.ignored()).isEqualTo(1);
        assertThat(list("tables").tables()).containsExactly(uri("tables/a.parquet"), uri("tables/b.parquet"));
        assertThat(list("tables/a.parquet").tables()).containsExactly(uri("tables/a.parquet"));
        assertThat(list("t*/b.tar").tars()).containsExactly(uri("tars/b.tar"));
    }

    @Test
    void mixedInputsAreRefusedNamingAFileOfEach() {
        put("x/b.jpg", "x/a.jpg", "x/shard.tar", "y/1.parquet", "y/1.jpg", "z/1.parquet", "z/2.tar");
        assertInputError(() -> list("x"), "mixes " + uri("x/a.jpg") + " and " + uri("x/shard.tar"));
        assertInputError(() -> list("y"), "mixes " + uri("y/1.jpg") + " and " + uri("y/1.parquet"));
        assertInputError(() -> list("z"), "mixes " + uri("z/2.tar") + " and " + uri("z/1.parquet"));
    }

    @Test
    void descriptionsThatImg2datasetWritesBesideTheTarsAreNotTheInput() {
        put("tars/00000.tar", "tars/00000.parquet", "tars/00000_stats.json");
        put("files/00000.parquet", "files/00000/000000001.jpg", "files/00000/000000001.json");
        Found tars = list("tars");
        assertThat(tars.tars()).hasSize(1);
        assertThat(tars.tables()).isEmpty();
        assertThat(tars.ignored()).isEqualTo(2);
        assertThat(list("files").pictures()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.tar.gz", "a.tgz", "a.tar.zst"})
    void packedTarsAreRefusedByName(String name) {
        put("x/" + name, "y/" + name, "y/b.jpg");
        assertInputError(() -> list("x"), uri("x/" + name) + " is packed");
        assertInputError(() -> list("x/" + name), uri("x/" + name) + " is packed");
        assertThat(list("y").ignored()).isEqualTo(1);
    }

    @Test
    void partOfAFileIsReadByOffset() throws IOException {
        DrawnPictures.write(folder.resolve("a"), "0123456789".getBytes(StandardCharsets.UTF_8));
        assertThat(PictureFiles.readPart(uri("a"), 3, 4, 4, wanted -> {}, configuration))
                .isEqualTo("3456".getBytes(StandardCharsets.UTF_8));
        assertThat(PictureFiles.readPart(uri("a"), 3, 0, 4, wanted -> {}, configuration))
                .isEmpty();
        assertThatThrownBy(() -> PictureFiles.readPart(uri("a"), 3, 5, 4, wanted -> {}, configuration))
                .isInstanceOf(PictureFiles.TooLargeException.class);
        assertThatThrownBy(() -> PictureFiles.readPart(uri("a"), 8, 4, 4, wanted -> {}, configuration))
                .isInstanceOf(java.io.EOFException.class);
    }

    @Test
    void fileAboveTheLimitIsNotRead() throws IOException {
        put("a.jpg");
        assertThat(PictureFiles.read(uri("a.jpg"), 1, configuration)).hasSize(1);
        DrawnPictures.write(folder.resolve("a.jpg"), new byte[11]);
        assertThatThrownBy(() -> PictureFiles.read(uri("a.jpg"), 10, configuration))
                .isInstanceOf(PictureFiles.TooLargeException.class)
                .hasMessage("the file has 11 bytes, the limit is 10");
    }

    private Found list(String input) {
        return PictureFiles.list(folder + "/" + input, output(), configuration);
    }

    private org.apache.hadoop.fs.Path output() {
        return new org.apache.hadoop.fs.Path("file:/nowhere/embeddings");
    }

    private void put(String... files) {
        for (String file : files) {
            DrawnPictures.write(folder.resolve(file), new byte[1]);
        }
    }

    private List<String> names(Found found) {
        return found.pictures().stream()
                .map(picture -> picture.uri().substring(uri("pictures").length()))
                .toList();
    }

    private String uri(String file) {
        return "file://" + folder + "/" + file;
    }

    private static void assertInputError(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining(message);
    }
}
