package org.imagesearch.merge;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.PictureRow;
import org.imagesearch.core.parquet.RowRange;

/**
 * What rows a dataset has, and which of them are to be written, found by reading the ids. Embeddings are not touched.
 *
 * @param runs the rows, in the order of the dataset
 * @param wanted how many of them are to be written
 */
record Census(List<Run> runs, long wanted) {
    /** Ids that are looked up at once. */
    private static final int BLOCK = SortedIds.MOST;

    /** What one task found in one row group. */
    private record Group(List<Run> runs, IdSpan ids) implements Serializable {}

    /**
     * Reads the ids of a dataset and makes sure that each comes once.
     *
     * @param tasks what to read, task by task
     * @param rowsPerRun rows of a run at most
     * @param excluded what is not to be written
     * @throws ImageSearchException (data) naming the id and where it stands, if it comes twice; (input) if an id names
     *     another picture in the index
     */
    static Census take(
            JavaSparkContext spark,
            List<List<FileSlice>> tasks,
            InputFormat format,
            Broadcast<SerializableConfiguration> hadoop,
            int rowsPerRun,
            Exclusions excluded) {
        List<Group> groups = spark.parallelize(tasks, Math.max(1, tasks.size()))
                .flatMap(slices -> count(slices, format, hadoop.value().value(), rowsPerRun, excluded)
                        .iterator())
                .collect();
        RepeatedIds.requireNone(spark, groups.stream().map(Group::ids).toList(), format, hadoop);
        List<Run> runs = new ArrayList<>();
        groups.forEach(group -> runs.addAll(group.runs()));
        return new Census(runs, runs.stream().mapToLong(Run::wanted).sum());
    }

    /** All rows as the inputs of tasks, in the order of the dataset, each but the last of exactly so many. */
    List<List<RowRange>> tasks(long rowsPerTask) {
        List<List<RowRange>> tasks = new ArrayList<>();
        List<RowRange> task = new ArrayList<>();
        long room = rowsPerTask;
        for (Run run : runs) {
            RowRange rows = run.rows();
            for (long from = rows.from(); from < rows.to(); ) {
                long to = Math.min(rows.to(), from + room);
                RowRange.append(task, new RowRange(rows.file(), rows.rowGroup(), from, to));
                room -= to - from;
                from = to;
                if (room == 0) {
                    tasks.add(List.copyOf(task));
                    task.clear();
                    room = rowsPerTask;
                }
            }
        }
        if (!task.isEmpty()) {
            tasks.add(List.copyOf(task));
        }
        return tasks;
    }

    private static List<Group> count(
            List<FileSlice> slices, InputFormat format, Configuration hadoop, int rowsPerRun, Exclusions excluded) {
        List<Group> groups = new ArrayList<>();
        try (PublishedPictures published = excluded.open()) {
            for (RowRange group : EmbeddingReader.rowGroups(slices, format.fingerprint(), hadoop)) {
                groups.add(
                        published.isEmpty()
                                ? countIds(group, format, hadoop, rowsPerRun, published)
                                : countPictures(group, format, hadoop, rowsPerRun, published));
            }
        }
        return groups;
    }

    private static Group countIds(
            RowRange group, InputFormat format, Configuration hadoop, int rowsPerRun, PublishedPictures published) {
        Counter counter = new Counter(group, rowsPerRun, published);
        try (EmbeddingReader<Long> ids = EmbeddingReader.ids(List.of(group), format.fingerprint(), hadoop)) {
            ids.forEachRemaining(id -> counter.add(id, null));
        }
        return counter.finish();
    }

    /** Where there is an index already, its pictures must be those of the dataset. */
    private static Group countPictures(
            RowRange group, InputFormat format, Configuration hadoop, int rowsPerRun, PublishedPictures published) {
        Counter counter = new Counter(group, rowsPerRun, published);
        try (EmbeddingReader<PictureRow> rows =
                EmbeddingReader.pictures(List.of(group), format.fingerprint(), hadoop)) {
            rows.forEachRemaining(row -> counter.add(row.id(), row.uri()));
        }
        return counter.finish();
    }

    /** Counts the rows of one row group, block by block. */
    private static final class Counter {
        private final RowRange group;
        private final int rowsPerRun;
        private final PublishedPictures published;
        private final List<Run> runs = new ArrayList<>();
        private final IdSpan.Builder span = new IdSpan.Builder();

        private final long[] ids = new long[BLOCK];
        private final String[] uris = new String[BLOCK];
        private int inBlock;
        private long runStart;
        private long runEnd;
        private long wantedInRun;

        Counter(RowRange group, int rowsPerRun, PublishedPictures published) {
            this.group = group;
            this.rowsPerRun = rowsPerRun;
            this.published = published;
            this.runStart = group.from();
            this.runEnd = group.from();
        }

        void add(long id, String uri) {
            span.add(id);
            ids[inBlock] = id;
            uris[inBlock] = uri;
            inBlock++;
            if (inBlock == BLOCK || runEnd + inBlock - runStart == rowsPerRun) {
                endBlock();
            }
        }

        private void endBlock() {
            boolean[] left = published.excluded(ids, uris, inBlock);
            for (int row = 0; row < inBlock; row++) {
                wantedInRun += left[row] ? 0 : 1;
            }
            runEnd += inBlock;
            inBlock = 0;
            if (runEnd - runStart == rowsPerRun) {
                endRun();
            }
        }

        private void endRun() {
            if (runEnd > runStart) {
                runs.add(new Run(new RowRange(group.file(), group.rowGroup(), runStart, runEnd), wantedInRun));
            }
            runStart = runEnd;
            wantedInRun = 0;
        }

        Group finish() {
            endBlock();
            endRun();
            return new Group(List.copyOf(runs), span.of(group));
        }
    }
}
