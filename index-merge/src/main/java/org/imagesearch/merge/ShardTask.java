package org.imagesearch.merge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.PictureRow;
import org.imagesearch.core.parquet.RowRange;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowStoreWriter;
import org.imagesearch.faiss.NearestCentroids;
import org.imagesearch.faiss.RefinementFile;

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
    private final Optional<RefinementFile> refinement;
    private final BuildMemory memory;
    private final long[] sizes;

    private final int batch;

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
        this.refinement = plan.refinement();
        this.memory = new BuildMemory(plan.memory());
        this.sizes = new long[head.nlist()];
        InputFormat input = plan.input();
        this.batch = Math.min(
                memory.batch(input.batch(), input.dimension(), head.codeBytes() + finerBytes()), SortedIds.MOST);
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
            long bytes = head.bytes() + count * (head.codeBytes() + finerBytes() + Long.BYTES);
            try (IvfPlacement file = new IvfPlacement(
                    folder.resolve(IndexLayout.shardIndex(shard)),
                    head,
                    sizes,
                    refinement.map(layout ->
                            new IvfPlacement.Refinement(folder.resolve(IndexLayout.shardRefinement(shard)), layout)),
                    memory.placing(bytes))) {
                place(lists, file);
                file.finish();
            }
        }
        List<FileEntry> rowEntries = rowFiles.stream()
                .map(name -> FileEntry.of(folder, IndexLayout.shardRows(shard) + "/" + name))
                .toList();
        return new ShardEntry(
                shard,
                count,
                FileEntry.of(folder, IndexLayout.shardIndex(shard)),
                rowEntries,
                refinement.map(layout -> FileEntry.of(folder, IndexLayout.shardRefinement(shard))));
    }

    private long assign(NearestCentroids centroids, AssignedLists lists, RowStoreWriter rowStore) throws IOException {
        long[] nearest = new long[batch];
        float[] scores = new float[batch];
        long count = 0;
        try (UnitVectorReader reader = UnitVectorReader.of(rows, plan.input(), batch, hadoop);
                EmbeddingReader<PictureRow> pictures =
                        EmbeddingReader.pictures(rows, plan.input().fingerprint(), hadoop);
                PublishedPictures published = plan.excluded().open()) {
            for (int read = reader.next(); read > 0; read = reader.next()) {
                centroids.assign(reader.vectors(), read, nearest, scores);
                boolean[] excluded = published.excluded(reader.ids(), null, read);
                for (int row = 0; row < read; row++) {
                    PictureRow picture = pictures.next();
                    if (picture.id() != reader.ids()[row]) {
                        throw new ImageSearchException(
                                ErrorCode.INTERNAL,
                                reader.range().file() + ": id " + reader.ids()[row] + " has the row of id "
                                        + picture.id());
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
        byte[] finerCodes = new byte[batch * finerBytes()];
        long[] listOf = new long[batch];
        int dimension = plan.input().dimension();
        try (UnitVectorReader reader = UnitVectorReader.of(rows, plan.input(), batch, hadoop);
                VectorEncoder encoder = VectorEncoder.of(plan.centroids(), dimension);
                VectorEncoder finer = refinement.isEmpty()
                        ? null
                        : VectorEncoder.of(refinement.get().codec(), dimension)) {
            for (int read = reader.next(); read > 0; read = reader.next()) {
                int kept = keepListed(reader, lists, listOf, read);
                encoder.encode(reader.vectors(), kept, listOf, codes);
                if (finer != null) {
                    finer.encode(reader.vectors(), kept, new long[kept], finerCodes);
                }
                for (int row = 0; row < kept; row++) {
                    file.add(Math.toIntExact(listOf[row]), reader.ids()[row], codes, finerCodes, row);
                }
            }
        }
    }

    /** Moves the rows that are to be written together, and returns how many they are. */
    private int keepListed(UnitVectorReader block, AssignedLists lists, long[] listOf, int read) throws IOException {
        int dimension = plan.input().dimension();
        int kept = 0;
        for (int row = 0; row < read; row++) {
            int list = lists.next();
            if (list == AssignedLists.NONE) {
                continue;
            }
            if (kept < row) {
                block.ids()[kept] = block.ids()[row];
                System.arraycopy(block.vectors(), row * dimension, block.vectors(), kept * dimension, dimension);
            }
            listOf[kept++] = list;
        }
        return kept;
    }

    private int finerBytes() {
        return refinement.map(RefinementFile::vectorBytes).orElse(0);
    }

    private static ImageRow stored(PictureRow picture) {
        return new ImageRow(picture.uri(), picture.width(), picture.height(), picture.caption(), picture.extra());
    }
}
