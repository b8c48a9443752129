package org.imagesearch.faiss;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongFunction;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.faiss.binding.FaissCalls;

/**
 * An IVF index with inner product: vectors, or codes of them, in inverted lists, one list per centroid, ids as the caller gave
 * them. Scores of codes are those of the vectors that they stand for.
 *
 * <p>Searching and reading are thread-safe and run on the calling thread alone. {@link #add} excludes them while it runs.
 * {@link #close} waits for calls under way; a call after it is an {@link IllegalStateException}. Matrices are row-major.
 */
public final class IvfIndex implements AutoCloseable {
    private static final int MAX_K = 1 << 20;

    private final NativeHandle handle;
    private final int dimension;
    private final int nlist;
    private final boolean mapped;

    /** What the best hits are compared with again; null for none. */
    private NativeHandle refinement;

    private int candidatesPerHit;

    private IvfIndex(String name, long address, boolean mapped) {
        this.handle = new NativeHandle(name, address, FaissCalls::free);
        this.dimension = FaissCalls.dimension(address);
        this.nlist = Math.toIntExact(FaissCalls.nlist(address));
        this.mapped = mapped;
    }

    /**
     * An empty index over given centroids.
     *
     * @param centroids float[nlist * dimension]
     */
    public static IvfIndex fromCentroids(float[] centroids, int nlist, int dimension) {
        FaissLibrary.require();
        Arguments.requireRange("nlist", nlist, 1, Integer.MAX_VALUE);
        Arguments.requireRange("dimension", dimension, 1, Integer.MAX_VALUE);
        Arguments.requireLength("centroids", centroids.length, (long) nlist * dimension);
        return new IvfIndex("index", FaissCalls.fromCentroids(centroids, nlist, dimension), false);
    }

    /**
     * An empty index over given centroids, whose lists hold codes.
     *
     * @param centroids float[nlist * dimension]
     * @param codec what the lists hold
     * @param training float[n * dimension], vectors that codes are to be good for; not read by {@code Flat} and {@code SQfp16}
     * @param threads threads that training uses
     * @throws ImageSearchException (input) if the codec does not fit the dimension, or the vectors are too few for it; (data) if
     *     they cannot be trained on
     */
    public static IvfIndex trained(
            float[] centroids, int nlist, int dimension, VectorCodec codec, float[] training, int n, int threads) {
        FaissLibrary.require();
        Arguments.requireRange("nlist", nlist, 1, Integer.MAX_VALUE);
        Arguments.requireRange("dimension", dimension, 1, Integer.MAX_VALUE);
        Arguments.requireRange("threads", threads, 1, 1024);
        Arguments.requireLength("centroids", centroids.length, (long) nlist * dimension);
        Arguments.requireLength("training vectors", training.length, (long) n * dimension);
        codec.requireDimension(dimension);
        int needed = leastTraining(codec);
        if (n < needed) {
            throw ImageSearchException.input("%s is trained on at least %d vectors, there are %d", codec, needed, n);
        }
        try {
            long address = FaissCalls.trained(
                    centroids, nlist, dimension, number(codec), codec.productBytes(), training, n, threads);
            return new IvfIndex("index", address, false);
        } catch (RuntimeException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot train " + codec + ": " + text(e), e);
        }
    }

    /** As {@code codecs.h} numbers them. */
    private static int number(VectorCodec codec) {
        return switch (codec.kind()) {
            case FLAT -> 0;
            case HALF -> 1;
            case BYTES -> 2;
            case PRODUCT -> 3;
        };
    }

    /** A range needs a vector, a codebook one per entry. */
    private static int leastTraining(VectorCodec codec) {
        return switch (codec.kind()) {
            case FLAT, HALF -> 0;
            case BYTES -> 1;
            case PRODUCT -> 256;
        };
    }

    /**
     * Reads an index file into memory.
     *
     * @throws ImageSearchException (data) naming the file, if it is missing, damaged or of another kind
     */
    public static IvfIndex read(Path file) {
        return open(file, false);
    }

