package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.Fingerprint;

/** Goes from one range of rows to the next, with the file of the one at hand open. One thread at a time. */
final class RowRanges implements Closeable {
    private final Optional<Fingerprint> model;
    private final Configuration configuration;
    private final Iterator<FileSlice> slices;
    private final Deque<RowRange> ranges;
    private String fileName = "";
    private DatasetFile file;

    private RowRanges(
            List<FileSlice> slices, List<RowRange> ranges, Optional<Fingerprint> model, Configuration configuration) {
        this.model = model;
        this.configuration = configuration;
        this.slices = List.copyOf(slices).iterator();
        this.ranges = new ArrayDeque<>(ranges);
    }

    /** The row groups of slices, whole. */
    static RowRanges ofSlices(List<FileSlice> slices, Optional<Fingerprint> model, Configuration configuration) {
        return new RowRanges(slices, List.of(), model, configuration);
    }

    static RowRanges of(List<RowRange> ranges, Optional<Fingerprint> model, Configuration configuration) {
        return new RowRanges(List.of(), ranges, model, configuration);
    }

    /** The next range that has rows; null behind the last. */
    RowRange next() throws IOException {
        while (true) {
            while (!ranges.isEmpty()) {
                RowRange range = ranges.remove();
                open(range.file());
                if (range.to() > file.rows(range.rowGroup())) {
                    throw new IOException("row group " + range.rowGroup() + " has " + file.rows(range.rowGroup())
                            + " rows, expected at least " + range.to());
                }
                if (range.count() > 0) {
                    return range;
                }
            }
            if (!slices.hasNext()) {
                return null;
            }
            FileSlice slice = slices.next();
            open(slice.file());
            ranges.addAll(file.rowGroups(slice));
        }
    }

    /** The file of the range at hand. */
    DatasetFile file() {
        return file;
    }

    private void open(String name) throws IOException {
        if (file == null || !file.name().equals(name)) {
            close();
            fileName = name;
            file = DatasetFile.open(name, model, configuration);
        }
    }

    /** The file that was opened last, or should have been. */
    String fileName() {
        return fileName;
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            DatasetFile closing = file;
            file = null;
            closing.close();
        }
    }
}
