package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.EmbedSettings.IdSource;
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
        assertThat(add(pictures("a", "b", "c", "d", "e"), IdSource.SEQUENCE, 2, 0))
                .isEqualTo(5);
        assertThat(listed()).containsExactly("0 a 0", "1 b 0", "2 c 1", "3 d 1", "4 e 2");
    }

    @Test
    void addedPicturesGetTheNextIdsAndKnownOnesKeepTheirs() throws IOException {
        add(pictures("b", "d"), IdSource.SEQUENCE, 2, 0);
        assertThat(add(pictures("a", "b", "c", "d"), IdSource.SEQUENCE, 1, 1)).isEqualTo(2);
        assertThat(add(pictures("a", "b"), IdSource.SEQUENCE, 1, 3)).isZero();
        assertThat(listed()).containsExactly("0 b 0", "1 d 0", "2 a 1", "3 c 2");
    }

    @Test
    void captionsAreKeptWithTheirPictures() throws IOException {
        add(rows(row("x:/a.jpg", "x:/a.txt", null, 0), row("x:/b.jpg", null, null, 0)), IdSource.SEQUENCE, 2, 0);
        assertThat(listing.read().orderBy("id").collectAsList())
                .extracting(ListedPicture::getCaptionUri)
                .containsExactly("x:/a.txt", null);
    }

    @Test
    void fileNamesMayBeTheIds() throws IOException {
        add(pictures("7.jpg", "sub/000012.png", "999999999999999.jpg"), IdSource.FILENAME, 10, 0);
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
        add(pictures("cat.jpg"), IdSource.SEQUENCE, 2, 0);
        assertInputError(pictures("0.jpg"), IdSource.FILENAME, "x:/cat.jpg and x:/0.jpg have the same id 0");
        assertThat(listed()).containsExactly("0 cat.jpg 0");
    }

    @Test
    void sequenceGoesOnBehindTheLargestFileName() throws IOException {
        add(pictures("41.jpg", "7.jpg"), IdSource.FILENAME, 2, 0);
        add(pictures("cat.jpg"), IdSource.SEQUENCE, 2, 1);
        assertThat(listed()).containsExactly("7 7.jpg 0", "41 41.jpg 0", "42 cat.jpg 1");
    }

    @Test
    void idsEndBelowTheLimit() throws IOException {
        add(pictures("999999999999999.jpg"), IdSource.FILENAME, 2, 0);
        assertInputError(pictures("cat.jpg"), IdSource.SEQUENCE, "id 1000000000000000 is out of range");
    }

    @Test
    void picturesOfOneFileAreInTheOrderOfTheirPlacesAndCountOnce() throws IOException {
        FoundPictures found = rows(
                row("x:/b", null, null, 10),
                row("x:/a", null, null, 11),
                row("x:/b", null, null, 12),
                row("x:/c", null, null, 2));
        assertThat(listing.add(found, IdSource.SEQUENCE, 10, 0)).isEqualTo(new Listing.Added(3, 1));
        assertThat(listed()).containsExactly("0 c 0", "1 b 0", "2 a 0");
        assertThat(listing.add(found, IdSource.SEQUENCE, 10, 1)).isEqualTo(new Listing.Added(0, 1));
    }

    @Test
    void inputMaySayTheIds() throws IOException {
        add(rows(row("x:/b", null, 7L, 0), row("x:/a", null, 9L, 1)), IdSource.COLUMN, 10, 0);
        assertThat(listed()).containsExactly("7 b 0", "9 a 0");
        FoundPictures negative = rows(row("x:/c", null, -1L, 0));
        assertThatThrownBy(() -> listing.add(negative, IdSource.COLUMN, 10, 1))
                .hasMessage("x:/c has id -1, expected 0 to 999999999999999");
        FoundPictures absent = rows(row("x:/c", null, null, 0));
        assertThatThrownBy(() -> listing.add(absent, IdSource.COLUMN, 10, 1))
                .hasMessage("x:/c has id null, expected 0 to 999999999999999");
        FoundPictures taken = rows(row("x:/c", null, 7L, 0));
        assertThatThrownBy(() -> listing.add(taken, IdSource.COLUMN, 10, 1))
                .hasMessage("x:/b and x:/c have the same id 7");
        assertThat(listing.read().count()).isEqualTo(2);
    }

    @Test
    void membersOfTarsMayHaveNumbersForNames() throws IOException {
        add(pictures("a.tar#000000012.jpg", "a.tar#x/13.png"), IdSource.FILENAME, 10, 0);
        assertThat(listing.read().orderBy("id").collectAsList())
                .extracting(ListedPicture::getId)
                .containsExactly(12L, 13L);
    }

    private long add(FoundPictures found, IdSource ids, int waveSize, int firstWave) throws IOException {
        return listing.add(found, ids, waveSize, firstWave).added();
    }

    private void assertInputError(FoundPictures pictures, IdSource ids, String message) {
        assertThatThrownBy(() -> add(pictures, ids, 2, 5))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageStartingWith(message);
    }

    private static FoundPictures pictures(String... names) {
        return rows(Stream.of(names)
                .map(name -> RowFactory.create("x:/" + name, null, null, null, null, null, null, "x:/" + name, 0L))
                .toArray(Row[]::new));
    }

    private static Row row(String uri, String captionUri, Long id, long place) {
        return RowFactory.create(uri, captionUri, null, null, null, null, id, "x:/file", place);
    }

    private static FoundPictures rows(Row... rows) {
        return new FoundPictures(
                LocalSpark.session().createDataFrame(List.of(rows), FoundPictures.SCHEMA),
                new StructType(),
                0,
                0,
                List.of());
    }

    private List<String> listed() throws IOException {
        return listing.read().orderBy("id").collectAsList().stream()
                .map(picture ->
                        picture.getId() + " " + picture.getUri().substring("x:/".length()) + " " + picture.getWave())
                .toList();
    }
}
