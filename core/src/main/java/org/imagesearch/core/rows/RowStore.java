package org.imagesearch.core.rows;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
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
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.Filter;

/**
 * The rows of a shard by id, and the ids whose rows a filter lets through. Documents stand in id order, rows stay in the page cache.
 * Thread-safe; using it after {@link #close} is an {@link IllegalStateException}.
 */
public final class RowStore implements Closeable {
    private final Path path;
    private final FSDirectory lucene;
    private final DirectoryReader reader;
    private final LeafReader leaf;
    private final IdOrder ids;
    private final int version;

    private RowStore(Path path, FSDirectory lucene, DirectoryReader reader, LeafReader leaf) throws IOException {
        this.path = path;
        this.lucene = lucene;
        this.reader = reader;
        this.leaf = leaf;
        this.version = version(path, reader);
        this.ids = new IdOrder(path, leaf);
    }

    /** Stores of version 1 say nothing of it. */
    private static int version(Path path, DirectoryReader reader) throws IOException {
        String version = reader.getIndexCommit().getUserData().getOrDefault(RowStoreWriter.VERSION_KEY, "1");
        if (!version.equals("1") && !version.equals(RowStoreWriter.VERSION)) {
            throw ImageSearchException.data(
                    "the row store %s has version %s, this program reads 1 and %s",
                    path, version, RowStoreWriter.VERSION);
        }
        return Integer.parseInt(version);
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
        return guarded(() -> ids.ordinal(id) >= 0);
    }

    /**
     * How many of these ids the store holds.
     *
     * @param sorted distinct ids, ascending
     */
    public long count(long[] sorted) {
        return guarded(() -> {
            long[] found = {0};
            ids.find(sorted, (place, ordinal) -> found[0]++);
            return found[0];
        });
    }

    /** The row of an id; empty if the shard does not hold it. */
    public Optional<ImageRow> row(long id) {
        return rows(new long[] {id}).get(0);
    }

    /** The rows of ids in any order, in that order; empty where the shard does not hold one. The store is read forward, once. */
    public List<Optional<ImageRow>> rows(long[] wanted) {
        long[] sorted = wanted.clone();
        Arrays.sort(sorted);
        ImageRow[] found = new ImageRow[sorted.length];
        guarded(() -> {
            if (size() > 0) {
                BinaryDocValues rows = leaf.getBinaryDocValues(RowFields.ROW);
                ids.find(sorted, (place, ordinal) -> found[place] = decoded(rows, ordinal, sorted[place]));
            }
            return null;
        });
        List<Optional<ImageRow>> rows = new ArrayList<>(wanted.length);
        for (long id : wanted) {
            rows.add(Optional.ofNullable(found[Arrays.binarySearch(sorted, id)]));
        }
        return rows;
    }

    /** Whether filters can be answered; stores that were written before there were any cannot. */
    public boolean canFilter() {
        return version > 1 || size() == 0;
    }

    /** The columns that a filter may name, those of every picture first. */
    public Columns columns() {
        return guarded(() -> size() == 0 ? Columns.OF_EVERY_PICTURE : new RowMatcher(path, leaf, ids).columns());
    }

    /**
     * The pictures that a filter lets through, however the store's columns fit it: none has a value in a column that there is not.
     *
     * @param without ids that count as if they were not there, ascending
     * @throws ImageSearchException (input) if the store was written before there were filters
     */
    public MatchingRows matching(Filter filter, long[] without) {
        if (!canFilter()) {
            throw ImageSearchException.input(
                    "the row store %s was written before there were filters: merge or compact the index anew", path);
        }
        return guarded(() -> size() == 0
                ? new MatchingRows(new long[0], new int[0], true)
                : new RowMatcher(path, leaf, ids).matching(filter, without));
    }

    /** The inverted list that holds the vector of an id; empty if the shard does not hold the id. */
    public OptionalInt list(long id) {
        return guarded(() -> {
            int ordinal = ids.ordinal(id);
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
                ids.find(sorted, (place, ordinal) -> {
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
        ids.find(sorted, (place, ordinal) -> {
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

    private ImageRow decoded(BinaryDocValues rows, int ordinal, long id) throws IOException {
        if (rows == null || !rows.advanceExact(ordinal)) {
            throw ImageSearchException.data("the row store %s has no row for id %d", path, id);
        }
        BytesRef bytes = rows.binaryValue();
        try {
            return RowCodec.decode(bytes.bytes, bytes.offset, bytes.length);
        } catch (RuntimeException e) {
            throw new ImageSearchException(
                    ErrorCode.DATA, "the row store " + path + " is damaged at id " + id + ": " + e.getMessage(), e);
        }
    }

    private NumericDocValues numbers(String field) throws IOException {
        return numbers(path, leaf, field);
    }

    static NumericDocValues numbers(Path path, LeafReader leaf, String field) throws IOException {
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
        } catch (IOException | UncheckedIOException e) {
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
