package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.BiFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.MessageColumnIO;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;

/**
 * Streams rows of Parquet files, one row group in memory at a time.
 *
 * <p>Embeddings are read below Avro's object model: Parquet's record assembly fills a {@code float[]} directly, with
 * nothing boxed. Lists in the three-level form of Spark and pandas and in Avro's two-level form are both read. Every
 * embedding that is handed out has the right dimension and only finite numbers. One thread at a time.
 */
public final class EmbeddingReader<T> implements Iterator<T>, Closeable {
    private final Iterator<FileSlice> slices;
    private final BiFunction<String, MessageType, Columns<T>> columns;
    private final Optional<Fingerprint> model;
    private final Configuration configuration;

    private String file = "";
    private ParquetFileReader reader;
    private MessageColumnIO columnIo;
    private Columns<T> rowColumns;
    private RecordReader<T> rows;
    private long rowsLeft;

    private EmbeddingReader(
            List<FileSlice> slices,
            Optional<Fingerprint> model,
            Configuration configuration,
            BiFunction<String, MessageType, Columns<T>> columns) {
        this.slices = List.copyOf(slices).iterator();
        this.columns = columns;
        this.model = model;
        this.configuration = configuration;
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
                slices, model, configuration, (file, schema) -> new ImageColumns(file, schema, dimension));
    }

    /** Reads ids and embeddings only, of {@code images/} or {@code queries/}; parameters as in {@link #images}. */
    public static EmbeddingReader<IdVector> vectors(
            List<FileSlice> slices, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        return new EmbeddingReader<>(
                slices, model, configuration, (file, schema) -> new VectorColumns(file, schema, dimension));
    }

    /** Reads {@code queries/}; parameters as in {@link #images}. */
    public static EmbeddingReader<QueryRow> queries(
            List<FileSlice> slices, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        return new EmbeddingReader<>(
                slices, model, configuration, (file, schema) -> new QueryColumns(file, schema, dimension));
    }

    /** Reads ids only, without touching the embeddings. */
    public static EmbeddingReader<Long> ids(List<FileSlice> slices, Configuration configuration) {
        return new EmbeddingReader<>(slices, Optional.empty(), configuration, IdColumns::new);
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
            while (rowsLeft == 0) {
                if (reader == null && !openNextSlice()) {
                    return false;
                }
                openNextRowGroup();
            }
            return true;
        } catch (IOException | RuntimeException e) {
            throw unreadable(file, e);
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
        rowsLeft--;
        try {
            return rows.read();
        } catch (RuntimeException e) {
            throw unreadable(file, e);
        }
    }

    @Override
    public void close() {
        rowsLeft = 0;
        if (reader != null) {
            try {
                reader.close();
            } catch (IOException e) {
                throw unreadable(file, e);
            } finally {
                reader = null;
            }
        }
    }

    private boolean openNextSlice() throws IOException {
        if (!slices.hasNext()) {
            return false;
        }
        FileSlice slice = slices.next();
        file = slice.file();
        ParquetReadOptions options = HadoopReadOptions.builder(configuration)
                .withRange(slice.start(), slice.end())
                .build();
        reader = ParquetFileReader.open(HadoopInputFile.fromPath(slice.path(), configuration), options);
        var metadata = reader.getFileMetaData();
        Optional<Fingerprint> found = EmbeddingSchema.model(metadata.getKeyValueMetaData());
        if (model.isPresent() && found.isPresent()) {
            model.get().requireSame("the dataset", found.get(), file);
        }
        rowColumns = columns.apply(file, metadata.getSchema());
        reader.setRequestedSchema(rowColumns.schema());
        columnIo = new ColumnIOFactory(metadata.getCreatedBy()).getColumnIO(rowColumns.schema(), metadata.getSchema());
        return true;
    }

    private void openNextRowGroup() throws IOException {
        PageReadStore pages = reader.readNextRowGroup();
        if (pages == null) {
            close();
            return;
        }
        rows = columnIo.getRecordReader(pages, rowColumns);
        rowsLeft = pages.getRowCount();
    }

    /** Parquet wraps what our converters throw; the message for the user is the innermost of ours. */
    private static ImageSearchException unreadable(String file, Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ImageSearchException known) {
                return known;
            }
        }
        return new ImageSearchException(ErrorCode.DATA, "cannot read " + file + " as Parquet: " + e.getMessage(), e);
    }
}
