package org.imagesearch.core.rows;

import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.ConstantScoreScorer;
import org.apache.lucene.search.ConstantScoreWeight;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.QueryVisitor;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.Weight;

/** The documents of a store from one place to before another: as they stand by id, those of a range of ids. */
final class PlacesQuery extends Query {
    private final int from;
    private final int to;

    PlacesQuery(int from, int to) {
        this.from = from;
        this.to = to;
    }

    @Override
    public Weight createWeight(IndexSearcher searcher, ScoreMode mode, float boost) {
        return new ConstantScoreWeight(this, boost) {
            @Override
            public Scorer scorer(LeafReaderContext context) {
                DocIdSetIterator places = from < to ? DocIdSetIterator.range(from, to) : DocIdSetIterator.empty();
                return new ConstantScoreScorer(this, score(), mode, places);
            }

            @Override
            public boolean isCacheable(LeafReaderContext context) {
                return false;
            }
        };
    }

    @Override
    public String toString(String field) {
        return "places " + from + " to " + to;
    }

    @Override
    public void visit(QueryVisitor visitor) {
        visitor.visitLeaf(this);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PlacesQuery places && places.from == from && places.to == to;
    }

    @Override
    public int hashCode() {
        return 31 * from + to;
    }
}
