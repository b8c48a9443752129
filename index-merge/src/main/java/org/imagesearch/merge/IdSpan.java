package org.imagesearch.merge;

import java.io.Serializable;
import org.imagesearch.core.parquet.RowRange;

/**
 * The ids of a row group, in short.
 *
 * @param rows the row group
 * @param least the least id; larger than {@code most} if there is none
 * @param most the largest id
 * @param ascending whether every id is larger than the one before it
 */
record IdSpan(RowRange rows, long least, long most, boolean ascending) implements Serializable {
    /** Hears of the ids one by one. */
    static final class Builder {
        private long least = Long.MAX_VALUE;
        private long most = Long.MIN_VALUE;
        private boolean ascending = true;

        void add(long id) {
            ascending &= id > most;
            least = Math.min(least, id);
            most = Math.max(most, id);
        }

        IdSpan of(RowRange rows) {
            return new IdSpan(rows, least, most, ascending);
        }
    }
}
