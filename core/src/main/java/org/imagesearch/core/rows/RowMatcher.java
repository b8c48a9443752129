package org.imagesearch.core.rows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.FixedBitSet;
import org.imagesearch.core.filter.ColumnType;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.rows.RowFields.Kind;

/** Answers filters from what a store keeps beside its rows. */
final class RowMatcher {
    private final Path path;
    private final LeafReader leaf;
    private final IdOrder ids;

    /** @param leaf of a store that has rows */
    RowMatcher(Path path, LeafReader leaf, IdOrder ids) {
        this.path = path;
        this.leaf = leaf;
        this.ids = ids;
    }

    Columns columns() throws IOException {
        Map<String, Set<ColumnType>> types = new TreeMap<>();
        Terms terms = leaf.terms(RowFields.COLUMN);
        if (terms != null) {
            TermsEnum each = terms.iterator();
            for (BytesRef term = each.next(); term != null; term = each.next()) {
                String field = term.utf8ToString();
                for (Kind kind : Kind.values()) {
                    if (kind.isOf(field)) {
                        types.computeIfAbsent(kind.columnOf(field), none -> EnumSet.noneOf(ColumnType.class))
                                .add(type(kind));
                    }
                }
            }
        }
        return Columns.OF_EVERY_PICTURE.and(types);
    }

    private static ColumnType type(Kind kind) {
        return switch (kind) {
            case INTEGER -> ColumnType.INTEGER;
            case NUMBER -> ColumnType.NUMBER;
            case FLAG -> ColumnType.BOOLEAN;
            case TEXT, WORDS -> ColumnType.TEXT;
        };
    }

    /** @param without ids that count as if they were not there, ascending */
    MatchingRows matching(Filter filter, long[] without) throws IOException {
        FixedBitSet places = places(filter);
        ids.find(without, (place, ordinal) -> places.clear(ordinal));
        int count = places.cardinality();
        long[] found = new long[count];
        int[] lists = new int[count];
        NumericDocValues id = ids.ids();
        NumericDocValues list = RowStore.numbers(path, leaf, RowFields.LIST);
        int next = 0;
        for (int ordinal = places.nextSetBit(0);
                ordinal != DocIdSetIterator.NO_MORE_DOCS;
                ordinal = ordinal + 1 < places.length()
                        ? places.nextSetBit(ordinal + 1)
                        : DocIdSetIterator.NO_MORE_DOCS) {
            id.advanceExact(ordinal);
            list.advanceExact(ordinal);
            found[next] = id.longValue();
            lists[next] = Math.toIntExact(list.longValue());
            next++;
        }
        return new MatchingRows(found, lists, count == places.length());
    }

    private FixedBitSet places(Filter filter) throws IOException {
        IndexSearcher searcher = new IndexSearcher(leaf);
        // Those who ask keep what they found, as ids.
        searcher.setQueryCache(null);
        Weight weight = searcher.createWeight(
                searcher.rewrite(new RowQuery(ids).of(filter.expression())), ScoreMode.COMPLETE_NO_SCORES, 1);
        FixedBitSet places = new FixedBitSet(leaf.maxDoc());
        Scorer scorer = weight.scorer(leaf.getContext());
        if (scorer != null) {
            places.or(scorer.iterator());
        }
        return places;
    }
}
