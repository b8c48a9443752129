package org.imagesearch.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.faiss.IdFilter;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.IvfShards;

/**
 * What a server does for a query, without a server: nearest centroids, the scan of all shards, the rows of the hits. Thread-safe but for
 * {@link #close}.
 */
final class InProcessSearch implements AutoCloseable {
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final IvfIndex centroids;
    private final List<IvfIndex> shards = new ArrayList<>();
    private final List<RowStore> rows = new ArrayList<>();
    private final Cores cores;
    private final int nprobe;
    private final int k;

    /** @param screened as the server that it is compared with */
    InProcessSearch(Path index, int nprobe, int k, boolean screened, Cores cores) {
        this.nprobe = nprobe;
        this.k = k;
        this.cores = cores;
        IndexDirectory directory = new IndexDirectory(index);
        String name = directory.currentGeneration();
        IndexManifest manifest = directory.readManifest(name);
        Path generation = directory.generationPath(name);
        centroids = opened(IvfIndex.read(generation.resolve(manifest.centroids().name())));
        for (ShardEntry shard : manifest.shards()) {
            IvfIndex vectors = opened(IvfIndex.ofShard(generation, shard, true));
            if (screened) {
                vectors.screen();
            }
            shards.add(vectors);
            Path store = generation.resolve(shard.rows().get(0).name()).getParent();
            rows.add(opened(RowStore.open(store)));
        }
    }

    private <T extends AutoCloseable> T opened(T one) {
        opened.add(one);
        return one;
    }

    /**
     * A hit with what an answer says of it.
     *
     * @param score inner product
     */
    record Hit(long id, float score, ImageRow row) {}

    List<Hit> search(float[] query) {
        long[] lists = new long[nprobe];
        float[] coarse = new float[nprobe];
        centroids.assign(query, 1, nprobe, lists, coarse);
        long[] ids = new long[k];
        int[] shardOf = new int[k];
        float[] scores = new float[k];
        new IvfShards(shards)
                .search(
                        query,
                        k,
                        lists,
                        coarse,
                        new IdFilter[shards.size()],
                        Float.NEGATIVE_INFINITY,
                        ids,
                        shardOf,
                        scores);
        List<Hit> hits = new ArrayList<>();
        for (int i = 0; i < k && ids[i] >= 0; i++) {
            hits.add(new Hit(ids[i], scores[i], rows.get(shardOf[i]).row(ids[i]).orElseThrow()));
        }
        return hits;
    }

    /**
     * What some threads did.
     *
     * @param perSecond queries
     * @param perCpuSecond queries per second of processor time
     * @param latencies of single queries
     */
    record Rate(double perSecond, double perCpuSecond, Latencies latencies) {}

    /** Searches on some threads of the measured processors for a while. */
    Rate rate(float[][] queries, int threads, double seconds) throws InterruptedException {
        AtomicInteger number = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(
                threads, task -> new Thread(task, "in-process-" + number.getAndIncrement()));
        try {
            List<Callable<Long>> work = new ArrayList<>();
            Latencies[] latencies = new Latencies[threads];
            Arrays.setAll(latencies, i -> new Latencies());
            for (int thread = 0; thread < threads; thread++) {
                int first = thread;
                work.add(() -> searchFor(seconds, queries, first, latencies[first]));
            }
            long cpuNanos = 0;
            for (Future<Long> one : pool.invokeAll(work)) {
                cpuNanos += one.get();
            }
            long count = Arrays.stream(latencies).mapToLong(Latencies::count).sum();
            return new Rate(count / seconds, count * (double) TimeUnit.SECONDS.toNanos(1) / cpuNanos, latencies[0]);
        } catch (ExecutionException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot search: " + e.getCause(), e);
        } finally {
            pool.shutdownNow();
        }
    }

    /** Returns the processor time of the calling thread, nanoseconds. */
    private long searchFor(double seconds, float[][] queries, int first, Latencies latencies)
            throws IOException, InterruptedException {
        Cores.bindThisThread(cores.measured());
        long cpuBefore = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
        long now = begin;
        for (int i = first; now < end; i++) {
            search(queries[i % queries.length]);
            long then = now;
            now = System.nanoTime();
            latencies.add(now - then);
        }
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpuBefore;
    }

    @Override
    public void close() {
        for (AutoCloseable one : opened) {
            try {
                one.close();
            } catch (Exception e) {
                throw new ImageSearchException(ErrorCode.INTERNAL, "cannot close a part of the index", e);
            }
        }
    }
}
