package org.imagesearch.faiss.binding;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Raw;
import org.bytedeco.javacpp.annotation.StdString;

/** The functions of {@code imagesearch_faiss.h}. A C++ exception arrives as a {@link RuntimeException} with its text. */
@Platform(
        include = "imagesearch_faiss.h",
        compiler = {"cpp17"},
        // JavaCPP hands these to the linker in reverse: our code, then Faiss, then what Faiss calls.
        link = {"openblas@.0", "gomp", "faiss"},
        // A Java runtime alone does not bring it: it lies beside our library in the jar.
        preload = "gomp@.1")
@Namespace("imagesearch")
public final class FaissCalls {
    /** The platform that {@code build.sh} builds for, in JavaCPP's words. */
    private static final String BUILT_FOR = "linux-x86_64";

    private FaissCalls() {}

    /**
     * Loads OpenBLAS and then the library of this class.
     *
     * @throws UnsatisfiedLinkError if either is missing for this platform
     */
    public static void load() {
        String here = Loader.getPlatform();
        if (!here.equals(BUILT_FOR)) {
            throw new UnsatisfiedLinkError("no native library for " + here + "; this build has " + BUILT_FOR);
        }
        Loader.load(org.bytedeco.openblas.global.openblas.class);
        Loader.load(FaissCalls.class);
    }

    @Name("faiss_version")
    public static native @StdString String version();

    /** "avx512", "avx2" or "portable": what searches that begin now use. */
    @Name("instruction_set_name")
    public static native @StdString String instructionSet();

    /** Makes later searches of this process use a set of that name; a {@link RuntimeException} if there is none. */
    @Name("use_instruction_set")
    public static native void useInstructionSet(String name);

    @Name("ivf_from_centroids")
    public static native long fromCentroids(float[] centroids, long nlist, int dimension);

    @Name("ivf_trained")
    public static native long trained(
            float[] centroids,
            long nlist,
            int dimension,
            int codec,
            int productBytes,
            float[] training,
            long n,
            int threads);

    @Name("ivf_read")
    public static native long read(String path, boolean map);

    @Name("ivf_screen")
    public static native void screen(long handle);

    @Name("ivf_screen_bytes")
    public static native long screenBytes(long handle);

    @Name("ivf_free")
    public static native void free(long handle);

    @Name("ivf_write")
    public static native void write(long handle, String path);

    @Name("ivf_dimension")
    public static native int dimension(long handle);

    @Name("ivf_nlist")
    public static native long nlist(long handle);

    @Name("ivf_size")
    public static native long size(long handle);

    @Name("ivf_centroids")
    public static native void centroids(long handle, float[] out);

    @Name("ivf_assign")
    public static native void assign(
            long handle, float[] queries, long n, long nprobe, @Cast("int64_t*") long[] lists, float[] scores);

    @Name("ivf_add")
    public static native void add(
            long handle, float[] vectors, @Cast("int64_t*") long[] ids, @Cast("int64_t*") long[] lists, long n);

    @Name("ivf_code_bytes")
    public static native long codeBytes(long handle);

    @Name("ivf_encode")
    public static native void encode(
            long handle, float[] vectors, long n, @Cast("int64_t*") long[] lists, @Cast("uint8_t*") byte[] codes);

    @Name("ivf_decode")
    public static native void decode(long handle, long list, @Cast("uint8_t*") byte[] codes, long n, float[] out);

    @Name("refinement_open")
    public static native long openRefinement(String path, long headerBytes, int codec, long index);

    @Name("refinement_free")
    public static native void freeRefinement(long handle);

    @Name("refinement_vectors")
    public static native void refinementVectors(long handle, long list, long from, long count, float[] out);

    @Name("ivf_search_refined")
    public static native void searchRefined(
            long handle,
            long store,
            long candidatesPerHit,
            float[] queries,
            long n,
            long k,
            @Cast("int64_t*") long[] lists,
            float[] coarseScores,
            long nprobe,
            long selector,
            float[] bounds,
            @Cast("int64_t*") long[] ids,
            float[] scores);

    @Name("id_set")
    public static native long idSet(@Cast("int64_t*") long[] ids, long n, boolean others);

    @Name("id_set_bytes")
    public static native long idSetBytes(long handle);

    @Name("id_set_free")
    public static native void idSetFree(long handle);

    @Name("ivf_search_preassigned")
    public static native void searchPreassigned(
            long handle,
            float[] queries,
            long n,
            long k,
            @Cast("int64_t*") long[] lists,
            float[] coarseScores,
            long nprobe,
            long selector,
            float[] bounds,
            @Cast("int64_t*") long[] ids,
            float[] scores);

    @Name("shards_search")
    public static native void searchShards(
            @Cast("int64_t*") long[] handles,
            @Cast("int64_t*") long[] selectors,
            @Cast("int64_t*") long[] stores,
            @Cast("int64_t*") long[] candidatesPerHit,
            long n,
            float[] query,
            long k,
            float bound,
            @Cast("int64_t*") long[] lists,
            float[] coarseScores,
            long nprobe,
            @Cast("int64_t*") long[] ids,
            float[] scores,
            int[] shardOf);

    @Name("groups_of_alike")
    public static native void groupsOfAlike(float[] vectors, long n, int dimension, float least, int[] first);

    @Name("ivf_search")
    public static native void search(
            long handle,
            float[] queries,
            long n,
            long k,
            long nprobe,
            long selector,
            @Cast("int64_t*") long[] ids,
            float[] scores);

    @Name("ivf_list_size")
    public static native long listSize(long handle, long list);

    @Name("ivf_vectors_in")
    public static native long vectorsIn(long handle, @Cast("int64_t*") long[] lists, long n);

    @Name("ivf_coarse_scores")
    public static native void coarseScores(
            long handle, float[] query, @Cast("int64_t*") long[] lists, long n, float[] scores);

    @Name("ivf_list_ids")
    public static native void listIds(long handle, long list, @Cast("int64_t*") long[] out);

    @Name("ivf_list_vectors")
    public static native void listVectors(long handle, long list, long from, long count, float[] out);

    @Name("ivf_read_lists")
    public static native long readLists(long handle, @Cast("int64_t*") long[] lists, long n, float[] sum);

    @Name("ivf_list_position")
    public static native long listPosition(long handle, long list, long id);

    @Name("nearest_of")
    public static native long nearestOf(float[] centroids, long nlist, int dimension);

    @Name("nearest_moved")
    public static native long nearestMoved(long handle, float[] centroids);

    @Name("nearest_free")
    public static native void nearestFree(long handle);

    // Raw: the C++ side is given JNIEnv and class before all arguments, and the arrays as they are.
    @Name("nearest_assign")
    public static native void nearestAssign(
            long handle,
            @Raw(withEnv = true) float[] vectors,
            long first,
            long n,
            boolean hinted,
            @Raw long[] lists,
            @Raw float[] scores);

    @Name("kmeans_unfit")
    public static native long kmeansUnfit(@Raw(withEnv = true) float[] vectors, long first, long n, int dimension);

    @Name("kmeans_update")
    public static native double kmeansUpdate(
            @Raw(withEnv = true) float[] vectors,
            int dimension,
            @Raw int[] members,
            @Raw int[] starts,
            int from,
            int to,
            @Raw float[] centroids);
}
