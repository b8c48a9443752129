package org.imagesearch.server.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.imagesearch.core.Ids;
import org.imagesearch.core.query.QueryOptions;
import org.imagesearch.server.query.RequestException;

/**
 * The parameters of an address, read with messages that name them. A name that nobody reads is refused, not passed over.
 *
 * <p>They are decoded here, strictly: percent-encoded UTF-8 with {@code +} for a space, as forms send it; bytes that a client
 * did not encode count as they are.
 */
final class Parameters implements QueryOptions {
    private static final Pattern WHOLE_NUMBER = Pattern.compile("[+-]?[0-9]{1,9}");
    private static final Pattern NUMBER = Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,9})?");
    private static final Pattern ID = Pattern.compile("[0-9]{1,15}");

    /** May be given more than once. */
    private static final Set<String> REPEATABLE = Set.of("facets");

    private static final int SHOWN = 40;

    private final Map<String, List<String>> given = new HashMap<>();

    /**
     * @param raw names and values as they stand in the address, a character per byte
     * @throws RequestException if a parameter is unknown, given twice or not encoded right
     */
    Parameters(Map<String, ? extends Collection<String>> raw, Set<String> known) {
        raw.forEach((rawName, values) -> {
            String name = decoded("the name of a parameter", rawName);
            if (!known.contains(name)) {
                throw RequestException.bad("unknown parameter '%s', expected one of %s", shown(name), known);
            }
            if ((values.size() > 1 && !REPEATABLE.contains(name)) || given.containsKey(name)) {
                throw RequestException.bad("parameter '%s' is given more than once", name);
            }
            given.put(
                    name,
                    values.stream()
                            .map(value -> decoded("parameter '" + name + "'", value))
                            .toList());
        });
    }

    @Override
    public Optional<String> text(String name) {
        return Optional.ofNullable(given.get(name)).map(values -> values.get(0));
    }

    /** Given one by one, or with commas between them. */
    @Override
    public List<String> texts(String name) {
        return given.getOrDefault(name, List.of()).stream()
                .flatMap(value -> Stream.of(value.split(",", -1)))
                .toList();
    }

    @Override
    public Optional<Integer> wholeNumber(String name) {
        return text(name).map(value -> {
            if (!WHOLE_NUMBER.matcher(value).matches()) {
                throw RequestException.bad(
                        "%s is '%s', expected a whole number of at most 9 digits", name, shown(value));
            }
            return Integer.parseInt(value);
        });
    }

    @Override
    public Optional<Double> number(String name) {
        return text(name).map(value -> {
            if (!NUMBER.matcher(value).matches()) {
                throw RequestException.bad("%s is '%s', expected a number", name, shown(value));
            }
            return Double.parseDouble(value);
        });
    }

    Optional<Long> id(String name) {
        return text(name).map(value -> id(name, value));
    }

    boolean flag(String name) {
        return flag(name, false);
    }

    @Override
    public boolean flag(String name, boolean otherwise) {
        return text(name)
                .map(value -> switch (value) {
                    case "true" -> true;
                    case "false" -> false;
                    default -> throw RequestException.bad("%s is '%s', expected true or false", name, shown(value));
                })
                .orElse(otherwise);
    }

    static long id(String name, String value) {
        if (!ID.matcher(value).matches()) {
            throw RequestException.bad("%s is '%s', expected a number from 0 to %d", name, shown(value), Ids.LIMIT - 1);
        }
        return Long.parseLong(value);
    }

    private static String shown(String value) {
        return value.length() > SHOWN ? value.substring(0, SHOWN) + "…" : value;
    }

    private static String decoded(String what, String raw) {
        ByteBuffer bytes = ByteBuffer.allocate(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c == '%') {
                bytes.put((byte) (digit(what, raw, i + 1) << 4 | digit(what, raw, i + 2)));
                i += 2;
            } else if (c > 0xff) {
                throw RequestException.bad("%s is not encoded right", what);
            } else {
                bytes.put((byte) (c == '+' ? ' ' : c));
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            throw RequestException.bad("%s is not UTF-8", what);
        }
    }

    private static int digit(String what, String raw, int at) {
        int digit = at < raw.length() ? Character.digit(raw.charAt(at), 16) : -1;
        if (digit < 0) {
            throw RequestException.bad("%s has a %% without two hexadecimal digits behind it", what);
        }
        return digit;
    }
}