    /**
     * Maps an index file: its lists stay on disk and enter memory as they are scanned. Read-only; the file must not change.
     *
     * @throws ImageSearchException (data) naming the file, if it is missing, damaged or of another kind
     */
    public static IvfIndex map(Path file) {
        return open(file, true);
    }

    /**
     * Reads or maps an index file of codes, and maps the better vectors that belong to it: every search compares its best codes
     * again with these, and gives their scores. Read-only; the files must not change.
     *
     * @param refinement the store beside the index, see {@link RefinementFile}
     * @param map whether to map the index file too
     * @throws ImageSearchException (data) naming the file, if one is missing, damaged, or they do not belong together
     */
    public static IvfIndex refined(Path file, Path refinement, boolean map) {
        RefinementFile layout = RefinementFile.read(refinement);
        IvfIndex index = open(file, map);
        try {
            index.attach(refinement, layout);
            return index;
        } catch (RuntimeException e) {
            index.close();
            throw e;
        }
    }

    /**
     * Opens the files of a shard.
     *
     * @param generation the folder that its names are relative to
     * @throws ImageSearchException (data) naming the file, if one is missing, damaged, or they do not belong together
     */
    public static IvfIndex ofShard(Path generation, ShardEntry shard, boolean map) {
        Path file = generation.resolve(shard.index().name());
        return shard.refinement()
                .map(store -> refined(file, generation.resolve(store.name()), map))
                .orElseGet(() -> open(file, map));
    }

    private void attach(Path file, RefinementFile layout) {
        if (layout.dimension() != dimension || layout.count() != size()) {
            throw ImageSearchException.data(
                    "the refinement store %s has %d vectors of %d dimensions, its index %d of %d",
                    file, layout.count(), layout.dimension(), size(), dimension);
        }
        refinement = handle.read(address -> {
            try {
                long store = FaissCalls.openRefinement(
                        file.toString(), RefinementFile.HEADER_BYTES, RefinementFile.numberOf(layout.codec()), address);
                return new NativeHandle(file.toString(), store, FaissCalls::freeRefinement);
            } catch (RuntimeException e) {
                throw new ImageSearchException(
                        ErrorCode.DATA, "cannot open the refinement store " + file + ": " + text(e), e);
            }
        });
        candidatesPerHit = layout.candidatesPerHit();
    }

    private static IvfIndex open(Path file, boolean map) {
        FaissLibrary.require();
        IndexFile.requireValid(file);
        try {
            return new IvfIndex(file.toString(), FaissCalls.read(file.toString(), map), map);
        } catch (RuntimeException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot open the index file " + file + ": " + text(e), e);
        }
    }

    /**
     * Writes the index as a Faiss file. Excludes every other call while it runs.
     *
     * @throws ImageSearchException (resource) naming the file, if it cannot be written; what was written stays behind
     */
    public void write(Path file) {
        handle.write(address -> {
            try {
                FaissCalls.write(address, file.toString());
                return null;
            } catch (RuntimeException e) {
                throw new ImageSearchException(
                        ErrorCode.RESOURCE, "cannot write the index file " + file + ": " + text(e), e);
            }
        });
    }

    /** Whether searches compare the vectors themselves with the query, not codes of them. */
    public boolean isExact() {
        return codeBytes() == dimension * Float.BYTES;
    }

    /** Whether its lists stay on disk, where they are read from unless the system keeps them in memory. */
    public boolean isMapped() {
        return mapped;
    }

    /** Whether the best codes are compared again with better vectors. */
    public boolean isRefined() {
        return refinement != null;
    }

    /** Floats per vector. */
    public int dimension() {
        return dimension;
    }

    /** Inverted lists, and centroids. */
    public int nlist() {
        return nlist;
    }

    /** Vectors in all lists. */
    public long size() {
        return handle.read(FaissCalls::size);
    }

    /** A copy of the centroids, float[nlist * dimension]. */
    public float[] centroids() {
        float[] out = new float[Math.multiplyExact(nlist, dimension)];
        return handle.read(address -> {
            FaissCalls.centroids(address, out);
            return out;
        });
    }

