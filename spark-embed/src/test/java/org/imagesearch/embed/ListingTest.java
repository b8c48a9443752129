package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.EmbedSettings.IdSource;
import org.imagesearch.embed.PictureFiles.Picture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListingTest {
    @TempDir
    Path folder;

    private Listing listing;

    @BeforeEach
    void open() {
        listing = new Listing(
                LocalSpark.session(), DatasetFolder.open(folder.resolve("out").toString(), new Configuration(false)));
    }

    @Test
    void idsCountFromZeroAndWavesAreCutBySize() throws IOException {
        assertThat(listing.read().count()).isZero();
        assertThat(listing.add(pictures("a", "b", "c", "d", "e"), IdSource.SEQUENCE, 2, 0))
                .isEqualTo(5);
        assertThat(listed()).containsExactly("0 a 0", "1 b 0", "2 c 1", "3 d 1", "4 e 2");
    }

    @Test
    void addedPicturesGetTheNextIdsAndKnownOnesKeepTheirs() throws IOException {
        listing.add(pictures("b", "d"), IdSource.SEQUENCE, 2, 0);
        assertThat(listing.add(pictures("a", "b", "c", "d"), IdSource.SEQUENCE, 1, 1))
                .isEqualTo(2);
        assertThat(listing.add(pictures("a", "b"), IdSource.SEQUENCE, 1, 3)).isZero();
        assertThat(listed()).containsExactly("0 b 0", "1 d 0", "2 a 1", "3 c 2");
    }

    @Test
    void captionsAreKeptWithTheirPictures() throws IOException {
        listing.add(
                List.of(new Picture("x:/a.jpg", "x:/a.txt"), new Picture("x:/b.jpg", null)), IdSource.SEQUENCE, 2, 0);
        assertThat(listing.read().orderBy("id").collectAsList())
                .extracting(ListedPicture::getCaptionUri)
                .containsExactly("x:/a.txt", null);
    }

    @Test
    void fileNamesMayBeTheIds() throws IOException {
        listing.add(pictures("7.jpg", "sub/000012.png", "999999999999999.jpg"), IdSource.FILENAME, 10, 0);
        assertThat(listed())
                .containsExactly("7 7.jpg 0", "12 sub/000012.png 0", "999999999999999 999999999999999.jpg 0");
    }

    @Test
    void fileNamesThatAreNoIdsAreNamed() {
        for (String name : List.of("cat.jpg", "7a.jpg", "-7.jpg", "1000000000000000.jpg", "7")) {
            assertInputError(pictures(name), IdSource.FILENAME, "x:/" + name + ": with --ids filename");
        }
    }

    @Test
    void twoPicturesOfOneIdAreBothNamed() throws IOException {
        assertInputError(
                pictures("7.jpg", "sub/07.jpg"), IdSource.FILENAME, "x:/7.jpg and x:/sub/07.jpg have the same id 7");
        listing.add(pictures("cat.jpg"), IdSource.SEQUENCE, 2, 0);
        assertInputError(pictures("0.jpg"), IdSource.FILENAME, "x:/cat.jpg and x:/0.jpg have the same id 0");
        assertThat(listed()).containsExactly("0 cat.jpg 0");
    }

    @Test
    void sequenceGoesOnBehindTheLargestFileName() throws IOException {
        listing.add(pictures("41.jpg", "7.jpg"), IdSource.FILENAME, 2, 0);
        listing.add(pictures("cat.jpg"), IdSource.SEQUENCE, 2, 1);
        assertThat(listed()).containsExactly("7 7.jpg 0", "41 41.jpg 0", "42 cat.jpg 1");
    }

    @Test
    void idsEndBelowTheLimit() throws IOException {
        listing.add(pictures("999999999999999.jpg"), IdSource.FILENAME, 2, 0);
        assertInputError(pictures("cat.jpg"), IdSource.SEQUENCE, "id 1000000000000000 is out of range");
    }

    private void assertInputError(List<Picture> pictures, IdSource ids, String message) {
        assertThatThrownBy(() -> listing.add(pictures, ids, 2, 5))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageStartingWith(message);
    }

    private static List<Picture> pictures(String... names) {
        return Stream.of(names).map(name -> new Picture("x:/" + name, null)).toList();
    }

    private List<String> listed() throws IOException {
        return listing.read().orderBy("id").collectAsList().stream()
                .map(picture ->
                        picture.getId() + " " + picture.getUri().substring("x:/".length()) + " " + picture.getWave())
                .toList();
    }
}
