package org.imagesearch.core.parquet;

import java.io.Serializable;
import org.imagesearch.core.ImageSearchException;

/**
 * Rows of one row group of a Parquet file.
 *
 * @param file the file's URI
 * @param rowGroup number of the row group in the file, from 0
 * @param from first row, counted in the row group
 * @param to the row behind the last one
 */
public record RowRange(String file, int rowGroup, long from, long to) implements Serializable {
    /** @throws ImageSearchException (input) if a number is negative or the range ends before it begins */
    public RowRange {
        if (rowGroup < 0 || from < 0 || to < from) {
            throw ImageSearchException.input("%s: no rows are %d to %d of row group %d", file, from, to, rowGroup);
        }
    }

    /** How many rows. */
    public long count() {
        return to - from;
    }

    /** Whether it lies in the same row group as another range. */
    boolean isBeside(RowRange other) {
        return rowGroup == other.rowGroup && file.equals(other.file);
    }

    /** The rows from another one on. */
    RowRange startingAt(long row) {
        return new RowRange(file, rowGroup, row, to);
    }
}
