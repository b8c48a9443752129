package org.imagesearch.merge;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.parquet.RowRange;
import org.imagesearch.faiss.NearestCentroids;

/** Writes the shards of a generation, one task each, from what they get of the dataset. Nothing is shuffled. */
final class ShardBuilder {
    private ShardBuilder() {}

    /**
     * Writes shards into the staging directory.
     *
     * @param parts what each shard is made of
     * @param centroids {@code float[nlist * dimension]}
     * @return the shards by number
     */
    static List<ShardEntry> build(
            JavaSparkContext spark,
            List<List<RowRange>> parts,
            BuildPlan plan,
            Broadcast<float[]> centroids,
            Broadcast<SerializableConfiguration> hadoop) {
        List<Part> tasks = new ArrayList<>();
        for (List<RowRange> rows : parts) {
            tasks.add(new Part(plan.firstShard() + tasks.size(), new ArrayList<>(rows)));
        }
        List<String> results = spark.parallelize(tasks, tasks.size())
                .map(part -> write(plan, part, centroids, hadoop))
                .collect();
        return AttemptFolders.keep(
                plan.stagingPath(),
                results.stream()
                        .map(result -> Json.read(
                                result.getBytes(StandardCharsets.UTF_8), AttemptFolders.Written.class, "result"))
                        .toList());
    }

    private record Part(int shard, ArrayList<RowRange> rows) implements Serializable {}

    private static String write(
            BuildPlan plan, Part part, Broadcast<float[]> centroids, Broadcast<SerializableConfiguration> hadoop) {
        Path attempt =
                AttemptFolders.create(plan.stagingPath(), TaskContext.get().taskAttemptId());
        try (NearestCentroids nearest = NearestCentroids.of(
                centroids.value(), plan.nlist(), plan.input().dimension())) {
            ShardEntry entry = new ShardTask(
                            plan, part.shard(), part.rows(), hadoop.value().value())
                    .write(nearest, attempt);
            byte[] result =
                    Json.write(new AttemptFolders.Written(attempt.getFileName().toString(), entry));
            return new String(result, StandardCharsets.UTF_8);
        } catch (IOException e) {
            // Java's own message of a full disk names no file.
            throw new ImageSearchException(
                    ErrorCode.RESOURCE,
                    "cannot write " + attempt.resolve(IndexLayout.shardIndex(part.shard())) + ": " + e.getMessage(),
                    e);
        }
    }
}
