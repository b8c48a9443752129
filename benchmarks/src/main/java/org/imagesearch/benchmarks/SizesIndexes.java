package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.imagesearch.core.index.IndexFactory;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.KMeans;
import org.imagesearch.faiss.KMeansOptions;
import org.imagesearch.faiss.RefinementFile;

/** Index files of the same vectors under the same centroids, a kind of code each. */
final class SizesIndexes {
    private static final int BATCH = 8192;
    private static final int TRAINING_ITERATIONS = 10;
    private static final int CODEC_TRAINING_VECTORS = 1 << 16;

    private final ClipLikeVectors vectors;
    private final int count;
    private final int nlist;
    private final float[] training;
    private final float[] centroids;
    private final WorkFolder folder;

    private SizesIndexes(
            ClipLikeVectors vectors, int count, int nlist, float[] training, float[] centroids, WorkFolder folder) {
        this.vectors = vectors;
        this.count = count;
        this.nlist = nlist;
        this.training = training;
        this.centroids = centroids;
        this.folder = folder;
    }

    static SizesIndexes train(
            ClipLikeVectors vectors, int count, int nlist, int seed, WorkFolder folder, Report report) {
        long begin = System.nanoTime();
        int points = ScanIndex.trainingVectors(count, nlist);
        float[] training = vectors.pictures(0, points);
        KMeansOptions options = new KMeansOptions(
                TRAINING_ITERATIONS,
                seed,
                KMeansOptions.LEAST_GAIN,
                Runtime.getRuntime().availableProcessors());
        float[] centroids = KMeans.train(training, points, vectors.dimension(), nlist, options)
                .centroids();
        report.note("trained %,d centroids in %.1f s", nlist, SideBySide.secondsSince(begin));
        return new SizesIndexes(vectors, count, nlist, training, centroids, folder);
    }

    /** Writes the index file, once per codec. */
    Path build(IndexFactory factory, Report report) {
        long begin = System.nanoTime();
        int dimension = vectors.dimension();
        int points = Math.min(training.length / dimension, CODEC_TRAINING_VECTORS);
        Path file = folder.resolve(factory.codec() + ".faiss");
        if (Files.exists(file)) {
            return file;
        }
        try (IvfIndex index = IvfIndex.trained(
                centroids,
                nlist,
                dimension,
                factory.codec(),
                Arrays.copyOf(training, points * dimension),
                points,
                Runtime.getRuntime().availableProcessors())) {
            for (int from = 0; from < count; from += BATCH) {
                int n = Math.min(BATCH, count - from);
                float[] batch = vectors.pictures(from, n);
                long[] lists = new long[n];
                index.assign(batch, n, 1, lists, new float[n]);
                index.add(batch, LongStream.range(from, from + n).toArray(), lists, n);
            }
            index.write(file);
        }
        report.note("built %s of %,d vectors in %.1f s", factory, count, SideBySide.secondsSince(begin));
        return file;
    }

    /** The refinement store of an index that was built; written once, but for the number of candidates in its header. */
    Path store(IndexFactory factory, int candidatesPerHit) throws IOException {
        VectorCodec codec = factory.refinement().orElseThrow();
        Path store = folder.resolve(factory.codec() + "-" + codec + ".refine");
        RefinementFile layout = new RefinementFile(codec, vectors.dimension(), candidatesPerHit, count);
        boolean isThere = Files.exists(store);
        try (FileChannel channel = FileChannel.open(store, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            write(channel, layout.header());
            if (!isThere) {
                writeVectors(factory, codec, channel);
            }
        }
        return store;
    }

    private void writeVectors(IndexFactory factory, VectorCodec codec, FileChannel channel) throws IOException {
        int dimension = vectors.dimension();
        try (IvfIndex index = IvfIndex.map(folder.resolve(factory.codec() + ".faiss"));
                IvfIndex encoder = IvfIndex.trained(new float[dimension], 1, dimension, codec, new float[0], 0, 1)) {
            for (int list = 0; list < nlist; list++) {
                long[] ids = index.listIds(list);
                if (ids.length == 0) {
                    continue;
                }
                float[] rows = new float[ids.length * dimension];
                for (int i = 0; i < ids.length; i++) {
                    System.arraycopy(vectors.picture(ids[i]), 0, rows, i * dimension, dimension);
                }
                byte[] codes = new byte[ids.length * encoder.codeBytes()];
                encoder.encode(rows, ids.length, new long[ids.length], codes);
                write(channel, ByteBuffer.wrap(codes));
            }
        }
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
