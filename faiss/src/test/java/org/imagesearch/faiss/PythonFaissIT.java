package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our files in Debian's python3-faiss, and its files here. */
class PythonFaissIT {
    private static final int NLIST = 24;
    private static final int K = 10;
    private static final int QUERIES = 40;

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
            assertThat(ids).hasSameSizeAs(expected.ids);
            for (int i = 0; i < ids.length; i++) {
                assertThat(scores[i]).as("score %d", i).isCloseTo(expected.scores[i], within(TOLERANCE));
                if (ids[i] != expected.ids[i]) {
                    int query = i / K;
                    int place = expected.place(query, ids[i]);
                    // At the end of its query's hits, it may have changed places with one that is no hit there.
                    float theirs = place < 0 ? expected.scores[query * K + K - 1] : expected.scores[place];
                    assertThat(scores[i]).as("score of id %d", ids[i]).isCloseTo(theirs, within(TOLERANCE));
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
        Process process = new ProcessBuilder("/usr/bin/python3", "-c", PREPARATION + script, folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        int status = process.waitFor();
        String printed = Files.readString(out, StandardCharsets.UTF_8);
        assertThat(status).as(printed).isZero();
        return printed;
    }
}
