package org.imagesearch.server.index;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.RequestException;

/**
 * A generation without the pictures that are taken down, as one query sees it from its begin to its end, wherever its shards are.
 * It is born retained once; {@link #release} of the last reference closes it. When other pictures are taken down, another one over
 * the same shards takes its place. Thread-safe.
 */
public abstract class Generation {
    private int references = 1;
    private volatile boolean replaced;

    public abstract IndexManifest manifest();

    /** The trained, empty index that queries are assigned with. */
    public abstract IvfIndex centroids();

    /** What scores are compared with, where the generation has it. */
    public abstract Optional<BackgroundSample> background();

    /** Numbers of the shards served, ascending. */
    public abstract List<Integer> shards();

    /** How many of them can be asked at present. */
    public int reachableShards() {
        return shards().size();
    }

    /** Pictures in the shards served, without those that are taken down. */
    public abstract long pictures();

    /** Pictures in the shards served that are taken down. */
    public abstract long hiddenPictures();

    /** The columns that a filter may name; empty if some shard cannot be filtered, as its rows were written before there were filters. */
    public abstract Optional<Columns> columns();

    /** Bytes of this process's memory that the screens of the shards take, 0 without. */
    public abstract long screenBytes();

    /** What filters came to in this process; empty if its shards are elsewhere. */
    public Optional<FilterCacheState> filterCache() {
        return Optional.empty();
    }

    /** Whether a picture is taken down, in the index or not. */
    public abstract boolean isDown(long id);

    /**
     * Scans every shard side by side and returns what each one answered in time, in the order of the shards: at least those of its
     * hits that are among the best k of all that answered.
     *
     * @param patient whether to wait until the deadline for whatever is late; else it may be given up once most have answered
     */
    public abstract List<ShardHits> scan(Probe probe, boolean patient, Deadline deadline);

    /** Scans one shard and takes little from queries by that: it has one thread for it. */
    public abstract ShardHits scanQuietly(int shard, Probe probe, Deadline deadline);

    /**
     * What is kept of hits, in their order; empty for one whose shard does not answer any more.
     *
     * @throws org.imagesearch.core.ImageSearchException (data) naming shard and id, if a vector has no row
     */
    public abstract List<Optional<StoredPicture>> pictures(List<Found> hits, boolean withVectors, Deadline deadline);

    /**
     * The row of a picture, in whichever shard holds it; empty if none does or if it is taken down.
     *
     * @throws RequestException (unavailable) if a shard that may hold it does not answer
     */
    public abstract Optional<ImageRow> row(long id);

    /**
     * The rows of pictures by id, as {@link #row} finds them, in as few rounds as their number allows.
     *
     * @throws RequestException (unavailable) if one is missing and a shard that may hold it does not answer
     */
    public final Map<Long, ImageRow> rows(long[] ids) {
        return storedRows(
                LongStream.of(ids).filter(id -> !isDown(id)).distinct().toArray());
    }

    /** @param ids distinct, none of a picture that is taken down */
    protected abstract Map<Long, ImageRow> storedRows(long[] ids);

    /** The embedding of a picture, float[dimension], as {@link #row} finds it; also of one that is taken down. */
    public abstract Optional<float[]> storedVector(long id);

    /** How many of these ids the shards served hold, taken down or not; an id that is given twice counts once. */
    public abstract int count(long[] ids);

    /** The embedding of a picture, float[dimension], as {@link #row} finds it. */
    public final Optional<float[]> vector(long id) {
        return isDown(id) ? Optional.empty() : storedVector(id);
    }

    /**
     * The same generation with other pictures taken down.
     *
     * @param down ids, ascending and distinct, whether the generation has them or not; stays as it is
     * @return retained once, whatever becomes of this one
     */
    protected abstract Generation hiding(long[] down);

    /** Gives back what it holds; called once, when nobody uses it any more. */
    protected abstract void close();

    /** Whether queries that begin now see another generation, or this one with other pictures taken down. */
    public final boolean isReplaced() {
        return replaced;
    }

    /** Gives back the reference of whoever served it. */
    final void retire() {
        replaced = true;
        release();
    }

    /** Takes a reference, if the generation is still open. */
    public final synchronized boolean retain() {
        if (references == 0) {
            return false;
        }
        references++;
        return true;
    }

    /** Gives a reference back; the last one closes the generation. */
    public final void release() {
        synchronized (this) {
            if (references == 0) {
                throw new IllegalStateException(manifest().generation() + " was released too often");
            }
            references--;
            if (references > 0) {
                return;
            }
        }
        close();
    }
}