    /**
     * Finds the centroids nearest to each query.
     *
     * @param queries float[n * dimension]
     * @param nprobe lists wanted per query, 1 to nlist
     * @param lists out, long[n * nprobe], best first
     * @param scores out, float[n * nprobe], inner products with the centroids
     */
    public void assign(float[] queries, int n, int nprobe, long[] lists, float[] scores) {
        Arguments.requireRange("n", n, 1, Integer.MAX_VALUE);
        Arguments.requireRange("nprobe", nprobe, 1, nlist);
        Arguments.requireLength("queries", queries.length, (long) n * dimension);
        Arguments.requireLength("lists", lists.length, (long) n * nprobe);
        Arguments.requireLength("scores", scores.length, (long) n * nprobe);
        call(address -> {
            FaissCalls.assign(address, queries, n, nprobe, lists, scores);
            return null;
        });
    }

    /**
     * The scores of a query with the centroids of some lists, as {@link #assign} gives them.
     *
     * @param query float[dimension]
     */
    float[] coarseScores(float[] query, long[] lists) {
        Arguments.requireLength("query", query.length, dimension);
        requireLists(lists, lists.length);
        float[] scores = new float[lists.length];
        return call(address -> {
            FaissCalls.coarseScores(address, query, lists, lists.length, scores);
            return scores;
        });
    }

    /**
     * Adds vectors. Excludes every other call on this index while it runs.
     *
     * @param vectors float[n * dimension]
     * @param ids long[n]
     * @param lists long[n], the list of each vector as {@link #assign} with nprobe 1 gives it
     */
    public void add(float[] vectors, long[] ids, long[] lists, int n) {
        if (mapped || refinement != null) {
            throw ImageSearchException.input("a mapped index is read-only");
        }
        Arguments.requireRange("n", n, 1, Integer.MAX_VALUE);
        Arguments.requireLength("vectors", vectors.length, (long) n * dimension);
        Arguments.requireLength("ids", ids.length, n);
        requireLists(lists, n);
        handle.write(translated(address -> {
            FaissCalls.add(address, vectors, ids, lists, n);
            return null;
        }));
    }

    /**
     * Makes a screen: a copy of the vectors in bytes, from which searches of single queries first find out which vectors may be among
     * the k best; those alone are read and scored. Results do not change by a bit, and a search reads an eighth of the memory or less.
     * It costs three tenths of the vectors' memory more, and reads all lists once. Excludes every other call while it is made;
     * {@link #add} drops it. Of a mapped index, the vectors may then stay on disk.
     */
    public void screen() {
        handle.write(translated(address -> {
            FaissCalls.screen(address);
            return null;
        }));
    }

    /** Bytes of memory that the screen takes, 0 without one. */
    public long screenBytes() {
        return handle.read(FaissCalls::screenBytes);
    }

    /** Bytes of one vector as the lists hold it. */
    public int codeBytes() {
        return handle.read(address -> Math.toIntExact(FaissCalls.codeBytes(address)));
    }

    /**
     * Encodes vectors as the lists hold them.
     *
     * @param vectors float[n * dimension]
     * @param lists long[n], the list of each vector
     * @param codes out, byte[n * codeBytes]
     */
    public void encode(float[] vectors, int n, long[] lists, byte[] codes) {
        Arguments.requireRange("n", n, 1, Integer.MAX_VALUE);
        Arguments.requireLength("vectors", vectors.length, (long) n * dimension);
        requireLists(lists, n);
        Arguments.requireLength("codes", codes.length, (long) n * codeBytes());
        call(address -> {
            FaissCalls.encode(address, vectors, n, lists, codes);
            return null;
        });
    }

