package org.imagesearch.merge;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.faiss.IvfIndex;

/**
 * Reads a written shard back: checks it against what was meant to be written, and finds the exact nearest pictures of the
 * queries in it.
 *
 * @param nearest the nearest pictures of every query in this shard; none where it holds codes alone
 * @param fit how well its vectors fit the centroids of their lists
 * @param captioned those of its pictures whose captions are queries
 */
record ShardInspection(NearestPictures nearest, CentroidFit fit, VectorBlock captioned) implements Serializable {
    /** Vectors compared with all queries at once: enough for matrix multiplication to pay. */
    private static final int CHUNK = SortedIds.MOST;

    /** A vector lies in the list of its nearest centroid; the second one covers what rounding may swap. */
    private static final int SELF_PROBES = 2;

    private static final int SELF_HITS = 10;
    private static final float SELF_TOLERANCE = 1e-3f;

    /**
     * What is asked of every shard.
     *
     * @param nlist inverted lists
     * @param centroids {@code float[nlist * dimension]} that the shard must have
     * @param queries pictures first, then words
     * @param pictures how many of the queries are pictures of the dataset
     * @param k nearest pictures per query
     */
    @SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
    record Task(int nlist, float[] centroids, VectorBlock queries, int pictures, int k) implements Serializable {
        /** Only to check it. */
        static Task withoutQueries(int nlist, int dimension, float[] centroids) {
            return new Task(nlist, centroids, new VectorBlock(0, dimension), 0, 1);
        }
    }

    /**
     * @param directory the index's directory, or the one that its folder is written in
     * @param generation the folder of the generation below it
     * @param readChecksums whether to compare the files with their checksums first; not needed for files just written
     * @throws ImageSearchException (data) naming the file and what does not fit
     */
    static ShardInspection inspect(
            IndexDirectory directory, String generation, ShardEntry shard, boolean readChecksums, Task task) {
        if (readChecksums) {
            shard.files().forEach(file -> directory.verify(generation, file));
        }
        Path folder = directory.generationPath(generation);
        Path file = folder.resolve(shard.index().name());
        try (IvfIndex vectors = IvfIndex.ofShard(folder, shard, true);
                RowStore rows = RowStore.open(folder.resolve(IndexLayout.shardRows(shard.number())))) {
            requireAsPlanned(file, shard, vectors, rows, task);
            if (vectors.isExact()) {
                requireSelfRetrieval(file, vectors, rows, task);
            } else {
                requireOwnVectors(file, vectors, rows, task);
            }
            return search(file, vectors, rows, task);
        }
    }

    private static void requireAsPlanned(Path file, ShardEntry shard, IvfIndex vectors, RowStore rows, Task task) {
        int dimension = task.queries().dimension();
        if (vectors.size() != shard.count()
                || rows.size() != shard.count()
                || vectors.nlist() != task.nlist()
                || vectors.dimension() != dimension) {
            throw ImageSearchException.data(
                    "%s has %d vectors of %d dimensions in %d lists and %d rows, expected %d of %d in %d",
                    file,
                    vectors.size(),
                    vectors.dimension(),
                    vectors.nlist(),
                    rows.size(),
                    shard.count(),
                    dimension,
                    task.nlist());
        }
        if (!Arrays.equals(vectors.centroids(), task.centroids())) {
            throw ImageSearchException.data("%s has other centroids than its generation", file);
        }
    }

    private static ShardInspection search(Path file, IvfIndex vectors, RowStore rows, Task task) {
        // What codes stand for has other neighbours than the pictures have.
        VectorBlock queries = vectors.isExact() || vectors.isRefined()
                ? task.queries()
                : new VectorBlock(0, task.queries().dimension());
        NearestPictures nearest = new NearestPictures(task.queries().size(), task.k());
        CentroidFit fit = new CentroidFit(task.nlist());
        VectorBlock chunk = new VectorBlock(CHUNK, task.queries().dimension());
        int[] lists = new int[CHUNK];
        for (int list = 0; list < task.nlist(); list++) {
            long[] ids = vectors.listIds(list);
            for (int from = 0; from < ids.length; ) {
                int count = Math.min(CHUNK - chunk.size(), ids.length - from);
                float[] part = vectors.listVectors(list, from, count);
                for (int row = 0; row < count; row++) {
                    long id = ids[from + row];
                    fit.add(list, part, row, task.centroids(), chunk.dimension());
                    lists[chunk.size()] = list;
                    chunk.add(id, part, row * chunk.dimension());
                }
                from += count;
                if (chunk.size() == CHUNK) {
                    requireRows(file, rows, chunk, lists);
                    compare(queries, chunk, lists, nearest);
                }
            }
        }
        requireRows(file, rows, chunk, lists);
        compare(queries, chunk, lists, nearest);
        return new ShardInspection(nearest, fit, captioned(vectors, rows, task));
    }

