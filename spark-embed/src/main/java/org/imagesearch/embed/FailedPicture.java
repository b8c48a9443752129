package org.imagesearch.embed;

import java.io.Serializable;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * A row of failures/ to be.
 *
 * @param attempts how often it was tried, this time included
 */
record FailedPicture(long id, String uri, String stage, String error, String message, int attempts)
        implements Serializable {
    static FailedPicture of(ListedPicture listed, PictureOutcome.Failed failed) {
        return new FailedPicture(
                listed.getId(),
                listed.getUri(),
                failed.stage().text(),
                failed.error(),
                failed.message(),
                listed.getAttempts() + 1);
    }

    /** What it is counted under. */
    String reason() {
        return stage + "/" + error;
    }

    /** As {@link RowSchemas#FAILURES}. */
    Row row() {
        return RowFactory.create(id, uri, stage, error, message, attempts);
    }
}