    /**
     * Scans given lists.
     *
     * @param queries float[n * dimension]
     * @param k hits wanted per query
     * @param lists long[n * nprobe], as {@link #assign} gives them; -1 skips a place
     * @param coarseScores float[n * nprobe], as {@link #assign} gives them; with others, a screened index finds something else
     * @param filter ids to keep, or null for all
     * @param bounds float[n] or null: hits with a lower score than that of their query are of no use to the caller, who has k
     *     better ones from elsewhere, and need not be found
     * @param ids out, long[n * k], best first, the smaller id first among equal scores; -1 where there are fewer
     * @param scores out, float[n * k], inner products
     */
    public void searchPreassigned(
            float[] queries,
            int n,
            int k,
            long[] lists,
            float[] coarseScores,
            int nprobe,
            IdFilter filter,
            float[] bounds,
            long[] ids,
            float[] scores) {
        requireSearch(queries, n, k, nprobe, ids, scores);
        requireProbes(lists, coarseScores, (long) n * nprobe);
        if (bounds != null) {
            Arguments.requireLength("bounds", bounds.length, n);
        }
        if (refinement != null) {
            scan(
                    filter,
                    (address, selector) -> refinement.read(store -> {
                        FaissCalls.searchRefined(
                                address,
                                store,
                                candidatesPerHit,
                                queries,
                                n,
                                k,
                                lists,
                                coarseScores,
                                nprobe,
                                selector,
                                bounds,
                                ids,
                                scores);
                        return null;
                    }));
            return;
        }
        scan(
                filter,
                (address, selector) -> FaissCalls.searchPreassigned(
                        address, queries, n, k, lists, coarseScores, nprobe, selector, bounds, ids, scores));
    }

    /** {@link #assign} and {@link #searchPreassigned} in one. */
    public void search(float[] queries, int n, int k, int nprobe, IdFilter filter, long[] ids, float[] scores) {
        requireSearch(queries, n, k, nprobe, ids, scores);
        if (refinement != null) {
            long[] lists = new long[Math.multiplyExact(n, nprobe)];
            float[] coarseScores = new float[lists.length];
            assign(queries, n, nprobe, lists, coarseScores);
            searchPreassigned(queries, n, k, lists, coarseScores, nprobe, filter, null, ids, scores);
            return;
        }
        scan(filter, (address, selector) -> FaissCalls.search(address, queries, n, k, nprobe, selector, ids, scores));
    }

    /** Calls with the address of this index and that of its refinement, 0 for none; neither is closed meanwhile. */
    void during(Refined call) {
        handle.read(address -> {
            if (refinement == null) {
                call.call(address, 0, 1);
                return null;
            }
            return refinement.read(store -> {
                call.call(address, store, candidatesPerHit);
                return null;
            });
        });
    }

    interface Refined {
        void call(long address, long store, int candidatesPerHit);
    }

    void requireProbes(long[] lists, float[] coarseScores, long count) {
        Arguments.requireLength("lists", lists.length, count);
        Arguments.requireLength("coarse scores", coarseScores.length, count);
        for (int i = 0; i < count; i++) {
            Arguments.requireRange("list", lists[i], -1, nlist - 1L);
        }
    }

    void requireSearch(float[] queries, int n, int k, int nprobe, long[] ids, float[] scores) {
        Arguments.requireRange("n", n, 1, Integer.MAX_VALUE);
        Arguments.requireRange("k", k, 1, MAX_K);
        Arguments.requireRange("nprobe", nprobe, 1, nlist);
        Arguments.requireLength("queries", queries.length, (long) n * dimension);
        Arguments.requireLength("ids", ids.length, (long) n * k);
        Arguments.requireLength("scores", scores.length, (long) n * k);
    }

    /** Calls with the addresses of this index and of the filter, 0 for none. */
    private void scan(IdFilter filter, Scan scan) {
        LongFunction<Void> run = selector -> call(address -> {
            scan.call(address, selector);
            return null;
        });
        if (filter == null) {
            run.apply(0);
        } else {
            filter.handle().read(run);
        }
    }

    private interface Scan {
        void call(long address, long selector);
    }

    /** Vectors in a list. */
    public long listSize(int list) {
        requireList(list);
        return handle.read(address -> FaissCalls.listSize(address, list));
    }

