package org.imagesearch.server.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import org.imagesearch.faiss.MatchingVectors;
import org.imagesearch.server.index.FilterCacheState;
import org.junit.jupiter.api.Test;

class RecentFiltersTest {
    private final AtomicInteger made = new AtomicInteger();
    private final FilterCounts counts = new FilterCounts();

    private MatchingVectors make() {
        made.incrementAndGet();
        return new MatchingVectors(new long[] {5, 7}, new int[] {0, 3}, 4, false);
    }

    private long bytes() {
        try (MatchingVectors one = make()) {
            made.decrementAndGet();
            return one.bytes();
        }
    }

    @Test
    void whatIsAskedAgainIsKept() {
        try (RecentFilters filters = new RecentFilters(10 * bytes(), counts)) {
            MatchingVectors first;
            try (RecentFilters.Use use = filters.use(0, "a=1", this::make)) {
                first = use.matches();
                assertThat(first.count()).isEqualTo(2);
            }
            try (RecentFilters.Use again = filters.use(0, "a=1", this::make);
                    RecentFilters.Use otherShard = filters.use(1, "a=1", this::make);
                    RecentFilters.Use otherFilter = filters.use(0, "a=2", this::make)) {
                assertThat(again.matches()).isSameAs(first);
                assertThat(otherShard.matches()).isNotSameAs(first);
                assertThat(otherFilter.matches()).isNotSameAs(first);
            }
            assertThat(made.get()).isEqualTo(3);
            assertThat(filters.bytes()).isEqualTo(3 * bytes());
            assertThat(counts.state()).isEqualTo(new FilterCacheState(1, 3, 0, 3 * bytes()));
        }
        assertThat(counts.state()).isEqualTo(new FilterCacheState(1, 3, 0, 0));
    }

    @Test
    void oneAfterTheOtherIsCountedTogether() {
        try (RecentFilters first = new RecentFilters(10 * bytes(), counts);
                RecentFilters second = new RecentFilters(bytes(), counts)) {
            first.use(0, "a", this::make).close();
            second.use(0, "a", this::make).close();
            second.use(0, "b", this::make).close();
            assertThat(counts.state()).isEqualTo(new FilterCacheState(0, 3, 1, 2 * bytes()));
        }
        assertThat(counts.state().bytes()).isZero();
    }

    @Test
    void whatWasUsedLongestAgoGoesFirstAndWhatIsInUseStaysOpen() {
        try (RecentFilters filters = new RecentFilters(2 * bytes(), counts);
                RecentFilters.Use held = filters.use(0, "a", this::make)) {
            filters.use(0, "b", this::make).close();
            filters.use(0, "a", this::make).close();
            filters.use(0, "c", this::make).close();
            assertThat(made.get()).isEqualTo(3);
            filters.use(0, "a", this::make).close();
            assertThat(made.get()).as("b has gone").isEqualTo(3);
            filters.use(0, "b", this::make).close();
            filters.use(0, "c", this::make).close();
            assertThat(made.get()).isEqualTo(5);
            assertThat(filters.bytes()).isEqualTo(2 * bytes());
            assertThat(held.matches().ids().bytes()).isPositive();
        }
    }

    @Test
    void whatNobodyUsesAnyMoreIsClosed() {
        RecentFilters none = new RecentFilters(0, counts);
        RecentFilters.Use use = none.use(0, "a", this::make);
        MatchingVectors matches = use.matches();
        assertThat(none.bytes()).isZero();
        assertThat(matches.ids().bytes()).isPositive();
        use.close();
        assertThatThrownBy(() -> matches.ids().bytes()).isInstanceOf(IllegalStateException.class);

        RecentFilters some = new RecentFilters(1 << 20, counts);
        RecentFilters.Use kept = some.use(0, "a", this::make);
        kept.close();
        assertThat(kept.matches().ids().bytes()).isPositive();
        some.close();
        assertThatThrownBy(() -> kept.matches().ids().bytes()).isInstanceOf(IllegalStateException.class);
        none.close();
    }
}
