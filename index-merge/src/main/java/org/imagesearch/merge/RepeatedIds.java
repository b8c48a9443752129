package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.RowRange;

/**
 * Makes sure, exactly and in bounded memory, that no id of a dataset comes twice. Row groups with ascending ids that share no
 * part of their range, as the embedding job writes them, cannot repeat any. The ids of the other row groups are read again and
 * sorted, as many at once as fit in memory: those of one remainder of their hash in each task.
 */
final class RepeatedIds {
    /** 32 MiB of ids, and nothing else, in a task. */
    private static final int IDS_AT_ONCE = 4 << 20;

    private RepeatedIds() {}

    /** @throws ImageSearchException (data) naming the least id that comes twice, and two places where it does */
    static void requireNone(
            JavaSparkContext spark,
            List<IdSpan> groups,
            InputFormat format,
            Broadcast<SerializableConfiguration> hadoop) {
        List<RowRange> open = overlapping(groups);
        if (open.isEmpty()) {
            return;
        }
        long ids = open.stream().mapToLong(RowRange::count).sum();
        int parts = Math.toIntExact((ids + IDS_AT_ONCE - 1) / IDS_AT_ONCE);
        spark
                .parallelize(IntStream.range(0, parts).boxed().toList(), parts)
                .map(part ->
                        leastRepeated(open, part, parts, format, hadoop.value().value()))
                .collect()
                .stream()
                .filter(Objects::nonNull)
                .min(Comparator.naturalOrder())
                .ifPresent(id -> refuse(id, open, format, hadoop.value().value()));
    }

    /** The row groups of which, by their ranges, an id could come twice. */
    static List<RowRange> overlapping(List<IdSpan> groups) {
        List<IdSpan> byLeast = groups.stream()
                .filter(group -> group.least() <= group.most())
                .sorted(Comparator.comparingLong(IdSpan::least))
                .toList();
        boolean[] open = new boolean[byLeast.size()];
        int widest = -1;
        for (int i = 0; i < byLeast.size(); i++) {
            IdSpan group = byLeast.get(i);
            open[i] |= !group.ascending();
            if (widest >= 0 && group.least() <= byLeast.get(widest).most()) {
                open[i] = true;
                open[widest] = true;
            }
            if (widest < 0 || group.most() > byLeast.get(widest).most()) {
                widest = i;
            }
        }
        return IntStream.range(0, open.length)
                .filter(i -> open[i])
                .mapToObj(i -> byLeast.get(i).rows())
                .toList();
    }

    private static Long leastRepeated(
            List<RowRange> groups, int part, int parts, InputFormat format, Configuration hadoop) {
        long[] ids = new long[1024];
        int count = 0;
        try (EmbeddingReader<Long> reader = EmbeddingReader.ids(groups, format.fingerprint(), hadoop)) {
            while (reader.hasNext()) {
                long id = reader.next();
                if (Math.floorMod(Hashing.mix(id), parts) == part) {
                    if (count == ids.length) {
                        ids = Arrays.copyOf(ids, 2 * count);
                    }
                    ids[count++] = id;
                }
            }
        }
        Arrays.sort(ids, 0, count);
        for (int i = 1; i < count; i++) {
            if (ids[i] == ids[i - 1]) {
                return ids[i];
            }
        }
        return null;
    }

    private static void refuse(long id, List<RowRange> groups, InputFormat format, Configuration hadoop) {
        List<String> places = new ArrayList<>();
        for (RowRange group : groups) {
            try (EmbeddingReader<Long> reader = EmbeddingReader.ids(List.of(group), format.fingerprint(), hadoop)) {
                for (long row = 0; reader.hasNext() && places.size() < 2; row++) {
                    if (reader.next() == id) {
                        places.add(group.file() + ", row group " + group.rowGroup() + ", row " + row);
                    }
                }
            }
        }
        throw ImageSearchException.data("id %d comes twice: %s", id, String.join("; ", places));
    }
}
