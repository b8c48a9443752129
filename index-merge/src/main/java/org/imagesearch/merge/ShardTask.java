package org.imagesearch.merge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.PictureRow;
import org.imagesearch.core.parquet.RowRange;
import org.imagesearch.core.parquet.VectorReader;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowStoreWriter;
import org.imagesearch.faiss.NearestCentroids;

/**
 * Writes one shard from its rows of the dataset, which are read twice: first each vector is assigned to its list, the lists are
 * counted, and the row store is written; then each vector is put where the counts say. {@link BuildMemory} says what this holds.
 */
final class ShardTask {
    private static final String LISTS = "lists.tmp";

    private final BuildPlan plan;
    private final int shard;
    private final List<RowRange> rows;
    private final Configuration hadoop;
    private final IvfHead head;
    private final BuildMemory memory;
    private final long[] sizes;

    private final int batch;
    private final long[] ids;
    private final float[] vectors;
    private final double[] squares;

    /**
     * @param shard its number
     * @param rows what it is made of, in this order
     */
    ShardTask(BuildPlan plan, int shard, List<RowRange> rows, Configuration hadoop) throws IOException {
        this.plan = plan;
        this.shard = shard;
        this.rows = rows;
        this.hadoop = hadoop;
        this.head = IvfHead.of(plan.centroids());
        this.memory = new BuildMemory(plan.memory());
        this.sizes = new long[head.nlist()];
        InputFormat input = plan.input();
        this.batch = Math.min(memory.batch(input.batch(), input.dimension(), head.codeBytes()), SortedIds.MOST);
        this.ids = new long[batch];
        this.squares = new double[batch];
        this.vectors = new float[Math.multiplyExact(batch, input.dimension())];
    }

    /**
     * @param centroids the centroids that the plan's head has
     * @param folder an empty folder, for its files
     */
    ShardEntry write(NearestCentroids centroids, Path folder) throws IOException {
        long most = rows.stream().mapToLong(RowRange::count).sum();
        List<String> rowFiles;
        long count;
        try (AssignedLists lists = AssignedLists.create(most, memory.lists(), folder.resolve(LISTS))) {
            try (RowStoreWriter rowStore =
                    new RowStoreWriter(folder.resolve(IndexLayout.shardRows(shard)), memory.rows())) {
                count = assign(centroids, lists, rowStore);
                rowFiles = rowStore.finish();
            }
            lists.rewind();
            long bytes = head.bytes() + count * (head.codeBytes() + Long.BYTES);
            try (IvfPlacement file = new IvfPlacement(
                    folder.resolve(IndexLayout.shardIndex(shard)), head, sizes, memory.placing(bytes))) {
                place(lists, file);
                file.finish();
            }
        }
        List<FileEntry> rowEntries = rowFiles.stream()
                .map(name -> FileEntry.of(folder, IndexLayout.shardRows(shard) + "/" + name))
                .toList();
        return new ShardEntry(shard, count, FileEntry.of(folder, IndexLayout.shardIndex(shard)), rowEntries);
    }

    private long assign(NearestCentroids centroids, AssignedLists lists, RowStoreWriter rowStore) throws IOException {
        long[] nearest = new long[batch];
        float[] scores = new float[batch];
        long count = 0;
        try (VectorReader reader = vectors();
                EmbeddingReader<PictureRow> pictures =
                        EmbeddingReader.pictures(rows, plan.input().fingerprint(), hadoop);
                PublishedPictures published = plan.excluded().open()) {
            for (int read = next(reader); read > 0; read = next(reader)) {
                centroids.assign(vectors, read, nearest, scores);
                boolean[] excluded = published.excluded(ids, null, read);
                for (int row = 0; row < read; row++) {
                    PictureRow picture = pictures.next();
                    if (picture.id() != ids[row]) {
                        throw new ImageSearchException(
                                ErrorCode.INTERNAL,
                                reader.range().file() + ": id " + ids[row] + " has the row of id " + picture.id());
                    }
                    if (excluded[row]) {
                        lists.add(AssignedLists.NONE);
                        continue;
                    }
                    int list = Math.toIntExact(nearest[row]);
                    lists.add(list);
                    sizes[list]++;
                    rowStore.add(picture.id(), list, stored(picture));
                    count++;
                }
            }
        }
        return count;
    }

    private void place(AssignedLists lists, IvfPlacement file) throws IOException {
        byte[] codes = new byte[batch * head.codeBytes()];
        long[] listOf = new long[batch];
        try (VectorReader reader = vectors();
                VectorEncoder encoder =
                        VectorEncoder.of(plan.centroids(), plan.input().dimension())) {
            for (int read = next(reader); read > 0; read = next(reader)) {
                int kept = keepListed(lists, listOf, read);
                encoder.encode(vectors, kept, listOf, codes);
                for (int row = 0; row < kept; row++) {
                    file.add(Math.toIntExact(listOf[row]), ids[row], codes, row * head.codeBytes());
                }
            }
        }
    }

    /** Moves the rows that are to be written together, and returns how many they are. */
    private int keepListed(AssignedLists lists, long[] listOf, int read) throws IOException {
        int dimension = plan.input().dimension();
        int kept = 0;
        for (int row = 0; row < read; row++) {
            int list = lists.next();
            if (list == AssignedLists.NONE) {
                continue;
            }
            if (kept < row) {
                ids[kept] = ids[row];
                System.arraycopy(vectors, row * dimension, vectors, kept * dimension, dimension);
            }
            listOf[kept++] = list;
        }
        return kept;
    }

    private VectorReader vectors() {
        return VectorReader.of(rows, plan.input().dimension(), plan.input().fingerprint(), hadoop);
    }

    /** Reads a block and makes its vectors unit vectors. */
    private int next(VectorReader reader) {
        int read = reader.read(ids, vectors, squares, batch);
        int dimension = plan.input().dimension();
        for (int row = 0; row < read; row++) {
            Vectors.requireUnit(
                    vectors,
                    row * dimension,
                    dimension,
                    squares[row],
                    plan.input().normalised(),
                    "picture",
                    ids[row]);
        }
        return read;
    }

    private static ImageRow stored(PictureRow picture) {
        return new ImageRow(picture.uri(), picture.width(), picture.height(), picture.caption(), picture.extra());
    }
}
