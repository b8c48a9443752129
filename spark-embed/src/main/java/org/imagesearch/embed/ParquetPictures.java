package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Pictures that are values of Parquet files. Rows are asked for in about the order of the file, which is then read once, a page
 * at a time; a row that lies further back is read anew from the beginning of its row group. Thread-safe, one read at a time.
 */
final class ParquetPictures implements AutoCloseable {
    /** Rows asked for by several threads come a little out of order; so many that were passed over are kept for a while. */
    private static final int KEPT_ROWS = 64;

    private static final long KEPT_BYTES = 32L << 20;

    private final Configuration configuration;
    private final Map<Long, byte[]> kept = new LinkedHashMap<>();
    private long keptBytes;
    private String open;
    private boolean closed;
    private ParquetColumn column;

    ParquetPictures(Configuration configuration) {
        this.configuration = configuration;
    }

    /**
     * The picture of a row.
     *
     * @param row counted from 0 in the whole file
     * @throws FileNotFoundException if the file, the row or its picture is not there
     */
    synchronized byte[] read(String uri, long row, long limitBytes) throws IOException {
        if (closed) {
            throw new IOException(uri + " is closed");
        }
        try {
            open(uri);
            byte[] passed = take(row);
            return bounded(passed != null ? passed : advance(row), limitBytes, uri, row);
        } catch (RuntimeException e) {
            // Parquet's words for damage.
            reset();
            throw new IOException(uri + ", row " + row + " cannot be read: " + e, e);
        } catch (FileNotFoundException | ReadFailure e) {
            throw e;
        } catch (IOException e) {
            reset();
            throw e;
        }
    }

    private void open(String uri) throws IOException {
        if (!uri.equals(open)) {
            reset();
            column = ParquetColumn.open(new Path(URI.create(uri)), configuration);
            open = uri;
        }
    }

    private byte[] advance(long row) throws IOException {
        long next = column.nextRow();
        if (row > next && row - next <= KEPT_ROWS) {
            for (long passed = next; passed < row; passed++) {
                keep(passed, column.read(passed));
            }
        }
        return column.read(row);
    }

    private static byte[] bounded(byte[] bytes, long limitBytes, String uri, long row) throws IOException {
        if (bytes == null) {
            throw new FileNotFoundException(uri + ", row " + row + " has no picture");
        }
        if (bytes.length > limitBytes) {
            throw new PictureFiles.TooLargeException(bytes.length, limitBytes);
        }
        return bytes;
    }

    private void keep(long row, byte[] bytes) {
        if (bytes == null || bytes.length > KEPT_BYTES) {
            return;
        }
        kept.put(row, bytes);
        keptBytes += bytes.length;
        Iterator<byte[]> oldest = kept.values().iterator();
        while (kept.size() > KEPT_ROWS || keptBytes > KEPT_BYTES) {
            keptBytes -= oldest.next().length;
            oldest.remove();
        }
    }

    private byte[] take(long row) {
        byte[] bytes = kept.remove(row);
        keptBytes -= bytes == null ? 0 : bytes.length;
        return bytes;
    }

    /** A reading thread that comes later opens nothing any more. */
    @Override
    public synchronized void close() {
        closed = true;
        reset();
    }

    private void reset() {
        kept.clear();
        keptBytes = 0;
        open = null;
        if (column != null) {
            column.close();
            column = null;
        }
    }
}
