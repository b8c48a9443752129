package org.imagesearch.server.http;

import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.imagesearch.core.Ids;
import org.imagesearch.server.query.RequestException;

/** The parameters of an address, read with messages that name them. A name that nobody reads is refused, not passed over. */
final class Parameters {
    private final Map<String, Deque<String>> given;

    /** @throws RequestException if a parameter is unknown or given twice */
    Parameters(Map<String, Deque<String>> given, Set<String> known) {
        given.forEach((name, values) -> {
            if (!known.contains(name)) {
                throw RequestException.bad("unknown parameter '%s', expected one of %s", name, known);
            }
            if (values.size() > 1) {
                throw RequestException.bad("parameter '%s' is given %d times", name, values.size());
            }
        });
        this.given = given;
    }

    Optional<String> text(String name) {
        Deque<String> values = given.get(name);
        return values == null || values.isEmpty() ? Optional.empty() : Optional.of(values.getFirst());
    }

    Optional<Integer> wholeNumber(String name) {
        return text(name).map(value -> {
            try {
                return Integer.parseInt(value);
            } catch (NumberFormatException e) {
                throw RequestException.bad("%s is '%s', expected a whole number", name, value);
            }
        });
    }

    Optional<Double> number(String name) {
        return text(name).map(value -> {
            try {
                return Double.parseDouble(value);
            } catch (NumberFormatException e) {
                throw RequestException.bad("%s is '%s', expected a number", name, value);
            }
        });
    }

    Optional<Long> id(String name) {
        return text(name).map(value -> id(name, value));
    }

    boolean flag(String name) {
        return text(name)
                .map(value -> switch (value) {
                    case "true" -> true;
                    case "false" -> false;
                    default -> throw RequestException.bad("%s is '%s', expected true or false", name, value);
                })
                .orElse(false);
    }

    static long id(String name, String value) {
        if (!value.matches("\\d{1,15}")) {
            throw RequestException.bad("%s is '%s', expected a number from 0 to %d", name, value, Ids.LIMIT - 1);
        }
        return Long.parseLong(value);
    }
}
