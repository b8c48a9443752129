package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.imagesearch.faiss.IdFilter;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.IvfShards;

/** The same vectors in several shards, searched as one on one thread as in the server, against one merged index. */
final class ShardCase {
    private static final int[] SHARDS = {4, 8};
    private static final int NPROBE = 64;

    private final ScanSetup setup;
    private final int nprobe;

    private ShardCase(ScanSetup setup) {
        this.setup = setup;
        this.nprobe = Math.min(NPROBE, setup.nlist());
    }

    static void run(ScanSetup setup) throws IOException {
        ShardCase one = new ShardCase(setup);
        for (boolean screened : new boolean[] {false, true}) {
            try (IvfIndex merged = ScanIndex.read(setup.file(), screened)) {
                for (int shards : SHARDS) {
                    one.compare(merged, shards, screened);
                }
            }
        }
    }

    private void compare(IvfIndex merged, int count, boolean screened) throws IOException {
        List<IvfIndex> shards = new ArrayList<>();
        try {
            for (int number = 0; number < count; number++) {
                shards.add(shard(merged, number, count, screened));
            }
            Hits ours = setup.newHits();
            Hits theirs = setup.newHits();
            SideBySide times = SideBySide.measure(
                    setup.repeats(), () -> search(merged, shards, ours), () -> search(merged, List.of(merged), theirs));
            ours.requireSame(theirs, setup.k());
            setup.figure(
                    "shards=" + count + (screened ? ", screened" : ""),
                    "queries/s",
                    setup.queryCount() / times.ourSeconds(),
                    "one merged index",
                    setup.queryCount() / times.theirSeconds());
        } finally {
            shards.forEach(IvfIndex::close);
        }
    }

    /** Every so many-th vector of each list, read from a file as the merged index was. */
    private IvfIndex shard(IvfIndex merged, int number, int count, boolean screened) throws IOException {
        Path file = Files.createTempFile(setup.file().getParent(), "shard-", ".faiss");
        try {
            try (IvfIndex shard = IvfIndex.fromCentroids(merged.centroids(), setup.nlist(), setup.dimension())) {
                fill(shard, merged, number, count);
                shard.write(file);
            }
            return ScanIndex.read(file, screened);
        } finally {
            Files.delete(file);
        }
    }

    private void fill(IvfIndex shard, IvfIndex merged, int number, int count) {
        int dimension = setup.dimension();
        for (int list = 0; list < setup.nlist(); list++) {
            long[] all = merged.listIds(list);
            float[] vectors = merged.listVectors(list, 0, all.length);
            int n = 0;
            for (int i = 0; i < all.length; i++) {
                if (all[i] % count == number) {
                    all[n] = all[i];
                    System.arraycopy(vectors, i * dimension, vectors, n * dimension, dimension);
                    n++;
                }
            }
            if (n > 0) {
                long[] lists = new long[n];
                Arrays.fill(lists, list);
                shard.add(vectors, all, lists, n);
            }
        }
    }

    private double search(IvfIndex centroids, List<IvfIndex> shards, Hits hits) {
        int k = setup.k();
        IvfShards together = new IvfShards(shards);
        IdFilter[] none = new IdFilter[shards.size()];
        long[] lists = new long[nprobe];
        float[] coarse = new float[nprobe];
        Hits found = new Hits(new long[k], new float[k]);
        int[] shardOf = new int[k];
        long begin = System.nanoTime();
        for (int query = 0; query < setup.queryCount(); query++) {
            float[] vector = ScanCases.row(setup, query);
            centroids.assign(vector, 1, nprobe, lists, coarse);
            together.search(
                    vector, k, lists, coarse, none, Float.NEGATIVE_INFINITY, found.ids(), shardOf, found.scores());
            System.arraycopy(found.ids(), 0, hits.ids(), query * k, k);
            System.arraycopy(found.scores(), 0, hits.scores(), query * k, k);
        }
        return SideBySide.secondsSince(begin);
    }
}
