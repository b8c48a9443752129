package org.imagesearch.core.filter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Expression.And;
import org.imagesearch.core.filter.Expression.Comparison;
import org.imagesearch.core.filter.Expression.HasValue;
import org.imagesearch.core.filter.Expression.Not;
import org.imagesearch.core.filter.Expression.Or;
import org.imagesearch.core.filter.Expression.Phrase;

/** Reads one filter from front to back; {@link Filter#parse} has its grammar. Used once. */
final class FilterParser {
    /** What fits into an address. */
    private static final int MAX_LENGTH = 2000;

    /** Brackets and NOTs within each other: the parser calls itself that often. */
    private static final int MAX_DEPTH = 32;

    /** Each is a query of its own to those who answer it. */
    private static final int MAX_CONDITIONS = 100;

    private static final int SHOWN = 20;
    private static final String BRACKETS_AND_QUOTES = "()\"";
    private static final String OPERATORS = "=!<>:";
    private static final String OPERATORS_EXPECTED = "=, !=, <, <=, >, >= or :";

    private final String text;
    private int at;
    private int depth;
    private int conditions;

    FilterParser(String text) {
        this.text = text;
    }

    Expression parse() {
        if (text.length() > MAX_LENGTH) {
            throw ImageSearchException.input(
                    "filter has %d characters, at most %d are allowed", text.length(), MAX_LENGTH);
        }
        Expression whole = or();
        if (at < text.length()) {
            throw unexpected("AND, OR or the end");
        }
        return whole;
    }

    private Expression or() {
        return joined("OR", this::and, Or::new);
    }

    private Expression and() {
        return joined("AND", this::part, And::new);
    }

    private Expression joined(String keyword, Supplier<Expression> next, Function<List<Expression>, Expression> join) {
        List<Expression> parts = new ArrayList<>(List.of(next.get()));
        while (takeKeyword(keyword)) {
            parts.add(next.get());
        }
        return parts.size() == 1 ? parts.get(0) : join.apply(parts);
    }

    private Expression part() {
        if (takeKeyword("NOT")) {
            return deeper(() -> new Not(part()));
        }
        if (!takeSign("(")) {
            return condition();
        }
        return deeper(() -> {
            Expression inner = or();
            if (!takeSign(")")) {
                throw unexpected("AND, OR or )");
            }
            return inner;
        });
    }

    private Expression deeper(Supplier<Expression> inner) {
        if (++depth > MAX_DEPTH) {
            throw ImageSearchException.input(
                    "filter, position %d: more than %d brackets and NOTs within each other", at + 1, MAX_DEPTH);
        }
        Expression found = inner.get();
        depth--;
        return found;
    }

    private Expression condition() {
        skipSpaces();
        int position = at + 1;
        if (++conditions > MAX_CONDITIONS) {
            throw ImageSearchException.input("filter, position %d: more than %d conditions", position, MAX_CONDITIONS);
        }
        String column = quotedOr(BRACKETS_AND_QUOTES + OPERATORS, "a column, NOT or (");
        if (takeSign(":")) {
            return contains(column, position);
        }
        if (takeSign("!=")) {
            return new Not(new Comparison(column, Operator.EQUAL, value(), position));
        }
        return new Comparison(column, operator(), value(), position);
    }

    private Operator operator() {
        for (Operator one :
                List.of(Operator.AT_MOST, Operator.AT_LEAST, Operator.LESS, Operator.MORE, Operator.EQUAL)) {
            if (takeSign(one.sign())) {
                return one;
            }
        }
        throw unexpected(OPERATORS_EXPECTED);
    }

    private Expression contains(String column, int position) {
        skipSpaces();
        int begin = at;
        boolean quoted = isAt("\"");
        String value = value();
        if (!quoted && value.equals("*")) {
            return new HasValue(column, position);
        }
        if (!quoted && value.contains("*")) {
            at = begin;
            throw unexpected("a word, a * alone or a text in quotes");
        }
        List<String> words = Words.of(value);
        if (words.isEmpty()) {
            at = begin;
            throw unexpected("a value with a letter or digit");
        }
        return new Phrase(column, words, position);
    }

    private String value() {
        return quotedOr(BRACKETS_AND_QUOTES, "a value");
    }

    /** A text in quotes, or a run of characters other than these and spaces. */
    private String quotedOr(String ends, String expected) {
        skipSpaces();
        if (takeSign("\"")) {
            return quoted();
        }
        int begin = at;
        while (at < text.length() && !isSpace(text.charAt(at)) && ends.indexOf(text.charAt(at)) < 0) {
            at++;
        }
        if (at == begin) {
            throw unexpected(expected);
        }
        return text.substring(begin, at);
    }

    private String quoted() {
        StringBuilder value = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') {
                return value.toString();
            }
            if (c == '\\') {
                if (!isAt("\"") && !isAt("\\")) {
                    throw unexpected("\" or \\ behind a backslash");
                }
                c = text.charAt(at++);
            }
            value.append(c);
        }
        throw unexpected("a closing quote");
    }

    /** A keyword that is not the name of a column. */
    private boolean takeKeyword(String keyword) {
        skipSpaces();
        if (!text.regionMatches(true, at, keyword, 0, keyword.length())) {
            return false;
        }
        int end = at + keyword.length();
        if (end < text.length() && !isSpace(text.charAt(end)) && BRACKETS_AND_QUOTES.indexOf(text.charAt(end)) < 0) {
            return false;
        }
        int next = end;
        while (next < text.length() && isSpace(text.charAt(next))) {
            next++;
        }
        if (next < text.length() && OPERATORS.indexOf(text.charAt(next)) >= 0) {
            return false;
        }
        at = end;
        return true;
    }

    private boolean takeSign(String sign) {
        skipSpaces();
        if (!isAt(sign)) {
            return false;
        }
        at += sign.length();
        return true;
    }

    private boolean isAt(String sign) {
        return text.startsWith(sign, at);
    }

    private void skipSpaces() {
        while (at < text.length() && isSpace(text.charAt(at))) {
            at++;
        }
    }

    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c);
    }

    private ImageSearchException unexpected(String expected) {
        skipSpaces();
        String rest = text.substring(at);
        String found = rest.isEmpty()
                ? "the end"
                : "'" + (rest.length() > SHOWN ? rest.substring(0, SHOWN) + "…" : rest) + "'";
        return ImageSearchException.input("filter, position %d: found %s, expected %s", at + 1, found, expected);
    }
}
