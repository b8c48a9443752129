package org.imagesearch.server.shards;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.MatchingRows;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.MatchingVectors;

/** An open shard: its vectors and the rows behind their ids. Thread-safe; its generation closes it. */
public final class Shard implements AutoCloseable {
    private final int number;
    private final IvfIndex vectors;
    private final RowStore rows;
    private final long screenBytes;
    private final double bytesPerList;
    private final Optional<Columns> columns;

    private Shard(int number, IvfIndex vectors, RowStore rows) {
        this.number = number;
        this.vectors = vectors;
        this.rows = rows;
        this.screenBytes = vectors.screenBytes();
        // Of a screen, it is the upper halves that are read; beyond them, the little that they do not decide.
        double bytes = screenBytes > 0 ? screenBytes / 2.0 : (double) vectors.size() * vectors.codeBytes();
        this.bytesPerList = bytes / vectors.nlist();
        this.columns = rows.canFilter() ? Optional.of(rows.columns()) : Optional.empty();
    }

    /** @throws ImageSearchException (data) naming the shard, if its parts do not fit the manifest or each other */
    static Shard open(
            Path generation, IndexManifest manifest, ShardEntry entry, float[] centroids, boolean map, boolean screen) {
        Path file = generation.resolve(entry.index().name());
        IvfIndex vectors = IvfIndex.ofShard(generation, entry, map);
        RowStore rows = null;
        try {
            rows = RowStore.open(rowsOf(generation, entry));
            requireEqual(file, "dimension", vectors.dimension(), manifest.dimension());
            requireEqual(file, "nlist", vectors.nlist(), manifest.nlist());
            requireEqual(file, "vectors", vectors.size(), entry.count());
            requireEqual(rowsOf(generation, entry), "rows", rows.size(), entry.count());
            if (!Arrays.equals(vectors.centroids(), centroids)) {
                throw ImageSearchException.data(
                        "%s has other centroids than %s: a query would scan the wrong lists",
                        file, generation.resolve(manifest.centroids().name()));
            }
            if (screen && vectors.isExact()) {
                vectors.screen();
            }
            return new Shard(entry.number(), vectors, rows);
        } catch (RuntimeException e) {
            vectors.close();
            if (rows != null) {
                rows.close();
            }
            throw e;
        }
    }

    private static Path rowsOf(Path generation, ShardEntry entry) {
        if (entry.rows().isEmpty()) {
            throw ImageSearchException.data("shard %d of %s has no row store", entry.number(), generation);
        }
        return generation.resolve(entry.rows().get(0).name()).getParent();
    }

    private static void requireEqual(Path file, String what, long found, long expected) {
        if (found != expected) {
            throw ImageSearchException.data("%s: %s is %d, index.json says %d", file, what, found, expected);
        }
    }

    /** Its number in the index. */
    public int number() {
        return number;
    }

    public IvfIndex vectors() {
        return vectors;
    }

    /** Whether what a scan reads was put into memory, so that it does not wait for a disk, save for a few of its last rows. */
    public boolean isInMemory() {
        return !vectors.isRefined() && (!vectors.isMapped() || screenBytes > 0);
    }

    /** Bytes that a scan reads of a list, in the mean. */
    double bytesPerList() {
        return bytesPerList;
    }

    /** Bytes of memory that its screen takes, 0 without one. */
    long screenBytes() {
        return screenBytes;
    }

    /** Whether the shard holds a picture. */
    public boolean holds(long id) {
        return rows.contains(id);
    }

    /** The row of a picture, if the shard holds it. */
    public Optional<ImageRow> row(long id) {
        return rows.row(id);
    }

    /** The rows of pictures, in their order; empty where the shard does not hold one. */
    public List<Optional<ImageRow>> rows(long[] ids) {
        return rows.rows(ids);
    }

    /** The columns that a filter may name; empty if the rows were written before there were filters. */
    Optional<Columns> columns() {
        return columns;
    }

    /**
     * The pictures that a filter lets through.
     *
     * @param without ids that count as if they were not there, ascending
     */
    MatchingVectors matches(Filter filter, long[] without) {
        MatchingRows matching = rows.matching(filter, without);
        return new MatchingVectors(matching.ids(), matching.lists(), vectors.nlist(), matching.all());
    }

    /** The embedding of a picture, float[dimension], if the shard holds it. */
    public Optional<float[]> vector(long id) {
        OptionalInt list = rows.list(id);
        if (list.isEmpty()) {
            return Optional.empty();
        }
        Optional<float[]> vector = vectors.vector(list.getAsInt(), id);
        if (vector.isEmpty()) {
            throw ImageSearchException.data(
                    "shard %d has a row of id %d in list %d, but no vector there", number, id, list.getAsInt());
        }
        return vector;
    }

    @Override
    public void close() {
        vectors.close();
        rows.close();
    }
}
