package org.imagesearch.merge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.imagesearch.core.Checksums;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.rows.RowStoreWriter;
import org.imagesearch.faiss.IvfIndex;
import scala.Tuple2;

/**
 * Writes the shards of a generation. Reading tasks assign pictures to centroids; Spark's shuffle brings the pictures of a
 * shard together, sorted on disk by inverted list; one task per shard then writes its files from front to back.
 */
final class ShardBuilder {
    private static final String ATTEMPT = ".attempt-";

    private ShardBuilder() {}

    /** A written shard and the folder that the successful attempt left its files in. */
    record Written(String attempt, ShardEntry shard) {}

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
        List<ShardEntry> shards = new ArrayList<>();
        for (String result : results) {
            Written written = Json.read(result.getBytes(StandardCharsets.UTF_8), Written.class, "result");
            keep(plan.stagingPath(), written);
            shards.add(written.shard());
        }
        dropAttempts(plan.stagingPath());
        return shards;
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
                IvfIndex.fromCentroids(centroids.value(), plan.nlist(), input.dimension()),
                new PublishedPictures(plan.publishedRows()));
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> pictures.close());
        return pictures;
    }

    /** Every attempt writes into a folder of its own: a slow twin of a task cannot disturb the one that counts. */
    private static Iterator<String> write(BuildPlan plan, int shard, Iterator<Tuple2<PicturePlace, byte[]>> pictures)
            throws IOException {
        Path attempt = plan.stagingPath().resolve(ATTEMPT + TaskContext.get().taskAttemptId());
        Files.createDirectories(attempt);
        Path index = attempt.resolve(IndexLayout.shardIndex(shard));
        Path rows = attempt.resolve(IndexLayout.shardRows(shard));
        int dimension = plan.input().dimension();
        long count = 0;
        List<String> rowFiles;
        try (IvfFileWriter vectors = new IvfFileWriter(index, plan.centroids(), dimension, plan.nlist());
                RowStoreWriter rowStore = new RowStoreWriter(rows)) {
            while (pictures.hasNext()) {
                Tuple2<PicturePlace, byte[]> picture = pictures.next();
                PicturePlace place = picture._1();
                byte[] value = picture._2();
                vectors.add(place.list(), place.id(), value);
                rowStore.add(
                        place.id(), place.list(), Arrays.copyOfRange(value, dimension * Float.BYTES, value.length));
                count++;
            }
            vectors.finish();
            rowFiles = rowStore.finish();
        }
        List<FileEntry> rowEntries = rowFiles.stream()
                .map(name -> entry(attempt, IndexLayout.shardRows(shard) + "/" + name))
                .toList();
        ShardEntry entry = new ShardEntry(shard, count, entry(attempt, IndexLayout.shardIndex(shard)), rowEntries);
        byte[] result = Json.write(new Written(attempt.getFileName().toString(), entry));
        return Collections.singleton(new String(result, StandardCharsets.UTF_8)).iterator();
    }

    /** Size and checksum of a file, read back from where it was written. */
    static FileEntry entry(Path directory, String name) {
        Path file = directory.resolve(name);
        try {
            return new FileEntry(name, Files.size(file), Checksums.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    private static void keep(Path staging, Written written) {
        Path attempt = staging.resolve(written.attempt());
        int shard = written.shard().number();
        try {
            for (String name : List.of(IndexLayout.shardIndex(shard), IndexLayout.shardRows(shard))) {
                Files.move(attempt.resolve(name), staging.resolve(name));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot move shard " + shard + " out of " + attempt, e);
        }
    }

    private static void dropAttempts(Path staging) {
        try (DirectoryStream<Path> attempts = Files.newDirectoryStream(staging, ATTEMPT + "*")) {
            attempts.forEach(Directories::deleteRecursively);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot clean " + staging, e);
        }
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
