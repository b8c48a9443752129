package org.imagesearch.merge;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexFactory;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.faiss.IvfIndex;

/**
 * Checks all shards of a generation and measures its recall, one task per shard.
 *
 * @param recall recall by nprobe
 * @param takenOver how well the pictures of shards that come from another generation fit the centroids
 * @param written the same of those that were written now
 * @param captioned the pictures of the captions
 */
record Measurement(RecallCurve recall, CentroidFit takenOver, CentroidFit written, VectorBlock captioned) {
    /**
     * @param staging the generation's folder
     * @param shards all of its shards, by number
     * @param takenOver how many of them, the first, come from another generation and are compared with their checksums
     * @param pictures pictures of the index as queries
     * @param words captions as queries; may be none
     * @param exact finds the K + 1 exact nearest pictures of queries; asked for an index of codes alone, which does not know them
     */
    static Measurement run(
            JavaSparkContext spark,
            Path index,
            Path staging,
            IndexFactory factory,
            float[] centroids,
            List<ShardEntry> shards,
            int takenOver,
            VectorBlock pictures,
            VectorBlock words,
            Function<VectorBlock, NearestPictures> exact) {
        int nlist = factory.nlist().orElseThrow();
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
        VectorBlock captioned = new VectorBlock(0, queries.dimension());
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
                captioned.addAll(inspections.get(shard).captioned());
            }
        } finally {
            task.destroy();
        }
        try (IvfIndex trained = IvfIndex.fromCentroids(centroids, nlist, queries.dimension())) {
            CentroidFit all = new CentroidFit(nlist);
            all.merge(old);
            all.merge(fresh);
            if (factory.isExact()) {
                RecallCurve recall = RecallCurve.compute(trained, queries, pictures.size(), nearest, all.listSizes());
                return new Measurement(recall, old, fresh, captioned);
            }
            NearestPictures neighbours = factory.refinement().isPresent() ? nearest : exact.apply(queries);
            SearchedNeighbours searched = SearchedNeighbours.measure(
                    spark,
                    shards.stream().map(shard -> files(staging, shard)).toList(),
                    nlist,
                    queries,
                    pictures.size(),
                    neighbours);
            RecallCurve recall =
                    RecallCurve.searched(trained, queries, pictures.size(), neighbours, all.listSizes(), searched);
            return new Measurement(recall, old, fresh, captioned);
        }
    }

    private static SearchedNeighbours.Files files(Path staging, ShardEntry shard) {
        return new SearchedNeighbours.Files(
                staging.resolve(shard.index().name()).toString(),
                shard.refinement()
                        .map(store -> staging.resolve(store.name()).toString())
                        .orElse(""));
    }

    /** Records of the core are written as JSON, here too. */
    private static String encode(ShardEntry shard) {
        return new String(Json.write(shard), StandardCharsets.UTF_8);
    }

    private static ShardEntry decode(String encoded) {
        return Json.read(encoded.getBytes(StandardCharsets.UTF_8), ShardEntry.class, "shard");
    }
}
