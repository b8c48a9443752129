package org.imagesearch.core.filter;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** A condition on a row, or several put together. A row without a value in a column meets no condition on that column. */
public sealed interface Expression {
    /** All of them hold. */
    record And(List<Expression> parts) implements Expression {
        public And {
            parts = List.copyOf(parts);
        }
    }

    /** At least one holds. */
    record Or(List<Expression> parts) implements Expression {
        public Or {
            parts = List.copyOf(parts);
        }
    }

    /** It does not hold; so it is for a row that lacks the value. */
    record Not(Expression part) implements Expression {}

    /** A condition on one column. */
    sealed interface Condition extends Expression {
        String column();

        /** Where in the text the column is named, from 1. */
        int position();
    }

    /**
     * A value is compared: a number as a number, a truth value by {@code =} alone, a text by its code points.
     *
     * @param value as it was written
     */
    record Comparison(String column, Operator operator, String value, int position) implements Condition {
        /** So few digits that arithmetic with it stays small. */
        private static final Pattern NUMBER =
                Pattern.compile("[+-]?([0-9]{1,40}(\\.[0-9]{0,40})?|\\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?");

        /** What it is as a number, if it is one. */
        public Optional<BigDecimal> number() {
            return NUMBER.matcher(value).matches() ? Optional.of(new BigDecimal(value)) : Optional.empty();
        }

        /** What it is as a truth value, if it is one. */
        public Optional<Boolean> flag() {
            return value.equalsIgnoreCase("true")
                    ? Optional.of(true)
                    : value.equalsIgnoreCase("false") ? Optional.of(false) : Optional.empty();
        }
    }

    /**
     * A text has these words behind each other.
     *
     * @param words as {@link Words} gives them, at least one
     */
    record Phrase(String column, List<String> words, int position) implements Condition {
        public Phrase {
            words = List.copyOf(words);
        }
    }

    /** There is a value. */
    record HasValue(String column, int position) implements Condition {}
}
