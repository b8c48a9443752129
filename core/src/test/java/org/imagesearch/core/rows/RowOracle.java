package org.imagesearch.core.rows;

import java.util.Collections;
import org.imagesearch.core.filter.Expression;
import org.imagesearch.core.filter.Expression.Comparison;
import org.imagesearch.core.filter.Expression.HasValue;
import org.imagesearch.core.filter.Expression.Phrase;
import org.imagesearch.core.filter.Operator;
import org.imagesearch.core.filter.Words;

/** Looks at one row after the other: what filters mean, without an index. */
final class RowOracle {
    private RowOracle() {}

    static boolean matches(Expression expression, long id, ImageRow row) {
        if (expression instanceof Expression.And and) {
            return and.parts().stream().allMatch(part -> matches(part, id, row));
        } else if (expression instanceof Expression.Or or) {
            return or.parts().stream().anyMatch(part -> matches(part, id, row));
        } else if (expression instanceof Expression.Not not) {
            return !matches(not.part(), id, row);
        } else if (expression instanceof Phrase phrase) {
            return value(phrase.column(), id, row) instanceof String text
                    && Collections.indexOfSubList(Words.of(text), phrase.words()) >= 0;
        } else if (expression instanceof HasValue has) {
            return value(has.column(), id, row) != null;
        }
        return compared((Comparison) expression, id, row);
    }

    private static Object value(String column, long id, ImageRow row) {
        return switch (column) {
            case "id" -> id;
            case "uri" -> row.uri();
            case "width" -> row.width() == 0 ? null : (Object) row.width();
            case "height" -> row.height() == 0 ? null : (Object) row.height();
            case "caption" -> row.caption().orElse(null);
            default ->
                row.extra().get(column) instanceof Double number && number.isNaN()
                        ? null
                        : row.extra().get(column);
        };
    }

    private static boolean compared(Comparison comparison, long id, ImageRow row) {
        Object value = value(comparison.column(), id, row);
        Operator operator = comparison.operator();
        if (value instanceof String text) {
            return operator.holds(text.compareTo(comparison.value()));
        } else if (value instanceof Boolean flag) {
            return operator == Operator.EQUAL
                    && comparison.flag().filter(flag::equals).isPresent();
        } else if (value == null || comparison.number().isEmpty()) {
            return false;
        } else if (value instanceof Float || value instanceof Double) {
            double literal = comparison.number().get().doubleValue();
            double number = Double.parseDouble(value.toString());
            return operator.holds(number == literal ? 0 : number < literal ? -1 : 1);
        }
        return operator.holds(new java.math.BigDecimal(value.toString())
                .compareTo(comparison.number().get()));
    }
}
