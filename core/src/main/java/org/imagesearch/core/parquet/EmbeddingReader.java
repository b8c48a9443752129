package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.BiFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;

/**
 * Streams rows of Parquet files, a page of every column in memory at a time.
 *
 * <p>Embeddings are read below Avro's object model: Parquet's record assembly fills a {@code float[]} directly, with
 * nothing boxed. Lists in the three-level form of Spark and pandas and in Avro's two-level form are both read. Every
 * embedding that is handed out has the right dimension and only finite numbers. One thread at a time.
 */
public final class EmbeddingReader<T> implements Iterator<T>, Closeable {
    private final RowRanges ranges;
    private final BiFunction<String, MessageType, Columns<T>> columns;

    private RowRange range;
    private StreamedRowGroup group;
    private RecordReader<T> rows;
    /** The next one of the row group. */
    private long row;

    private EmbeddingReader(RowRanges ranges, BiFunction<String, MessageType, Columns<T>> columns) {
        this.ranges = ranges;
        this.columns = columns;
    }

    /**
     * Reads {@code images/}, all columns.
     *
     * @param slices what to read, in this order
     * @param dimension floats that every embedding must have
     * @param model the model that must have made the files; a footer that names another is refused
     * @param configuration how Hadoop reaches the files
     */
    public static EmbeddingReader<EmbeddingRow> images(
            List<FileSlice> slices, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        return new EmbeddingReader<>(
                RowRanges.ofSlices(slices, model, configuration),
                (file, schema) -> new ImageColumns(file, schema, dimension));
    }

    /** Reads ids and embeddings only, of {@code images/} or {@code queries/}; parameters as in {@link #images}. */
    public static EmbeddingReader<IdVector> vectors(
            List<FileSlice> slices, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        return new EmbeddingReader<>(
                RowRanges.ofSlices(slices, model, configuration),
                (file, schema) -> new VectorColumns(file, schema, dimension));
    }

    /** Reads {@code queries/}; parameters as in {@link #images}. */
    public static EmbeddingReader<QueryRow> queries(
            List<FileSlice> slices, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        return new EmbeddingReader<>(
                RowRanges.ofSlices(slices, model, configuration),
                (file, schema) -> new QueryColumns(file, schema, dimension));
    }

    /** The same of ranges of rows. */
    static EmbeddingReader<IdVector> vectorsOf(
            List<RowRange> ranges, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        return new EmbeddingReader<>(
                RowRanges.of(ranges, model, configuration),
                (file, schema) -> new VectorColumns(file, schema, dimension));
    }

    /**
     * Reads all columns of {@code images/} but the embeddings, which are not touched.
     *
     * @param ranges what to read, in this order
     */
    public static EmbeddingReader<PictureRow> pictures(
            List<RowRange> ranges, Optional<Fingerprint> model, Configuration configuration) {
        return new EmbeddingReader<>(RowRanges.of(ranges, model, configuration), PictureColumns::new);
    }

    /** Reads ids only, without touching the embeddings. */
    public static EmbeddingReader<Long> ids(
            List<RowRange> ranges, Optional<Fingerprint> model, Configuration configuration) {
        return new EmbeddingReader<>(RowRanges.of(ranges, model, configuration), IdColumns::new);
    }

    /**
     * The row groups of slices that have rows, whole, by their footers.
     *
     * @throws ImageSearchException (data) naming the file, if it cannot be read as Parquet or is of another model
     */
    public static List<RowRange> rowGroups(
            List<FileSlice> slices, Optional<Fingerprint> model, Configuration configuration) {
        RowRanges ranges = RowRanges.ofSlices(slices, model, configuration);
        try (ranges) {
            List<RowRange> found = new ArrayList<>();
            for (RowRange range = ranges.next(); range != null; range = ranges.next()) {
                found.add(range);
            }
            return found;
        } catch (IOException | RuntimeException e) {
            throw unreadable(ranges.fileName(), e);
        }
    }

    /**
     * Rows of a file according to its footer.
     *
     * @throws ImageSearchException (data) naming the file, if it cannot be read as Parquet
     */
    public static long rowCount(Path file, Configuration configuration) {
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, configuration))) {
            return reader.getRecordCount();
        } catch (IOException | RuntimeException e) {
            throw unreadable(file.toString(), e);
        }
    }

    /** @throws ImageSearchException (data) naming the file, if it is broken or lacks a column */
    @Override
    public boolean hasNext() {
        try {
            return (range != null && row < range.to()) || openNextRange();
        } catch (IOException | RuntimeException e) {
            throw unreadable(ranges.fileName(), e);
        }
    }

    /**
     * @throws ImageSearchException (data) naming file and id, if an embedding has the wrong dimension, a null or a number
     *     that is not finite
     */
    @Override
    public T next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        row++;
        try {
            return rows.read();
        } catch (RuntimeException e) {
            throw unreadable(ranges.fileName(), e);
        }
    }

    @Override
    public void close() {
        range = null;
        try {
            closeGroup();
            ranges.close();
        } catch (IOException e) {
            throw unreadable(ranges.fileName(), e);
        }
    }

    private boolean openNextRange() throws IOException {
        RowRange last = range;
        range = ranges.next();
        if (range == null) {
            closeGroup();
            return false;
        }
        if (group == null || !range.isBeside(last) || range.from() < row) {
            openGroup();
        }
        for (; row < range.from(); row++) {
            // Columns have their own pages, so that none can be jumped into without losing the others.
            rows.read();
        }
        return true;
    }

    private void openGroup() throws IOException {
        closeGroup();
        DatasetFile file = ranges.file();
        Columns<T> wanted = columns.apply(file.name(), file.schema());
        group = new StreamedRowGroup(file, range.rowGroup());
        rows = new ColumnIOFactory(file.createdBy())
                .getColumnIO(wanted.schema(), file.schema())
                .getRecordReader(group, wanted);
        row = 0;
    }

    private void closeGroup() throws IOException {
        if (group != null) {
            StreamedRowGroup closing = group;
            group = null;
            closing.close();
        }
    }

    /** Parquet wraps what our converters throw; the message for the user is the innermost of ours. */
    static ImageSearchException unreadable(String file, Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ImageSearchException known) {
                return known;
            }
        }
        return new ImageSearchException(ErrorCode.DATA, "cannot read " + file + " as Parquet: " + e.getMessage(), e);
    }
}
