package org.imagesearch.core.filter;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.imagesearch.core.filter.Expression.Comparison;
import org.imagesearch.core.filter.Expression.HasValue;
import org.imagesearch.core.filter.Expression.Phrase;

/**
 * Tells of one row after the other whether a filter lets it through, where there is no index to ask; the answers are those of {@code
 * RowStore.matching}. Immutable; thread-safe.
 */
public final class FilterMatcher {
    private final Predicate<Function<String, Object>> condition;

    public FilterMatcher(Filter filter) {
        condition = condition(filter.expression());
    }

    /**
     * Whether a row is let through.
     *
     * @param row its values by column: String, Boolean, Float, Double or a whole number, null where there is none; NaN counts as none
     */
    public boolean matches(Function<String, Object> row) {
        return condition.test(row);
    }

    private static Predicate<Function<String, Object>> condition(Expression expression) {
        if (expression instanceof Expression.And and) {
            return conditions(and.parts()).stream().reduce(row -> true, Predicate::and);
        } else if (expression instanceof Expression.Or or) {
            return conditions(or.parts()).stream().reduce(row -> false, Predicate::or);
        } else if (expression instanceof Expression.Not not) {
            return condition(not.part()).negate();
        } else if (expression instanceof Phrase phrase) {
            return row -> row.apply(phrase.column()) instanceof String text
                    && Collections.indexOfSubList(Words.of(text), phrase.words()) >= 0;
        } else if (expression instanceof HasValue has) {
            return row -> isValue(row.apply(has.column()));
        }
        return compared((Comparison) expression);
    }

    private static List<Predicate<Function<String, Object>>> conditions(List<Expression> parts) {
        return parts.stream().map(FilterMatcher::condition).toList();
    }

    private static boolean isValue(Object value) {
        return isFloating(value) ? !Double.isNaN(((Number) value).doubleValue()) : value != null;
    }

    private static boolean isFloating(Object value) {
        return value instanceof Float || value instanceof Double;
    }

    private static Predicate<Function<String, Object>> compared(Comparison comparison) {
        Operator operator = comparison.operator();
        byte[] text = ComparedValues.text(comparison.value());
        Optional<BigDecimal> exact = comparison.number();
        Optional<Boolean> flag = comparison.flag();
        return row -> {
            Object value = row.apply(comparison.column());
            if (value instanceof String found) {
                return operator.holds(Arrays.compareUnsigned(ComparedValues.text(found), text));
            } else if (value instanceof Boolean found) {
                return operator == Operator.EQUAL && flag.filter(found::equals).isPresent();
            } else if (!isValue(value)) {
                return false;
            }
            return exact.filter(number -> operator.holds(order((Number) value, number)))
                    .isPresent();
        };
    }

    private static int order(Number value, BigDecimal number) {
        if (isFloating(value)) {
            double found = value instanceof Float single
                    ? ComparedValues.number(single.floatValue())
                    : ComparedValues.number(value.doubleValue());
            return Double.compare(found, ComparedValues.number(number.doubleValue()));
        }
        return BigDecimal.valueOf(value.longValue()).compareTo(number);
    }
}
