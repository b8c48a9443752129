package org.imagesearch.merge;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.faiss.IvfIndex;

/**
 * Checks all shards of a generation and measures its recall, one task per shard.
 *
 * @param recall recall by nprobe
 * @param takenOver how well the pictures of shards that come from another generation fit the centroids
 * @param written the same of those that were written now
 */
record Measurement(RecallCurve recall, CentroidFit takenOver, CentroidFit written) {
    /**
     * @param staging the generation's folder
     * @param shards all of its shards, by number
     * @param takenOver how many of them, the first, come from another generation and are compared with their checksums
     * @param pictures pictures of the index as queries
     * @param words captions as queries; may be none
     */
    static Measurement run(
            JavaSparkContext spark,
            Path index,
            Path staging,
            int nlist,
            float[] centroids,
            List<ShardEntry> shards,
            int takenOver,
            VectorBlock pictures,
            VectorBlock words) {
        VectorBlock queries = pictures.slice(0, pictures.size());
        for (int row = 0; row < words.size(); row++) {
            queries.add(words.id(row), words.vectors(), row * words.dimension());
        }
        // One more than K: a picture finds itself first.
        Broadcast<ShardInspection.Task> task = spark.broadcast(
                new ShardInspection.Task(nlist, centroids, queries, pictures.size(), RecallCurve.K + 1));
        String root = index.toString();
        String folder = staging.getFileName().toString();
        NearestPictures nearest = new NearestPictures(queries.size(), RecallCurve.K + 1);
        CentroidFit old = new CentroidFit(nlist);
        CentroidFit fresh = new CentroidFit(nlist);
        try {
            List<ShardInspection> inspections = spark.parallelize(
                            shards.stream().map(Measurement::encode).toList(), shards.size())
                    .map(encoded -> {
                        ShardEntry shard = decode(encoded);
                        return ShardInspection.inspect(
                                new IndexDirectory(Path.of(root)),
                                folder,
                                shard,
                                shard.number() < takenOver,
                                task.value());
                    })
                    .collect();
            for (int shard = 0; shard < inspections.size(); shard++) {
                nearest.merge(inspections.get(shard).nearest());
                (shard < takenOver ? old : fresh).merge(inspections.get(shard).fit());
            }
        } finally {
            task.destroy();
        }
        try (IvfIndex trained = IvfIndex.fromCentroids(centroids, nlist, queries.dimension())) {
            CentroidFit all = new CentroidFit(nlist);
            all.merge(old);
            all.merge(fresh);
            RecallCurve recall = RecallCurve.compute(trained, queries, pictures.size(), nearest, all.listSizes());
            return new Measurement(recall, old, fresh);
        }
    }

    /** Records of the core are written as JSON, here too. */
    private static String encode(ShardEntry shard) {
        return new String(Json.write(shard), StandardCharsets.UTF_8);
    }

    private static ShardEntry decode(String encoded) {
        return Json.read(encoded.getBytes(StandardCharsets.UTF_8), ShardEntry.class, "shard");
    }
}
