package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PictureUrisTest {
    private static final String TABLE = "file:///data/tables/a%20b.parquet";

    @ParameterizedTest
    @CsvSource({
        "file:///x/a%20b.jpg, file:///x/a%20b.jpg",
        "file:/x/a.jpg, file:///x/a.jpg",
        "file:///x/a b.jpg, file:///x/a%20b.jpg",
        "file:///x/100%.jpg, file:///x/100%25.jpg",
        "file:///x/a#b?c.jpg, file:///x/a%23b%3Fc.jpg",
        "s3a://bucket/a/ü.jpg, s3a://bucket/a/ü.jpg",
        "hdfs://host:9000/a.jpg, hdfs://host:9000/a.jpg",
        "gs://bucket/a b.jpg, gs://bucket/a%20b.jpg",
        "/x/a b%20c.jpg, file:///x/a%20b%2520c.jpg",
        "sub/a.jpg, file:///data/tables/sub/a.jpg",
        "../a:b.jpg, file:///data/a:b.jpg",
        "' http://host/a b.jpg?w=1&h=2 ', http://host/a%20b.jpg?w=1&h=2",
        "HTTPS://host/%20ü|, HTTPS://host/%20%C3%BC%7C",
    })
    void textOfATableIsAUriOrAPath(String text, String uri) {
        assertThat(PictureUris.of(text, TABLE)).isEqualTo(uri);
    }

    @Test
    void relativePathsBeginInTheTablesFolderWhateverHoldsIt() {
        assertThat(PictureUris.of("a.jpg", "s3a://bucket/tables/x.parquet")).isEqualTo("s3a://bucket/tables/a.jpg");
        assertThat(PictureUris.of("/a.jpg", "s3a://bucket/tables/x.parquet")).isEqualTo("s3a://bucket/a.jpg");
    }

    @Test
    void blankTextLeadsNowhere() {
        assertThat(PictureUris.of(null, TABLE)).isNull();
        assertThat(PictureUris.of(" \t", TABLE)).isNull();
    }

    @Test
    void membersAndRowsAreNamedByTheFileAndWhereTheyAreInIt() {
        assertThat(PictureUris.ofMember("file:///x/a.tar", "b c#100%/ü.jpg"))
                .isEqualTo("file:///x/a.tar#b%20c%23100%25/ü.jpg");
        assertThat(PictureUris.ofRow(TABLE, 7)).isEqualTo(TABLE + "#row=7");
    }
}
