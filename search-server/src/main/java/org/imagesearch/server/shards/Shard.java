package org.imagesearch.server.shards;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.faiss.IvfIndex;

/** An open shard: its vectors and the rows behind their ids. Thread-safe; its generation closes it. */
public final class Shard implements AutoCloseable {
    private final int number;
    private final IvfIndex vectors;
    private final RowStore rows;
    private final long screenBytes;

    private Shard(int number, IvfIndex vectors, RowStore rows) {
        this.number = number;
        this.vectors = vectors;
        this.rows = rows;
        this.screenBytes = vectors.screenBytes();
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

    /** Bytes of memory that its screen takes, 0 without one. */
    long screenBytes() {
        return screenBytes;
    }

    /** Whether the shard holds a picture. */
    boolean holds(long id) {
        return rows.contains(id);
    }

    /** The row of a picture, if the shard holds it. */
    public Optional<ImageRow> row(long id) {
        return rows.row(id);
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
