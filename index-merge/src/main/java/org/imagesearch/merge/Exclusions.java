package org.imagesearch.merge;

import java.io.Serializable;
import java.util.List;

/**
 * Pictures of a dataset that are not to be written.
 *
 * @param publishedRows row stores of the shards that an index has already; none where it is built anew
 * @param down ids that are taken down, ascending
 */
@SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
record Exclusions(List<String> publishedRows, long[] down) implements Serializable {
    /** Opens the row stores. */
    PublishedPictures open() {
        return new PublishedPictures(publishedRows, down);
    }
}
