package org.imagesearch.core.parquet;

import java.io.Serializable;
import java.util.List;
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

    /** Adds rows behind others: to the last of these, where they begin at its end. */
    public static void append(List<RowRange> ranges, RowRange next) {
        RowRange last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
        if (last != null && last.isBeside(next) && last.to == next.from) {
            ranges.set(ranges.size() - 1, new RowRange(last.file, last.rowGroup, last.from, next.to));
        } else {
            ranges.add(next);
        }
    }

    /** The rows from another one on. */
    RowRange startingAt(long row) {
        return new RowRange(file, rowGroup, row, to);
    }
}
