package org.imagesearch.core.index;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
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
 * @param factory the Faiss factory string, see {@link IndexFactory}, for example {@code IVF1024,Flat}
 * @param nlist inverted lists, the same in every shard
 * @param defaultNprobe lists probed when a request does not say: the least that reached {@code targetRecall}
 * @param targetRecall recall@10 that was asked for
 * @param recall the measured curve, by growing nprobe
 * @param count pictures in all shards
 * @param centroids the trained, empty index
 * @param training how these were trained; absent in what earlier versions wrote
 * @param shards the shards, by number
 * @param created when the generation was written
 * @param measured the generation that {@code recall} was measured in, where that is another one: compaction takes it over
 * @param drift how well added pictures fit the centroids; absent where none were added
 * @param calibration what scores are compared with; absent in what earlier versions wrote
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
        Optional<TrainingEntry> training,
        List<ShardEntry> shards,
        Instant created,
        Optional<String> measured,
        Optional<Drift> drift,
        Optional<CalibrationEntry> calibration) {
    public static final int FORMAT_VERSION = 1;
    public static final String METRIC = "inner_product";

    private static final double ROUNDING = 1e-9;

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
     * The least nprobe at which a recall can be relied on, read off the measured curve; all lists if no point reaches it, since
     * that is as good as it gets. Between two measured points the curve is taken for straight. It is not: each further list
     * holds fewer neighbours than the one before, so that the true curve bends above the line, and the line promises no more
     * than it.
     *
     * @param target recall@10, 0 to 1
     */
    public int nprobeFor(double target) {
        RecallPoint below = null;
        for (RecallPoint point : recall) {
            if (point.dependable() >= target) {
                return below == null ? point.nprobe() : between(below, point, target);
            }
            below = point;
        }
        return nlist;
    }

    private static int between(RecallPoint below, RecallPoint above, double target) {
        double share = (target - below.dependable()) / (above.dependable() - below.dependable());
        return (int) Math.ceil(below.nprobe() + share * (above.nprobe() - below.nprobe()) - ROUNDING);
    }

    /** The curve at any nprobe, straight between two measured points; empty below the first and above the last. */
    public Optional<RecallPoint> recallAt(int nprobe) {
        RecallPoint below = null;
        for (RecallPoint point : recall) {
            if (point.nprobe() >= nprobe) {
                return point.nprobe() == nprobe
                        ? Optional.of(point)
                        : Optional.ofNullable(below).map(before -> before.towards(point, nprobe));
            }
            below = point;
        }
        return Optional.empty();
    }

    /** All files of the generation but {@code index.json} itself. */
    public Stream<FileEntry> files() {
        return Stream.of(
                        Stream.of(centroids),
                        calibration.stream().map(CalibrationEntry::sample),
                        shards.stream().flatMap(ShardEntry::files))
                .flatMap(files -> files);
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