    private static VectorBlock captioned(IvfIndex vectors, RowStore rows, Task task) {
        VectorBlock found = new VectorBlock(0, task.queries().dimension());
        for (int query = task.pictures(); query < task.queries().size(); query++) {
            long id = task.queries().id(query);
            OptionalInt list = rows.list(id);
            if (list.isPresent()) {
                vectors.vector(list.getAsInt(), id).ifPresent(vector -> found.add(id, vector, 0));
            }
        }
        return found;
    }

    /** Every vector must have a row, and that row its list. */
    private static void requireRows(Path file, RowStore rows, VectorBlock chunk, int[] lists) {
        SortedIds sorted = SortedIds.of(chunk.ids(), chunk.size());
        int[] stored = rows.lists(sorted.ids());
        for (int i = 0; i < stored.length; i++) {
            int list = lists[sorted.place(i)];
            if (stored[i] != list) {
                throw ImageSearchException.data(
                        "%s has id %d in list %d, its row store says %s",
                        file, sorted.ids()[i], list, stored[i] < 0 ? "nothing" : String.valueOf(stored[i]));
            }
        }
    }

    /**
     * Compares every query with every vector of a chunk, then empties it. The coarse step of an index whose centroids are
     * these vectors is an exact search over them, done by matrix multiplication.
     */
    static void compare(VectorBlock queries, VectorBlock chunk, int[] lists, NearestPictures nearest) {
        int k = Math.min(nearest.k(), chunk.size());
        if (k == 0 || queries.size() == 0) {
            chunk.clear();
            return;
        }
        long[] places = new long[queries.size() * k];
        float[] scores = new float[places.length];
        try (IvfIndex exact = IvfIndex.fromCentroids(chunk.exactVectors(), chunk.size(), chunk.dimension())) {
            exact.assign(queries.vectors(), queries.size(), k, places, scores);
        }
        for (int i = 0; i < places.length; i++) {
            int row = Math.toIntExact(places[i]);
            nearest.offer(i / k, chunk.id(row), scores[i], lists[row]);
        }
        chunk.clear();
    }

    /** What is stored of a picture must be its own: assignment, codes, refinement store and file agree. */
    private static void requireOwnVectors(Path file, IvfIndex vectors, RowStore rows, Task task) {
        int probes = Math.min(SELF_PROBES, task.nlist());
        for (int query = 0; query < task.pictures(); query++) {
            long id = task.queries().id(query);
            OptionalInt list = rows.list(id);
            if (list.isEmpty()) {
                continue;
            }
            float[] own = Arrays.copyOfRange(
                    task.queries().vectors(), query * vectors.dimension(), (query + 1) * vectors.dimension());
            long[] nearest = new long[probes];
            vectors.assign(own, 1, probes, nearest, new float[probes]);
            byte[] code = new byte[vectors.codeBytes()];
            vectors.encode(own, 1, new long[] {list.getAsInt()}, code);
            float[] expected = vectors.isRefined() ? own : vectors.decode(list.getAsInt(), code, 1);
            float[] found = vectors.vector(list.getAsInt(), id).orElse(new float[vectors.dimension()]);
            float cosine = Vectors.cosine(expected, found);
            if (Arrays.stream(nearest).noneMatch(each -> each == list.getAsInt()) || !(cosine >= 1 - SELF_TOLERANCE)) {
                throw ImageSearchException.data(
                        "%s: id %d is in list %d, its nearest are %s; what is stored of it has a cosine of %.4f to what should be",
                        file, id, list.getAsInt(), Arrays.toString(nearest), cosine);
            }
        }
    }

    /** Stored vectors must find themselves: assignment, the file and the search agree. */
    private static void requireSelfRetrieval(Path file, IvfIndex vectors, RowStore rows, Task task) {
        VectorBlock own = new VectorBlock(0, task.queries().dimension());
        for (int query = 0; query < task.pictures(); query++) {
            long id = task.queries().id(query);
            if (rows.contains(id)) {
                own.add(id, task.queries().vectors(), query * own.dimension());
            }
        }
        if (own.size() == 0) {
            return;
        }
        long[] ids = new long[own.size() * SELF_HITS];
        float[] scores = new float[ids.length];
        vectors.search(
                own.exactVectors(), own.size(), SELF_HITS, Math.min(SELF_PROBES, task.nlist()), null, ids, scores);
        for (int query = 0; query < own.size(); query++) {
            int begin = query * SELF_HITS;
            long id = own.id(query);
            boolean found = Arrays.stream(ids, begin, begin + SELF_HITS).anyMatch(hit -> hit == id);
            // Copies of one picture may crowd it out; then all hits are as near as it is itself.
            boolean crowded = scores[begin + SELF_HITS - 1] >= 1 - SELF_TOLERANCE && ids[begin + SELF_HITS - 1] >= 0;
            if (!found && !crowded) {
                throw ImageSearchException.data(
                        "%s: the stored vector of id %d does not find itself; the best hit is id %d with score %.4f",
                        file, id, ids[begin], scores[begin]);
            }
        }
    }
}
