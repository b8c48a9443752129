package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our files in Debian's python3-faiss, and its files here. */
class PythonFaissIT {
    private static final int NLIST = 24;
    private static final int K = 10;
    private static final int QUERIES = 40;

    private final Vectors vectors = new Vectors(5, 2_000, 32);

    @TempDir
    Path folder;

    @Test
    void pythonFindsInOurFileWhatWeFind() throws Exception {
        Path file = folder.resolve("ours.faiss");
        try (IvfFlatIndex index = vectors.index(NLIST)) {
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
                    print(" ".join(map(str, ids.ravel())))
                    """
                            .formatted(QUERIES, K));
            long[] expected = Arrays.stream(printed.strip().split(" "))
                    .mapToLong(Long::parseLong)
                    .toArray();
            assertThat(search(index, firstStored(index))).containsExactly(expected);
        }
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
                print(" ".join(map(str, ids.ravel())))
                """
                        .formatted(NLIST, QUERIES, K));
        long[] expected = Arrays.stream(printed.strip().split(" "))
                .mapToLong(Long::parseLong)
                .toArray();
        try (IvfFlatIndex read = IvfFlatIndex.read(folder.resolve("theirs.faiss"));
                IvfFlatIndex mapped = IvfFlatIndex.map(folder.resolve("theirs.faiss"))) {
            assertThat(search(read, firstStored(read))).containsExactly(expected);
            assertThat(search(mapped, firstStored(mapped))).containsExactly(expected);
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
        assertThatThrownBy(() -> IvfFlatIndex.read(folder.resolve("flat.faiss")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("flat.faiss")
                .hasMessageContaining("IxFI");
        assertThatThrownBy(() -> IvfFlatIndex.read(folder.resolve("l2.faiss"))).hasMessageContaining("metric");
    }

    /** The first stored vectors, list by list: the queries that the Python side takes too. */
    private static float[] firstStored(IvfFlatIndex index) {
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

    private static long[] search(IvfFlatIndex index, float[] queries) {
        long[] ids = new long[QUERIES * K];
        index.search(queries, QUERIES, K, 6, null, ids, new float[ids.length]);
        return ids;
    }

    private String python(String script) throws IOException, InterruptedException {
        Path out = folder.resolve("out.txt");
        Process process = new ProcessBuilder(
                        "/usr/bin/python3",
                        "-c",
                        "import faiss, numpy, sys\nfolder = sys.argv[1]\n" + script,
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        int status = process.waitFor();
        String printed = Files.readString(out, StandardCharsets.UTF_8);
        assertThat(status).as(printed).isZero();
        return printed;
    }
}
