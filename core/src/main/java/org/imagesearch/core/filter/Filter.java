package org.imagesearch.core.filter;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Expression.Comparison;
import org.imagesearch.core.filter.Expression.Condition;
import org.imagesearch.core.filter.Expression.Phrase;

/**
 * What pictures a search is limited to.
 *
 * @param text as it was written
 * @param expression what it says
 */
public record Filter(String text, Expression expression) {
    /**
     * Reads a filter.
     *
     * <pre>
     * filter     = and { OR and }
     * and        = part { AND part }
     * part       = NOT part | "(" filter ")" | column operator value | column ":" "*"
     * operator   = "=" | "!=" | "&lt;" | "&lt;=" | "&gt;" | "&gt;=" | ":"
     * </pre>
     *
     * A column is a run of characters other than spaces, brackets, quotes and those of operators, a value one other than spaces,
     * brackets and quotes; either may stand in double quotes instead, with a backslash before quotes and backslashes. {@code :} asks
     * for the words of the value, one behind the other, in a text; {@code :*} for any value. {@code !=} is NOT and {@code =}. The words
     * AND, OR and NOT may be in lower case.
     *
     * @throws ImageSearchException (input) naming the position, what was found there and what was expected
     */
    public static Filter parse(String text) {
        return new Filter(text, new FilterParser(text).parse());
    }

    /** @throws ImageSearchException (input) if it names another column, or compares one with what its values cannot be */
    public void requireFits(Columns columns) {
        requireFits(expression, columns);
    }

    private static void requireFits(Expression expression, Columns columns) {
        if (expression instanceof Expression.And and) {
            requireFit(and.parts(), columns);
        } else if (expression instanceof Expression.Or or) {
            requireFit(or.parts(), columns);
        } else if (expression instanceof Expression.Not not) {
            requireFits(not.part(), columns);
        } else {
            Condition condition = (Condition) expression;
            requireFits(
                    condition,
                    columns.types(condition.column())
                            .orElseThrow(() -> ImageSearchException.input(
                                    "filter, position %d: there is no column '%s', expected one of %s",
                                    condition.position(), condition.column(), columns)));
        }
    }

    private static void requireFit(List<Expression> parts, Columns columns) {
        parts.forEach(part -> requireFits(part, columns));
    }

    private static void requireFits(Condition condition, Set<ColumnType> types) {
        if (types.contains(ColumnType.TEXT)) {
            return;
        }
        String type = types.stream().map(ColumnType::text).collect(Collectors.joining(" or "));
        if (condition instanceof Phrase) {
            throw ImageSearchException.input(
                    "filter, position %d: the column '%s' is %s and has no words for ':', expected %s",
                    condition.position(),
                    condition.column(),
                    type,
                    types.contains(ColumnType.BOOLEAN) ? "=, != or ':*'" : "=, !=, <, <=, >, >= or ':*'");
        }
        if (condition instanceof Comparison comparison && !fits(comparison, types)) {
            throw ImageSearchException.input(
                    "filter, position %d: the column '%s' is %s, expected %s, got %s '%s'",
                    comparison.position(),
                    comparison.column(),
                    type,
                    types.contains(ColumnType.BOOLEAN) ? "= or != and true or false" : "a number",
                    comparison.operator().sign(),
                    comparison.value());
        }
    }

    private static boolean fits(Comparison comparison, Set<ColumnType> types) {
        boolean asFlag = types.contains(ColumnType.BOOLEAN)
                && comparison.operator() == Operator.EQUAL
                && comparison.flag().isPresent();
        boolean asNumber = (types.contains(ColumnType.INTEGER) || types.contains(ColumnType.NUMBER))
                && comparison.number().isPresent();
        return asFlag || asNumber;
    }
}