    /** Vectors in some lists; -1 skips a place. */
    long vectorsIn(long[] lists) {
        for (long list : lists) {
            Arguments.requireRange("list", list, -1, nlist - 1L);
        }
        return handle.read(address -> FaissCalls.vectorsIn(address, lists, lists.length));
    }

    /** Reads all vectors of some lists and does nothing with them: what a scan can at best reach. Returns the bytes read. */
    public long readLists(long[] lists) {
        for (long list : lists) {
            Arguments.requireRange("list", list, 0, nlist - 1L);
        }
        return handle.read(address -> FaissCalls.readLists(address, lists, lists.length, new float[1]));
    }

    /** The ids of a list, in the order they are stored. */
    public long[] listIds(int list) {
        requireList(list);
        return handle.read(address -> {
            long[] out = new long[Math.toIntExact(FaissCalls.listSize(address, list))];
            FaissCalls.listIds(address, list, out);
            return out;
        });
    }

    /**
     * Copies vectors {@code from} to {@code from + count - 1} of a list, float[count * dimension]; where the list holds codes, the
     * better ones beside it, or else the vectors that the codes stand for.
     */
    public float[] listVectors(int list, long from, int count) {
        requireList(list);
        return handle.read(address -> {
            long size = FaissCalls.listSize(address, list);
            Arguments.requireRange("from", from, 0, size);
            Arguments.requireRange("count", count, 0, size - from);
            float[] out = new float[Math.multiplyExact(count, dimension)];
            if (refinement == null) {
                FaissCalls.listVectors(address, list, from, count, out);
                return out;
            }
            return refinement.read(store -> {
                FaissCalls.refinementVectors(store, list, from, count, out);
                return out;
            });
        });
    }

    /** The stored vector of an id, if it is in that list: the finest that there is. */
    public Optional<float[]> vector(int list, long id) {
        requireList(list);
        return handle.read(address -> {
            long position = FaissCalls.listPosition(address, list, id);
            if (position < 0) {
                return Optional.empty();
            }
            float[] out = new float[dimension];
            if (refinement == null) {
                FaissCalls.listVectors(address, list, position, 1, out);
                return Optional.of(out);
            }
            return refinement.read(store -> {
                FaissCalls.refinementVectors(store, list, position, 1, out);
                return Optional.of(out);
            });
        });
    }

    /**
     * The vectors that codes of a list stand for, float[n * dimension].
     *
     * @param codes byte[n * codeBytes], as {@link #encode} gives them
     */
    public float[] decode(int list, byte[] codes, int n) {
        requireList(list);
        Arguments.requireRange("n", n, 0, Integer.MAX_VALUE);
        Arguments.requireLength("codes", codes.length, (long) n * codeBytes());
        return call(address -> {
            float[] out = new float[Math.multiplyExact(n, dimension)];
            FaissCalls.decode(address, list, codes, n, out);
            return out;
        });
    }

    @Override
    public void close() {
        if (refinement != null) {
            refinement.close();
        }
        handle.close();
    }

    private void requireLists(long[] lists, int n) {
        Arguments.requireLength("lists", lists.length, n);
        for (int i = 0; i < n; i++) {
            if (lists[i] < 0 || lists[i] >= nlist) {
                // The name is put together for a failure alone.
                Arguments.requireRange("list of vector " + i, lists[i], 0, nlist - 1L);
            }
        }
    }

    private void requireList(int list) {
        Arguments.requireRange("list", list, 0, nlist - 1L);
    }

    private <T> T call(LongFunction<T> call) {
        return handle.read(translated(call));
    }

    private static <T> LongFunction<T> translated(LongFunction<T> call) {
        return address -> {
            try {
                return call.apply(address);
            } catch (ImageSearchException e) {
                throw e;
            } catch (RuntimeException e) {
                throw new ImageSearchException(ErrorCode.INTERNAL, "Faiss: " + text(e), e);
            }
        };
    }

    /** Faiss's own message, one line. */
    static String text(RuntimeException e) {
        return String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
    }
}
