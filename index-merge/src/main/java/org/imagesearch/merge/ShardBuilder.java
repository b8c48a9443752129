package org.imagesearch.merge;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.rows.RowStoreWriter;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.NearestCentroids;
import org.imagesearch.faiss.RefinementFile;
import scala.Tuple2;

/**
 * Writes the shards of a generation. Reading tasks assign pictures to centroids; Spark's shuffle brings the pictures of a
 * shard together, sorted on disk by inverted list; one task per shard then writes its files from front to back.
 */
final class ShardBuilder {
    private ShardBuilder() {}

    /**
     * Writes {@code plan.shards()} shards into the staging directory.
     *
     * @param tasks the pictures' files, task by task
     * @param centroids {@code float[nlist * dimension]}
     * @return the shards by number
     */
    static List<ShardEntry> build(
            JavaSparkContext spark,
            List<List<FileSlice>> tasks,
            BuildPlan plan,
            Broadcast<float[]> centroids,
            Broadcast<SerializableConfiguration> hadoop) {
        List<String> results = spark.parallelize(tasks, Math.max(1, tasks.size()))
                .mapPartitionsToPair(slices -> assign(slices, plan, centroids, hadoop))
                .repartitionAndSortWithinPartitions(
                        new ByShard(plan.firstShard(), plan.shards()), new PicturePlace.FileOrder())
                .mapPartitionsWithIndex((index, pictures) -> write(plan, plan.firstShard() + index, pictures), true)
                .collect();
        return AttemptFolders.keep(
                plan.stagingPath(),
                results.stream()
                        .map(result -> Json.read(
                                result.getBytes(StandardCharsets.UTF_8), AttemptFolders.Written.class, "result"))
                        .toList());
    }

    private static Iterator<Tuple2<PicturePlace, byte[]>> assign(
            Iterator<List<FileSlice>> slices,
            BuildPlan plan,
            Broadcast<float[]> centroids,
            Broadcast<SerializableConfiguration> hadoop) {
        List<FileSlice> mine = new ArrayList<>();
        slices.forEachRemaining(mine::addAll);
        InputFormat input = plan.input();
        AssignedPictures pictures = new AssignedPictures(
                plan,
                EmbeddingReader.images(
                        mine,
                        input.dimension(),
                        input.fingerprint(),
                        hadoop.value().value()),
                NearestCentroids.of(centroids.value(), plan.nlist(), input.dimension()),
                IvfIndex.read(plan.centroids()),
                plan.refinement()
                        .map(finer -> IvfIndex.trained(
                                new float[input.dimension()], 1, input.dimension(), finer.codec(), new float[0], 0, 1)),
                new PublishedPictures(plan.publishedRows(), plan.down()));
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> pictures.close());
        return pictures;
    }

    private static Iterator<String> write(BuildPlan plan, int shard, Iterator<Tuple2<PicturePlace, byte[]>> pictures) {
        Path attempt =
                AttemptFolders.create(plan.stagingPath(), TaskContext.get().taskAttemptId());
        Path index = attempt.resolve(IndexLayout.shardIndex(shard));
        Path rows = attempt.resolve(IndexLayout.shardRows(shard));
        Optional<RefinementFile> finer = plan.refinement();
        int finerBytes = finer.map(RefinementFile::vectorBytes).orElse(0);
        String refinement = IndexLayout.shardRefinement(shard);
        long count = 0;
        List<String> rowFiles;
        try (IvfFileWriter vectors = new IvfFileWriter(index, plan.centroids());
                RefinementWriter finerVectors =
                        finer.isEmpty() ? null : new RefinementWriter(attempt.resolve(refinement), finer.get());
                RowStoreWriter rowStore = new RowStoreWriter(rows)) {
            while (pictures.hasNext()) {
                Tuple2<PicturePlace, byte[]> picture = pictures.next();
                PicturePlace place = picture._1();
                byte[] value = picture._2();
                vectors.add(place.list(), place.id(), value);
                if (finerVectors != null) {
                    finerVectors.add(value, vectors.codeBytes());
                }
                rowStore.add(
                        place.id(),
                        place.list(),
                        Arrays.copyOfRange(value, vectors.codeBytes() + finerBytes, value.length));
                count++;
            }
            vectors.finish();
            if (finerVectors != null) {
                finerVectors.finish();
            }
            rowFiles = rowStore.finish();
        } catch (IOException e) {
            // Java's own message of a full disk names no file.
            throw new ImageSearchException(ErrorCode.RESOURCE, "cannot write " + index + ": " + e.getMessage(), e);
        }
        List<FileEntry> rowEntries = rowFiles.stream()
                .map(name -> FileEntry.of(attempt, IndexLayout.shardRows(shard) + "/" + name))
                .toList();
        ShardEntry entry = new ShardEntry(
                shard,
                count,
                FileEntry.of(attempt, IndexLayout.shardIndex(shard)),
                rowEntries,
                finer.map(layout -> FileEntry.of(attempt, refinement)));
        byte[] result =
                Json.write(new AttemptFolders.Written(attempt.getFileName().toString(), entry));
        return Collections.singleton(new String(result, StandardCharsets.UTF_8)).iterator();
    }

    /** Sends the pictures of a shard to one task. */
    private static final class ByShard extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int firstShard;
        private final int shards;

        ByShard(int firstShard, int shards) {
            this.firstShard = firstShard;
            this.shards = shards;
        }

        @Override
        public int numPartitions() {
            return shards;
        }

        @Override
        public int getPartition(Object key) {
            return ((PicturePlace) key).shard() - firstShard;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ByShard same && same.firstShard == firstShard && same.shards == shards;
        }

        @Override
        public int hashCode() {
            return 31 * firstShard + shards;
        }
    }
}
