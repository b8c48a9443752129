package org.imagesearch.core.rows;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.document.DoublePoint;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TermRangeQuery;
import org.apache.lucene.util.BytesRef;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.ComparedValues;
import org.imagesearch.core.filter.Expression;
import org.imagesearch.core.filter.Expression.Comparison;
import org.imagesearch.core.filter.Expression.HasValue;
import org.imagesearch.core.filter.Expression.Phrase;
import org.imagesearch.core.filter.Operator;
import org.imagesearch.core.rows.RowFields.Kind;

/** Says in Lucene's words what a filter asks. A value is looked for in every field that it can be in. */
final class RowQuery {
    private static final BigInteger LEAST = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger MOST = BigInteger.valueOf(Long.MAX_VALUE);

    private final IdOrder ids;

    RowQuery(IdOrder ids) {
        this.ids = ids;
    }

    Query of(Expression expression) {
        if (expression instanceof Expression.And and) {
            return joined(and.parts(), Occur.FILTER);
        } else if (expression instanceof Expression.Or or) {
            return joined(or.parts(), Occur.SHOULD);
        } else if (expression instanceof Expression.Not not) {
            return new BooleanQuery.Builder()
                    .add(new MatchAllDocsQuery(), Occur.FILTER)
                    .add(of(not.part()), Occur.MUST_NOT)
                    .build();
        } else if (expression instanceof Phrase phrase) {
            return words(phrase);
        } else if (expression instanceof HasValue has) {
            return hasValue(has);
        }
        return compared((Comparison) expression);
    }

    private Query joined(List<Expression> parts, Occur occur) {
        BooleanQuery.Builder all = new BooleanQuery.Builder();
        parts.forEach(part -> all.add(of(part), occur));
        return all.build();
    }

    private static Query words(Phrase phrase) {
        String field = Kind.WORDS.of(phrase.column());
        if (phrase.words().size() == 1) {
            return new TermQuery(new Term(field, phrase.words().get(0)));
        }
        return new PhraseQuery(field, phrase.words().toArray(String[]::new));
    }

    private static Query hasValue(HasValue has) {
        if (has.column().equals(Columns.ID)) {
            return new MatchAllDocsQuery();
        }
        List<Query> kinds = new ArrayList<>();
        for (Kind kind : List.of(Kind.INTEGER, Kind.NUMBER, Kind.FLAG, Kind.TEXT)) {
            kinds.add(new TermQuery(new Term(RowFields.COLUMN, kind.of(has.column()))));
        }
        return any(kinds);
    }

    private Query compared(Comparison comparison) {
        String column = comparison.column();
        Operator operator = comparison.operator();
        if (column.equals(Columns.ID)) {
            return comparison
                    .number()
                    .<Query>map(number -> integers(operator, number, this::idsFrom))
                    .orElseGet(MatchNoDocsQuery::new);
        }
        List<Query> kinds = new ArrayList<>();
        kinds.add(texts(Kind.TEXT.of(column), operator, RowFields.term(comparison.value())));
        comparison.number().ifPresent(number -> {
            kinds.add(integers(
                    operator, number, (from, to) -> LongPoint.newRangeQuery(Kind.INTEGER.of(column), from, to)));
            kinds.add(numbers(Kind.NUMBER.of(column), operator, ComparedValues.number(number.doubleValue())));
        });
        comparison
                .flag()
                .filter(flag -> operator == Operator.EQUAL)
                .ifPresent(flag -> kinds.add(new TermQuery(new Term(Kind.FLAG.of(column), Boolean.toString(flag)))));
        return any(kinds);
    }

    private static Query any(List<Query> queries) {
        BooleanQuery.Builder any = new BooleanQuery.Builder();
        queries.forEach(query -> any.add(query, Occur.SHOULD));
        return any.build();
    }

    private Query idsFrom(long from, long to) {
        return new PlacesQuery(ids.firstAtLeast(from), to == Long.MAX_VALUE ? ids.size() : ids.firstAtLeast(to + 1));
    }

    private static Query texts(String field, Operator operator, BytesRef value) {
        return switch (operator) {
            case EQUAL -> new TermQuery(new Term(field, value));
            case LESS, AT_MOST -> new TermRangeQuery(field, null, value, true, operator == Operator.AT_MOST);
            case MORE, AT_LEAST -> new TermRangeQuery(field, value, null, operator == Operator.AT_LEAST, true);
        };
    }

    private static Query numbers(String field, Operator operator, double value) {
        double from =
                switch (operator) {
                    case EQUAL, AT_LEAST -> value;
                    case MORE -> DoublePoint.nextUp(value);
                    case LESS, AT_MOST -> Double.NEGATIVE_INFINITY;
                };
        double to =
                switch (operator) {
                    case EQUAL, AT_MOST -> value;
                    case LESS -> DoublePoint.nextDown(value);
                    case MORE, AT_LEAST -> Double.POSITIVE_INFINITY;
                };
        return DoublePoint.newRangeQuery(field, from, to);
    }

    /** A range of whole numbers, both ends included. */
    private interface Range {
        Query of(long from, long to);
    }

    private static Query integers(Operator operator, BigDecimal value, Range range) {
        BigInteger down = value.setScale(0, RoundingMode.FLOOR).toBigIntegerExact();
        BigInteger up = value.setScale(0, RoundingMode.CEILING).toBigIntegerExact();
        BigInteger from =
                switch (operator) {
                    case EQUAL, AT_LEAST -> up;
                    case MORE -> down.add(BigInteger.ONE);
                    case LESS, AT_MOST -> LEAST;
                };
        BigInteger to =
                switch (operator) {
                    case EQUAL, AT_MOST -> down;
                    case LESS -> up.subtract(BigInteger.ONE);
                    case MORE, AT_LEAST -> MOST;
                };
        BigInteger least = from.max(LEAST);
        BigInteger most = to.min(MOST);
        return least.compareTo(most) > 0
                ? new MatchNoDocsQuery()
                : range.of(least.longValueExact(), most.longValueExact());
    }
}
