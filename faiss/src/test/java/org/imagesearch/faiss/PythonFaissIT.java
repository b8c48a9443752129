package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.VectorCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our files in Debian's python3-faiss, and its files here. */
class PythonFaissIT {
    private static final int NLIST = 24;
    private static final int K = 10;
    private static final int QUERIES = 40;

    /** Our weights for bytes have 16 bits, which at 32 dimensions shows in the fourth digit. */
    private static final float CODES_TOLERANCE = 2e-4f;

    private static final String PREPARATION =
            """
            import faiss, numpy, sys
            folder = sys.argv[1]
            def show(ids, scores):
                print(" ".join(map(str, ids.ravel())))
                print(" ".join(map(str, scores.ravel().view(numpy.int32))))
            """;

    private final Vectors vectors = new Vectors(5, 2_000, 32);

    @TempDir
    Path folder;

    @Test
    void pythonFindsInOurFileWhatWeFind() throws Exception {
        Path file = folder.resolve("ours.faiss");
        try (IvfIndex index = vectors.index(NLIST)) {
            index.write(file);
            String printed = python(
                    """
                    index = faiss.read_index(folder + "/ours.faiss")
                    assert type(index) is faiss.IndexIVFFlat and index.metric_type == faiss.METRIC_INNER_PRODUCT
                    lists = index.invlists
                    rows = [faiss.rev_swig_ptr(faiss.downcast_InvertedLists(lists).get_codes(l), lists.list_size(l) * 128)
                            .view(numpy.float32).reshape(-1, 32) for l in range(index.nlist) if lists.list_size(l)]
                    index.nprobe = 6
                    scores, ids = index.search(numpy.concatenate(rows)[:%d].copy(), %d)
                    show(ids, scores)
                    """
                            .formatted(QUERIES, K));
            search(index, firstStored(index), null).requireLike(Found.parse(printed));
        }
    }

    @Test
    void pythonReadsOurSparseAndEmptyFiles() throws Exception {
        try (IvfIndex index = vectors.index(NLIST);
                IvfIndex sparse = IvfIndex.fromCentroids(index.centroids(), NLIST, vectors.dimension)) {
            sparse.write(folder.resolve("empty.faiss"));
            sparse.add(vectors.row(3), new long[] {77}, new long[] {5}, 1);
            sparse.write(folder.resolve("sparse.faiss"));
            String printed = python(
                    """
                    empty = faiss.read_index(folder + "/empty.faiss")
                    sparse = faiss.read_index(folder + "/sparse.faiss", faiss.IO_FLAG_MMAP)
                    print(empty.is_trained, empty.ntotal, sparse.ntotal, sparse.invlists.list_size(5))
                    """);
            assertThat(printed.strip()).isEqualTo("True 0 1 1");
        }
    }

    @Test
    void filtersKeepWhatPythonsSelectorsKeep() throws Exception {
        try (IvfIndex index = vectors.index(NLIST);
                IdFilter only = IdFilter.only(everyThird());
                IdFilter except = IdFilter.except(everyThird())) {
            index.write(folder.resolve("ours.faiss"));
            String printed = python(
                    """
                    index = faiss.read_index(folder + "/ours.faiss")
                    rows = [faiss.rev_swig_ptr(faiss.downcast_InvertedLists(index.invlists).get_codes(l), index.invlists.list_size(l) * 128)
                            .view(numpy.float32).reshape(-1, 32) for l in range(index.nlist) if index.invlists.list_size(l)]
                    queries = numpy.concatenate(rows)[:%d].copy()
                    selected = numpy.arange(1000000000000, 1000000000000 + 3 * 2000, 9, dtype=numpy.int64)
                    batch = faiss.IDSelectorBatch(selected)
                    for selector in (batch, faiss.IDSelectorNot(batch)):
                        parameters = faiss.SearchParametersIVF(nprobe=6, sel=selector)
                        scores, ids = index.search(queries, %d, params=parameters)
                        show(ids, scores)
                    """
                            .formatted(QUERIES, K));
            String[] lines = printed.strip().split("\n");
            search(index, firstStored(index), only).requireLike(Found.parse(lines[0] + "\n" + lines[1]));
            search(index, firstStored(index), except).requireLike(Found.parse(lines[2] + "\n" + lines[3]));
        }
    }

    private long[] everyThird() {
        return LongStream.of(vectors.ids)
                .filter(id -> (id - vectors.ids[0]) % 9 == 0)
                .toArray();
    }

