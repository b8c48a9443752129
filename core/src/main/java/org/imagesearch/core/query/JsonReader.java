package org.imagesearch.core.query;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;

/**
 * Reads JSON bodies strictly and within bounds. Every refusal, an {@link ImageSearchException} (input), names the field, what it is
 * and what was expected. Thread-safe.
 */
public final class JsonReader {
    private static final int MAX_NESTING = 8;

    private final JsonMapper mapper;

    /** @param maxBytes of a body, which a picture in it may fill */
    public JsonReader(int maxBytes) {
        JsonFactory factory = JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_NESTING)
                        .maxStringLength(maxBytes)
                        .build())
                .build();
        this.mapper = JsonMapper.builder(factory).build();
    }

    /**
     * A body that is one object.
     *
     * @param maxTokens names, brackets and values at most
     */
    public JsonNode parse(byte[] body, long maxTokens) {
        try (JsonParser parser = new CountingParser(mapper.createParser(body), maxTokens)) {
            JsonNode root = mapper.readTree(parser);
            if (root == null || !root.isObject()) {
                throw ImageSearchException.input("the body is no JSON object");
            }
            if (parser.nextToken() != null) {
                throw ImageSearchException.input("the body goes on behind its JSON object");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw ImageSearchException.input("the body is not valid JSON: %s", withoutAdvice(e.getOriginalMessage()));
        } catch (IOException e) {
            // Bytes in memory can always be read: they are no characters.
            throw ImageSearchException.input("the body is not valid JSON: it is not UTF-8");
        }
    }

    /** Jackson's message, without what it tells programmers about its own classes, which it sets in backticks. */
    private static String withoutAdvice(String message) {
        int advice = message.indexOf('`');
        return advice < 0 ? message : message.substring(0, Math.max(0, message.lastIndexOf(':', advice)));
    }

    /** A tree takes many times the bytes that it is read from; a request has few values, whatever the size of its pictures. */
    private static final class CountingParser extends JsonParserDelegate {
        private final long most;
        private long count;

        CountingParser(JsonParser parser, long most) {
            super(parser);
            this.most = most;
        }

        @Override
        public JsonToken nextToken() throws IOException {
            count++;
            if (count > most) {
                throw ImageSearchException.input("the body has more values than it may have: over %d", most);
            }
            return super.nextToken();
        }

        /** Jackson, asked what a fraction is good for, makes a text of it first: for a vector, half of the time and memory of reading it. */
        @Override
        public NumberType getNumberType() throws IOException {
            return currentToken() == JsonToken.VALUE_NUMBER_FLOAT ? NumberType.DOUBLE : super.getNumberType();
        }
    }

    /** @param what the fields are, for the message */
    public static void requireKnown(JsonNode node, Set<String> known, String what) {
        node.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw ImageSearchException.input("unknown %s '%s', expected one of %s", what, name, known);
            }
        });
    }

    /** Whether a text has no half of a surrogate pair. */
    public static boolean isUnicode(String text) {
        return text.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE);
    }

    /**
     * Bytes in base64.
     *
     * @param name of the field, for messages
     */
    public static byte[] base64(String name, String text) {
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            if (bytes.length == 0) {
                throw ImageSearchException.input("%s is empty, expected bytes in base64", name);
            }
            return bytes;
        } catch (IllegalArgumentException e) {
            throw ImageSearchException.input("%s is not base64: %s", name, e.getMessage());
        }
    }

    /** @param name of the field, for the message */
    public static long id(String name, JsonNode node) {
        if (!node.canConvertToLong() || !node.isIntegralNumber() || !Ids.isValid(node.longValue())) {
            throw ImageSearchException.input(
                    "%s is %s, expected a number from 0 to %d", name, kind(node), Ids.LIMIT - 1);
        }
        return node.longValue();
    }

    /** A text that must be there. */
    public static String requireText(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isTextual()) {
            throw ImageSearchException.input("%s is %s, expected a text", field, kind(value));
        }
        return value.textValue();
    }

    /** A whole number, empty where the field is missing or null. */
    public static Optional<Integer> wholeNumber(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!isGiven(value)) {
            return Optional.empty();
        }
        if (!value.isInt()) {
            throw ImageSearchException.input("%s is %s, expected a whole number", field, kind(value));
        }
        return Optional.of(value.intValue());
    }

    /** A number, empty where the field is missing or null. */
    public static Optional<Double> number(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!isGiven(value)) {
            return Optional.empty();
        }
        if (!value.isNumber()) {
            throw ImageSearchException.input("%s is %s, expected a number", field, kind(value));
        }
        return Optional.of(value.doubleValue());
    }

    /** A truth value, false where the field is missing or null. */
    public static boolean flag(JsonNode node, String field) {
        return flag(node, field, false);
    }

    /** @param otherwise where it is not given */
    public static boolean flag(JsonNode node, String field, boolean otherwise) {
        JsonNode value = node.path(field);
        if (!isGiven(value)) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw ImageSearchException.input("%s is %s, expected true or false", field, kind(value));
        }
        return value.booleanValue();
    }

    /** Whether a field is there and not null. */
    public static boolean isGiven(JsonNode value) {
        return !value.isMissingNode() && !value.isNull();
    }

    /** A value as a message tells it: short, whatever the client sent. */
    public static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "an array of " + value.size();
            case OBJECT -> "an object";
            case STRING -> "a text";
            case MISSING, NULL -> "missing";
            default -> {
                String text = value.asText();
                yield text.length() > 40 ? text.substring(0, 40) + "…" : text;
            }
        };
    }
}
