package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.ShardEntry;

/**
 * Which published shards become which new ones. Shards are folded whole, so that each is read once.
 *
 * @param groups the new shards by number, at least one
 */
record CompactionPlan(List<Group> groups) {
    /** A shard that holds this share of the wanted pictures is full: folding it would move much to gain little. */
    private static final double FULL_SHARE = 0.75;

    /** Files that the writer of one shard holds open; what is left over is folded by the next compaction. */
    private static final int MOST_SOURCES = 256;

    CompactionPlan {
        groups = groups.stream()
                .sorted(Comparator.comparingInt(Group::firstShard))
                .toList();
    }

    /**
     * A published shard.
     *
     * @param remaining its pictures that are not taken down
     * @param canFilter whether its rows have what filters need; if not, they are written anew
     */
    record Source(ShardEntry shard, long remaining, boolean canFilter) {
        boolean staysAsItIs() {
            return remaining == shard.count() && canFilter;
        }
    }

    /** The published shards that become one. */
    record Group(List<Source> sources) {
        Group {
            sources = sources.stream()
                    .sorted(Comparator.comparingInt(source -> source.shard().number()))
                    .toList();
        }

        /** Whether it stays what it is, so that its files can be linked. */
        boolean isUntouched() {
            return sources.size() == 1 && sources.get(0).staysAsItIs();
        }

        long pictures() {
            return sources.stream().mapToLong(Source::remaining).sum();
        }

        private int firstShard() {
            return sources.get(0).shard().number();
        }
    }

    /** Folds into a number of shards of like size. */
    static CompactionPlan intoShards(List<Source> published, int shards) {
        List<Source> sources = withPictures(published);
        if (shards > sources.size()) {
            throw ImageSearchException.input(
                    "--shards is %d, but there are %d shards with pictures: compaction folds, it does not split",
                    shards, sources.size());
        }
        if (sources.size() > (long) shards * MOST_SOURCES) {
            throw ImageSearchException.input(
                    "--shards is %d, but %d shards fold into %d at least at a time, %d into one",
                    shards, sources.size(), (sources.size() + MOST_SOURCES - 1) / MOST_SOURCES, MOST_SOURCES);
        }
        // The largest first, each to where least is yet.
        List<List<Source>> groups = new ArrayList<>();
        for (int i = 0; i < shards; i++) {
            groups.add(new ArrayList<>());
        }
        for (Source source : largestFirst(sources)) {
            groups.stream()
                    .filter(group -> group.size() < MOST_SOURCES)
                    .min(Comparator.comparingLong(CompactionPlan::pictures))
                    .orElseThrow()
                    .add(source);
        }
        return new CompactionPlan(groups.stream().map(Group::new).toList());
    }

    /** Folds into as few shards as hold this many pictures each, but leaves alone what is full and stays as it is. */
    static CompactionPlan ofAtMost(List<Source> published, long picturesPerShard) {
        List<List<Source>> full = new ArrayList<>();
        List<List<Source>> open = new ArrayList<>();
        for (Source source : largestFirst(withPictures(published))) {
            if (source.staysAsItIs() && source.remaining() >= FULL_SHARE * picturesPerShard) {
                full.add(List.of(source));
                continue;
            }
            open.stream()
                    .filter(group ->
                            group.size() < MOST_SOURCES && pictures(group) + source.remaining() <= picturesPerShard)
                    .findFirst()
                    .ifPresentOrElse(group -> group.add(source), () -> open.add(new ArrayList<>(List.of(source))));
        }
        full.addAll(open);
        return new CompactionPlan(full.stream().map(Group::new).toList());
    }

    /** Whether the generation would be what is published already. */
    boolean changesNothing(int publishedShards) {
        return groups.size() == publishedShards && groups.stream().allMatch(Group::isUntouched);
    }

    private static List<Source> withPictures(List<Source> sources) {
        List<Source> some =
                sources.stream().filter(source -> source.remaining() > 0).toList();
        if (some.isEmpty()) {
            throw ImageSearchException.input("every picture of the index is taken down: nothing would be left");
        }
        return some;
    }

    private static List<Source> largestFirst(List<Source> sources) {
        return sources.stream()
                .sorted(Comparator.comparingLong(Source::remaining).reversed())
                .toList();
    }

    private static long pictures(List<Source> group) {
        return group.stream().mapToLong(Source::remaining).sum();
    }
}