    @Test
    void weFindInPythonsFileWhatPythonFinds() throws Exception {
        String printed = python(
                """
                random = numpy.random.RandomState(1)
                data = random.randn(3000, 32).astype(numpy.float32)
                faiss.normalize_L2(data)
                quantizer = faiss.IndexFlatIP(32)
                index = faiss.IndexIVFFlat(quantizer, 32, %d, faiss.METRIC_INNER_PRODUCT)
                index.train(data)
                index.add_with_ids(data, numpy.arange(3000) * 5 + 11)
                faiss.write_index(index, folder + "/theirs.faiss")
                rows = [faiss.rev_swig_ptr(index.invlists.get_codes(l), index.invlists.list_size(l) * 128)
                        .view(numpy.float32).reshape(-1, 32) for l in range(index.nlist)]
                index.nprobe = 6
                scores, ids = index.search(numpy.concatenate(rows)[:%d].copy(), %d)
                show(ids, scores)
                """
                        .formatted(NLIST, QUERIES, K));
        Found expected = Found.parse(printed);
        try (IvfIndex read = IvfIndex.read(folder.resolve("theirs.faiss"));
                IvfIndex mapped = IvfIndex.map(folder.resolve("theirs.faiss"))) {
            search(read, firstStored(read), null).requireLike(expected);
            search(mapped, firstStored(mapped), null).requireLike(expected);
        }
    }

    /** Our files of codes in Python, whose hits and codes are ours; scores as far as rounding lets them. */
    @ParameterizedTest
    @CsvSource({"SQfp16, IndexIVFScalarQuantizer", "SQ8, IndexIVFScalarQuantizer", "PQ8, IndexIVFPQ"})
    void pythonFindsInOurFilesOfCodesWhatWeFind(String codec, String type) throws Exception {
        Path file = folder.resolve("ours.faiss");
        float[] queries = Arrays.copyOf(new Vectors(9, QUERIES, 32).values, QUERIES * 32);
        Files.write(folder.resolve("queries.f32"), bytes(queries));
        try (IvfIndex index = CodesTest.index(vectors, VectorCodec.parse(codec))) {
            index.write(file);
            Found theirs = Found.parse(python(
                    """
                            index = faiss.read_index(folder + "/ours.faiss")
                            assert type(index) is faiss.%s and index.metric_type == faiss.METRIC_INNER_PRODUCT
                            index.nprobe = 6
                            show(*index.search(numpy.fromfile(folder + "/queries.f32", numpy.float32).reshape(-1, 32), %d)[::-1])
                            """
                            .formatted(type, K)));
            search(index, queries, null).requireLike(theirs, CODES_TOLERANCE);
        }
    }

    @ParameterizedTest
    @CsvSource({"'SQfp16', False", "'SQ8', True", "'SQ8', False", "'PQ8', True", "'PQ8', False"})
    void weFindInPythonsFilesOfCodesWhatPythonFinds(String codec, String residual) throws Exception {
        float[] queries = Arrays.copyOf(new Vectors(9, QUERIES, 32).values, QUERIES * 32);
        Files.write(folder.resolve("queries.f32"), bytes(queries));
        Files.write(folder.resolve("vectors.f32"), bytes(vectors.values));
        Found theirs = Found.parse(python(
                """
                        data = numpy.fromfile(folder + "/vectors.f32", numpy.float32).reshape(-1, 32)
                        index = faiss.index_factory(32, "IVF%d,%s", faiss.METRIC_INNER_PRODUCT)
                        index.by_residual = %s
                        if hasattr(index, "pq"):
                            index.pq.cp.min_points_per_centroid = 1 # or it warns
                        index.train(data)
                        index.add_with_ids(data, numpy.arange(len(data)) * 7 + 3)
                        faiss.write_index(index, folder + "/theirs.faiss")
                        index.nprobe = 6
                        show(*index.search(numpy.fromfile(folder + "/queries.f32", numpy.float32).reshape(-1, 32), %d)[::-1])
                        """
                        .formatted(NLIST, codec, residual, K)));
        try (IvfIndex read = IvfIndex.read(folder.resolve("theirs.faiss"));
                IvfIndex mapped = IvfIndex.map(folder.resolve("theirs.faiss"))) {
            search(read, queries, null).requireLike(theirs, CODES_TOLERANCE);
            search(mapped, queries, null).requireLike(theirs, CODES_TOLERANCE);
        }
    }

