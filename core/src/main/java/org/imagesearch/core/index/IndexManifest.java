package org.imagesearch.core.index;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * {@code index.json}: everything a program must know about a generation before it opens a shard.
 *
 * @param formatVersion version of this layout, {@value #FORMAT_VERSION}
 * @param generation the directory's name, {@code gen-000001}
 * @param model the model bundle that made the embeddings
 * @param modelName the bundle's name, for people
 * @param dimension floats per embedding
 * @param metric always {@value #METRIC}: embeddings are normalised, so higher is nearer
 * @param factory the Faiss factory string, for example {@code IVF1024,Flat}
 * @param nlist inverted lists, the same in every shard
 * @param defaultNprobe lists probed when a request does not say: the least that reached {@code targetRecall}
 * @param targetRecall recall@10 that was asked for
 * @param recall the measured curve, by growing nprobe
 * @param count pictures in all shards
 * @param centroids the trained, empty index
 * @param shards the shards, by number
 * @param created when the generation was written
 */
public record IndexManifest(
        int formatVersion,
        String generation,
        Fingerprint model,
        String modelName,
        int dimension,
        String metric,
        String factory,
        int nlist,
        int defaultNprobe,
        double targetRecall,
        List<RecallPoint> recall,
        long count,
        FileEntry centroids,
        List<ShardEntry> shards,
        Instant created) {
    public static final int FORMAT_VERSION = 1;
    public static final String METRIC = "inner_product";

    /** @throws ImageSearchException (data) if the parts do not fit together */
    public IndexManifest {
        if (formatVersion != FORMAT_VERSION) {
            throw ImageSearchException.data(
                    "index.json has formatVersion %d, this program reads %d", formatVersion, FORMAT_VERSION);
        }
        if (generation == null || model == null || centroids == null || shards == null || recall == null) {
            throw ImageSearchException.data("index.json lacks generation, model, centroids, shards or recall");
        }
        if (!METRIC.equals(metric)) {
            throw ImageSearchException.data("index.json has metric %s, expected %s", metric, METRIC);
        }
        if (dimension <= 0 || nlist <= 0 || defaultNprobe <= 0 || defaultNprobe > nlist) {
            throw ImageSearchException.data(
                    "index.json has dimension %d, nlist %d, defaultNprobe %d", dimension, nlist, defaultNprobe);
        }
        shards = List.copyOf(shards);
        recall = List.copyOf(recall);
        long inShards = 0;
        for (int number = 0; number < shards.size(); number++) {
            ShardEntry shard = shards.get(number);
            if (shard.number() != number) {
                throw ImageSearchException.data("index.json: shard %d stands at place %d", shard.number(), number);
            }
            inShards += shard.count();
        }
        if (inShards != count) {
            throw ImageSearchException.data("index.json counts %d pictures, its shards %d", count, inShards);
        }
    }

    /**
     * The least measured nprobe that reaches a recall; all lists if no measured one does, since that is as good as it gets.
     *
     * @param target recall@10, 0 to 1
     */
    public int nprobeFor(double target) {
        for (RecallPoint point : recall) {
            if (point.dependable() >= target) {
                return point.nprobe();
            }
        }
        return nlist;
    }

    /**
     * What was measured at an nprobe, or at the next smaller one that was measured: recall does not fall when more lists are
     * probed. Empty below the first measured one.
     */
    public Optional<RecallPoint> measuredAt(int nprobe) {
        return recall.stream().filter(point -> point.nprobe() <= nprobe).reduce((smaller, larger) -> larger);
    }

    public byte[] toJson() {
        return Json.write(this);
    }

    /**
     * @param name the file's path, for messages
     * @throws ImageSearchException (data) if the bytes are not an index manifest
     */
    public static IndexManifest fromJson(byte[] bytes, String name) {
        return Json.read(bytes, IndexManifest.class, name);
    }
}
