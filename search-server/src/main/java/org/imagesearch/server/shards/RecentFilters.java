package org.imagesearch.server.shards;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.imagesearch.faiss.MatchingVectors;

/**
 * What filters let through in shards, for as long as it is used and, within a bound, for those who ask again: those that were used last
 * are kept. Thread-safe; what is asked for by several at once may be made by each.
 */
final class RecentFilters implements AutoCloseable {
    private final long mostBytes;
    private final FilterCounts counts;
    private final Map<Key, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long keptBytes;

    /**
     * @param mostBytes that are kept; what is in use may take more
     * @param counts of this and others
     */
    RecentFilters(long mostBytes, FilterCounts counts) {
        this.mostBytes = mostBytes;
        this.counts = counts;
    }

    private record Key(int shard, String filter) {}

    private static final class Kept {
        private final MatchingVectors matches;
        private int users;

        Kept(MatchingVectors matches) {
            this.matches = matches;
        }
    }

    /** What is used; it stays open until it is given back. */
    static final class Use implements AutoCloseable {
        private final RecentFilters owner;
        private final Kept kept;

        private Use(RecentFilters owner, Kept kept) {
            this.owner = owner;
            this.kept = kept;
        }

        MatchingVectors matches() {
            return kept.matches;
        }

        @Override
        public void close() {
            owner.giveBack(List.of(kept));
        }
    }

    /**
     * What a filter lets through in a shard.
     *
     * @param filter its text
     * @param make finds it out
     */
    Use use(int shard, String filter, Supplier<MatchingVectors> make) {
        Key key = new Key(shard, filter);
        synchronized (this) {
            Kept known = kept.get(key);
            if (known != null) {
                known.users++;
                counts.hit();
                return new Use(this, known);
            }
        }
        counts.missed();
        Kept made = new Kept(make.get());
        made.users = 1;
        keep(key, made);
        return new Use(this, made);
    }

    private void keep(Key key, Kept made) {
        List<Kept> dropped = new ArrayList<>();
        synchronized (this) {
            // Being kept is a use of its own.
            made.users++;
            Kept before = kept.put(key, made);
            long bytes = keptBytes + made.matches.bytes();
            if (before != null) {
                dropped.add(before);
                bytes -= before.matches.bytes();
            }
            Iterator<Kept> oldest = kept.values().iterator();
            while (bytes > mostBytes) {
                Kept next = oldest.next();
                oldest.remove();
                dropped.add(next);
                counts.evicted();
                bytes -= next.matches.bytes();
            }
            keeps(bytes);
        }
        giveBack(dropped);
    }

    private void keeps(long bytes) {
        counts.keeps(bytes - keptBytes);
        keptBytes = bytes;
    }

    private void giveBack(List<Kept> some) {
        List<Kept> unused = new ArrayList<>();
        synchronized (this) {
            for (Kept one : some) {
                if (--one.users == 0) {
                    unused.add(one);
                }
            }
        }
        unused.forEach(one -> one.matches.close());
    }

    /** Bytes that are kept. */
    synchronized long bytes() {
        return keptBytes;
    }

    /** Keeps nothing any more. */
    @Override
    public void close() {
        List<Kept> all;
        synchronized (this) {
            all = new ArrayList<>(kept.values());
            kept.clear();
            keeps(0);
        }
        giveBack(all);
    }
}