    @Test
    void otherCodesAreRefusedByName() throws Exception {
        python(
                """
                data = numpy.random.RandomState(1).randn(600, 32).astype(numpy.float32)
                for name in ("SQ4", "SQ6", "PQ8x4", "SQ8,RFlat"):
                    index = faiss.index_factory(32, "IVF4," + name, faiss.METRIC_INNER_PRODUCT)
                    index.train(data); index.add(data); faiss.write_index(index, folder + "/" + name + ".faiss")
                """);
        assertThatThrownBy(() -> IvfIndex.read(folder.resolve("SQ4.faiss"))).hasMessageContaining("scalar quantizer");
        assertThatThrownBy(() -> IvfIndex.read(folder.resolve("SQ6.faiss"))).hasMessageContaining("scalar quantizer");
        assertThatThrownBy(() -> IvfIndex.read(folder.resolve("PQ8x4.faiss"))).hasMessageContaining("PQ8x4.faiss");
        assertThatThrownBy(() -> IvfIndex.read(folder.resolve("SQ8,RFlat.faiss")))
                .hasMessageContaining("IxRF");
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    @Test
    void otherKindsOfIndexAreRefusedByName() throws Exception {
        python(
                """
                data = numpy.random.RandomState(1).randn(300, 32).astype(numpy.float32)
                flat = faiss.IndexFlatIP(32); flat.add(data); faiss.write_index(flat, folder + "/flat.faiss")
                l2 = faiss.index_factory(32, "IVF4,Flat"); l2.train(data); l2.add(data)
                faiss.write_index(l2, folder + "/l2.faiss")
                """);
        assertThatThrownBy(() -> IvfIndex.read(folder.resolve("flat.faiss")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("flat.faiss")
                .hasMessageContaining("IxFI");
        assertThatThrownBy(() -> IvfIndex.read(folder.resolve("l2.faiss"))).hasMessageContaining("metric");
    }

    /** The first stored vectors, list by list: the queries that the Python side takes too. */
    private static float[] firstStored(IvfIndex index) {
        float[] queries = new float[QUERIES * index.dimension()];
        int taken = 0;
        for (int list = 0; taken < QUERIES; list++) {
            int count = (int) Math.min(index.listSize(list), QUERIES - taken);
            float[] rows = index.listVectors(list, 0, count);
            System.arraycopy(rows, 0, queries, taken * index.dimension(), rows.length);
            taken += count;
        }
        return queries;
    }

    /** Ids and their scores, row-major by query. */
    private record Found(long[] ids, float[] scores) {
        /** Sums are added up in another order there: so near may the scores of one vector be, and those of two that change places. */
        private static final float TOLERANCE = 1e-5f;

        /** A line of ids, then a line with the bits of their scores. */
        static Found parse(String printed) {
            String[] lines = printed.strip().split("\n");
            String[] bits = lines[1].split(" ");
            float[] scores = new float[bits.length];
            for (int i = 0; i < bits.length; i++) {
                scores[i] = Float.intBitsToFloat(Integer.parseInt(bits[i]));
            }
            return new Found(
                    Arrays.stream(lines[0].split(" "))
                            .mapToLong(Long::parseLong)
                            .toArray(),
                    scores);
        }

        void requireLike(Found expected) {
            requireLike(expected, TOLERANCE);
        }

        void requireLike(Found expected, float tolerance) {
            assertThat(ids).hasSameSizeAs(expected.ids);
            for (int i = 0; i < ids.length; i++) {
                assertThat(scores[i]).as("score %d", i).isCloseTo(expected.scores[i], within(tolerance));
                if (ids[i] != expected.ids[i]) {
                    int query = i / K;
                    int place = expected.place(query, ids[i]);
                    // At the end of its query's hits, it may have changed places with one that is no hit there.
                    float theirs = place < 0 ? expected.scores[query * K + K - 1] : expected.scores[place];
                    assertThat(scores[i]).as("score of id %d", ids[i]).isCloseTo(theirs, within(tolerance));
                }
            }
        }

        private int place(int query, long id) {
            return IntStream.range(query * K, (query + 1) * K)
                    .filter(i -> ids[i] == id)
                    .findFirst()
                    .orElse(-1);
        }
    }

    private static Found search(IvfIndex index, float[] queries, IdFilter filter) {
        long[] ids = new long[QUERIES * K];
        float[] scores = new float[ids.length];
        index.search(queries, QUERIES, K, 6, filter, ids, scores);
        return new Found(ids, scores);
    }

    private String python(String script) throws IOException, InterruptedException {
        Path out = folder.resolve("out.txt");
        ProcessBuilder builder = new ProcessBuilder("/usr/bin/python3", "-c", PREPARATION + script, folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile());
        // Beside other work, threads that wait for each other at every small step take minutes.
        builder.environment().putAll(Map.of("OMP_NUM_THREADS", "1", "OPENBLAS_NUM_THREADS", "1"));
        Process process = builder.start();
        int status = process.waitFor();
        String printed = Files.readString(out, StandardCharsets.UTF_8);
        assertThat(status).as(printed).isZero();
        return printed;
    }
}
