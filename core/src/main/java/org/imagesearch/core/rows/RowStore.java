package org.imagesearch.core.rows;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.store.NoLockFactory;
import org.apache.lucene.util.BytesRef;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * The rows of a shard by id. Documents stand in id order, so an id is found by a binary search over every
 * {@value #STRIDE}th id, which are kept on the heap, and a short walk from there; rows stay in the page cache. Thread-safe;
 * using it after {@link #close} is an {@link IllegalStateException}.
 */
public final class RowStore implements Closeable {
    /** A walk of this length costs about as much as the search; 8 bytes per stride and nothing more is held in memory. */
    private static final int STRIDE = 128;

    private final Path path;
    private final FSDirectory lucene;
    private final DirectoryReader reader;
    private final LeafReader leaf;
    private final long[] fence;

    private RowStore(Path path, FSDirectory lucene, DirectoryReader reader, LeafReader leaf) throws IOException {
        this.path = path;
        this.lucene = lucene;
        this.reader = reader;
        this.leaf = leaf;
        this.fence = readFence();
    }

    /**
     * Opens a store and reads its ids once.
     *
     * @throws ImageSearchException (data) naming the store, if it is missing or damaged or holds an id twice
     */
    public static RowStore open(Path path) {
        if (!Files.isDirectory(path)) {
            throw ImageSearchException.data("missing row store: %s", path);
        }
        FSDirectory lucene = null;
        DirectoryReader reader = null;
        try {
            lucene = new MMapDirectory(path, NoLockFactory.INSTANCE);
            reader = DirectoryReader.open(lucene);
            if (reader.leaves().size() > 1) {
                throw ImageSearchException.data(
                        "the row store %s has %d segments, expected 1",
                        path, reader.leaves().size());
            }
            LeafReader leaf =
                    reader.leaves().isEmpty() ? null : reader.leaves().get(0).reader();
            return new RowStore(path, lucene, reader, leaf);
        } catch (IOException | RuntimeException e) {
            closeQuietly(reader, e);
            closeQuietly(lucene, e);
            throw damaged(path, e);
        }
    }

    /** Pictures in the store. */
    public long size() {
        return leaf == null ? 0 : leaf.maxDoc();
    }

    public boolean contains(long id) {
        return guarded(() -> ordinal(id) >= 0);
    }

    /**
     * How many of these ids the store holds.
     *
     * @param sorted distinct ids, ascending
     */
    public long count(long[] sorted) {
        return guarded(() -> {
            long found = 0;
            for (long id : sorted) {
                if (ordinal(id) >= 0) {
                    found++;
                }
            }
            return found;
        });
    }

    /** The row of an id; empty if the shard does not hold it. */
    public Optional<ImageRow> row(long id) {
        return guarded(() -> readRow(id));
    }

    /** The rows of ids, in the order of the ids; empty where the shard does not hold one. */
    public List<Optional<ImageRow>> rows(long[] ids) {
        List<Optional<ImageRow>> rows = new ArrayList<>(ids.length);
        for (long id : ids) {
            rows.add(row(id));
        }
        return rows;
    }

    /** The inverted list that holds the vector of an id; empty if the shard does not hold the id. */
    public OptionalInt list(long id) {
        return guarded(() -> {
            int ordinal = ordinal(id);
            if (ordinal < 0) {
                return OptionalInt.empty();
            }
            NumericDocValues lists = numbers(RowFields.LIST);
            lists.advanceExact(ordinal);
            return OptionalInt.of(Math.toIntExact(lists.longValue()));
        });
    }

    /** Shows every row, by growing id, reading the store from front to back. */
    public void forEach(RowVisitor visitor) {
        guarded(() -> {
            if (size() > 0) {
                visitAll(visitor);
            }
            return null;
        });
    }

    /**
     * Shows the rows of those ids that the store holds, reading it forward.
     *
     * @param sorted ids, ascending; one that stands there twice is shown twice
     */
    public void forEachOf(long[] sorted, RowVisitor visitor) {
        guarded(() -> {
            if (size() > 0) {
                visit(sorted, visitor);
            }
            return null;
        });
    }

    /**
     * The inverted lists of ids, reading the store forward.
     *
     * @param sorted ids, ascending
     * @return a list for each id, -1 where the store does not hold it
     */
    public int[] lists(long[] sorted) {
        return guarded(() -> {
            int[] found = new int[sorted.length];
            Arrays.fill(found, -1);
            if (size() > 0) {
                NumericDocValues lists = numbers(RowFields.LIST);
                walk(sorted, (place, ordinal) -> {
                    if (!lists.advanceExact(ordinal)) {
                        throw ImageSearchException.data("the row store %s has no list for id %d", path, sorted[place]);
                    }
                    found[place] = Math.toIntExact(lists.longValue());
                });
            }
            return found;
        });
    }

    private void visit(long[] sorted, RowVisitor visitor) throws IOException {
        NumericDocValues lists = numbers(RowFields.LIST);
        BinaryDocValues rows = leaf.getBinaryDocValues(RowFields.ROW);
        walk(sorted, (place, ordinal) -> {
            long id = sorted[place];
            if (rows == null || !lists.advanceExact(ordinal) || !rows.advanceExact(ordinal)) {
                throw ImageSearchException.data("the row store %s has no list or row for id %d", path, id);
            }
            BytesRef row = rows.binaryValue();
            visitor.visit(
                    id,
                    Math.toIntExact(lists.longValue()),
                    Arrays.copyOfRange(row.bytes, row.offset, row.offset + row.length));
        });
    }

    private interface Found {
        /**
         * @param place of the id among those that were asked for
         * @param ordinal of its document
         */
        void at(int place, int ordinal) throws IOException;
    }

    /** Finds ascending ids, going forward through the store and over strides that hold none of them. */
    private void walk(long[] sorted, Found found) throws IOException {
        NumericDocValues ids = numbers(RowFields.ID);
        int ordinal = 0;
        for (int place = 0; place < sorted.length; place++) {
            long wanted = sorted[place];
            ordinal = Math.max(ordinal, Math.max(0, lastAtMost(wanted)) * STRIDE);
            long id = -1;
            while (ordinal < size() && ids.advanceExact(ordinal)) {
                id = ids.longValue();
                if (id >= wanted) {
                    break;
                }
                ordinal++;
            }
            if (id == wanted) {
                found.at(place, ordinal);
            }
        }
    }

    private void visitAll(RowVisitor visitor) throws IOException {
        NumericDocValues ids = numbers(RowFields.ID);
        NumericDocValues lists = numbers(RowFields.LIST);
        BinaryDocValues rows = leaf.getBinaryDocValues(RowFields.ROW);
        for (int ordinal = 0; ordinal < size(); ordinal++) {
            if (rows == null
                    || !ids.advanceExact(ordinal)
                    || !lists.advanceExact(ordinal)
                    || !rows.advanceExact(ordinal)) {
                throw ImageSearchException.data("the row store %s has no id, list or row at place %d", path, ordinal);
            }
            BytesRef row = rows.binaryValue();
            visitor.visit(
                    ids.longValue(),
                    Math.toIntExact(lists.longValue()),
                    Arrays.copyOfRange(row.bytes, row.offset, row.offset + row.length));
        }
    }

    @Override
    public void close() {
        try {
            reader.close();
            lucene.close();
        } catch (IOException e) {
            throw damaged(path, e);
        }
    }

    private Optional<ImageRow> readRow(long id) throws IOException {
        int ordinal = ordinal(id);
        if (ordinal < 0) {
            return Optional.empty();
        }
        BinaryDocValues rows = leaf.getBinaryDocValues(RowFields.ROW);
        if (rows == null || !rows.advanceExact(ordinal)) {
            throw ImageSearchException.data("the row store %s has no row for id %d", path, id);
        }
        BytesRef bytes = rows.binaryValue();
        try {
            return Optional.of(RowCodec.decode(bytes.bytes, bytes.offset, bytes.length));
        } catch (RuntimeException e) {
            throw new ImageSearchException(
                    ErrorCode.DATA, "the row store " + path + " is damaged at id " + id + ": " + e.getMessage(), e);
        }
    }

    /** The document of an id, -1 if there is none. */
    private int ordinal(long id) throws IOException {
        int stride = lastAtMost(id);
        if (stride < 0) {
            return -1;
        }
        // Doc values only move forward, hence a fresh view per search and a walk instead of a second binary search.
        NumericDocValues ids = numbers(RowFields.ID);
        int end = (int) Math.min(size(), (stride + 1L) * STRIDE);
        for (int ordinal = stride * STRIDE; ordinal < end; ordinal++) {
            ids.advanceExact(ordinal);
            long found = ids.longValue();
            if (found >= id) {
                return found == id ? ordinal : -1;
            }
        }
        return -1;
    }

    /** The last place of the fence whose id is at most this one, -1 if all are larger. */
    private int lastAtMost(long id) {
        int low = 0;
        int high = fence.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (fence[middle] <= id) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    private long[] readFence() throws IOException {
        int size = Math.toIntExact(size());
        long[] every = new long[(int) ((size + STRIDE - 1L) / STRIDE)];
        if (size == 0) {
            return every;
        }
        NumericDocValues ids = numbers(RowFields.ID);
        long previous = -1;
        for (int ordinal = 0; ordinal < size; ordinal++) {
            if (!ids.advanceExact(ordinal)) {
                throw ImageSearchException.data("the row store %s has no id at place %d", path, ordinal);
            }
            long id = ids.longValue();
            if (id == previous) {
                throw ImageSearchException.data("id %d is in %s twice", id, path);
            }
            if (id < previous) {
                throw ImageSearchException.data("the row store %s is not in id order at id %d", path, id);
            }
            if (ordinal % STRIDE == 0) {
                every[ordinal / STRIDE] = id;
            }
            previous = id;
        }
        return every;
    }

    private NumericDocValues numbers(String field) throws IOException {
        NumericDocValues values = leaf.getNumericDocValues(field);
        if (values == null) {
            throw ImageSearchException.data("the row store %s has no field '%s'", path, field);
        }
        return values;
    }

    private <T> T guarded(Lookup<T> lookup) {
        // The memory map lives until the last lookup that began before the close has ended.
        if (!reader.tryIncRef()) {
            throw new IllegalStateException("the row store " + path + " is closed");
        }
        try {
            return lookup.run();
        } catch (IOException e) {
            throw damaged(path, e);
        } finally {
            release();
        }
    }

    private void release() {
        try {
            reader.decRef();
        } catch (IOException e) {
            throw damaged(path, e);
        }
    }

    private interface Lookup<T> {
        T run() throws IOException;
    }

    private static ImageSearchException damaged(Path path, Exception e) {
        return e instanceof ImageSearchException known
                ? known
                : new ImageSearchException(
                        ErrorCode.DATA, "the row store " + path + " is damaged: " + e.getMessage(), e);
    }

    private static void closeQuietly(Closeable opened, Exception reason) {
        if (opened != null) {
            try {
                opened.close();
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
        }
    }
}
