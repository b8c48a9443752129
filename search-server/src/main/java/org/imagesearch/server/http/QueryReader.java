package org.imagesearch.server.http;

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
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.query.Query;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.query.Term;
import org.imagesearch.server.search.SearchSettings;

/** Reads queries from addresses, JSON and pictures. Every refusal names the field, what it is and what was expected. */
final class QueryReader {
    static final Set<String> PARAMETERS =
            new TreeSet<>(Set.of("text", "id", "k", "nprobe", "recall", "minScore", "withVectors"));

    private static final Set<String> FIELDS = new TreeSet<>(Set.of(
            "text", "image", "id", "vector", "terms", "k", "nprobe", "recall", "minScore", "filter", "withVectors"));
    private static final Set<String> TERM_FIELDS = new TreeSet<>(Set.of("text", "image", "id", "vector", "weight"));
    private static final int MAX_NESTING = 8;
    private static final double MAX_WEIGHT = 1e6;

    /** Names, brackets and values of a term besides the numbers of its vector, with some to spare. */
    private static final int TOKENS_BESIDE_VECTOR = 64;

    private final SearchSettings settings;
    private final int dimension;
    private final JsonMapper mapper;
    private final long maxTokens;

    /**
     * @param dimension floats that a vector must have
     * @param maxBytes of a body, which a picture in it may fill
     */
    QueryReader(SearchSettings settings, int dimension, int maxBytes) {
        this.settings = settings;
        this.dimension = dimension;
        JsonFactory factory = JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_NESTING)
                        .maxStringLength(maxBytes)
                        .build())
                .build();
        this.mapper = JsonMapper.builder(factory).build();
        this.maxTokens = (settings.maxTerms() + 1L) * (dimension + TOKENS_BESIDE_VECTOR);
    }

    /** A query in the address alone. */
    Query fromParameters(Parameters parameters) {
        return fromParameters(parameters, List.of());
    }

    /** A picture as the body; the address says the rest. */
    Query fromPicture(byte[] picture, Parameters parameters) {
        if (picture.length == 0) {
            throw RequestException.bad("the body is empty, expected a picture");
        }
        return fromParameters(parameters, List.of(new Term.Image(picture, 1)));
    }

    private Query fromParameters(Parameters parameters, List<Term> more) {
        List<Term> terms = new ArrayList<>(more);
        parameters.text("text").ifPresent(text -> terms.add(text(text, 1)));
        parameters.id("id").ifPresent(id -> terms.add(new Term.Indexed(id, 1)));
        return query(
                terms,
                parameters.wholeNumber("k"),
                parameters.wholeNumber("nprobe"),
                parameters.number("recall"),
                parameters.number("minScore"),
                parameters.flag("withVectors"));
    }

    /** A query as JSON. */
    Query fromJson(byte[] body) {
        JsonNode root = parse(body);
        requireKnown(root, FIELDS, "field");
        List<Term> terms = termsOf(root, 1);
        JsonNode listed = root.path("terms");
        if (isGiven(listed)) {
            if (!listed.isArray()) {
                throw RequestException.bad("terms is %s, expected an array", kind(listed));
            }
            for (JsonNode term : listed) {
                requireKnown(term, TERM_FIELDS, "field of a term");
                List<Term> one = termsOf(term, weight(term));
                if (one.size() != 1) {
                    throw RequestException.bad("a term has exactly one of text, image, id and vector");
                }
                terms.addAll(one);
            }
        }
        if (isGiven(root.path("filter"))) {
            throw RequestException.bad("filter is not supported by this version");
        }
        return query(
                terms,
                wholeNumber(root, "k"),
                wholeNumber(root, "nprobe"),
                number(root, "recall"),
                number(root, "minScore"),
                flag(root, "withVectors"));
    }

    private Query query(
            List<Term> terms,
            Optional<Integer> k,
            Optional<Integer> nprobe,
            Optional<Double> recall,
            Optional<Double> minScore,
            boolean withVectors) {
        if (terms.isEmpty()) {
            throw RequestException.bad("nothing to search for: give text, id, a picture, a vector or terms");
        }
        if (nprobe.isPresent() && recall.isPresent()) {
            throw RequestException.bad("give nprobe or recall, not both");
        }
        recall.filter(value -> !(value >= 0 && value <= 1)).ifPresent(value -> {
            throw RequestException.bad("recall is %s, expected 0 to 1", value);
        });
        minScore.filter(value -> !Double.isFinite(value)).ifPresent(value -> {
            throw RequestException.bad("minScore is %s, expected a finite number", value);
        });
        return new Query(
                terms,
                k.orElse(settings.k()),
                nprobe.map(OptionalInt::of).orElse(OptionalInt.empty()),
                recall.map(OptionalDouble::of).orElse(OptionalDouble.empty()),
                minScore.map(OptionalDouble::of).orElse(OptionalDouble.empty()),
                withVectors);
    }

    private List<Term> termsOf(JsonNode node, double weight) {
        List<Term> terms = new ArrayList<>();
        if (isGiven(node.path("text"))) {
            terms.add(text(requireText(node, "text"), weight));
        }
        if (isGiven(node.path("image"))) {
            terms.add(new Term.Image(base64(requireText(node, "image")), weight));
        }
        if (isGiven(node.path("id"))) {
            terms.add(new Term.Indexed(id(node.path("id")), weight));
        }
        if (isGiven(node.path("vector"))) {
            terms.add(new Term.Vector(vector(node.path("vector")), weight));
        }
        return terms;
    }

    private Term text(String text, double weight) {
        String stripped = text.strip();
        if (stripped.isEmpty()) {
            throw RequestException.bad("text is empty");
        }
        if (!isUnicode(stripped)) {
            throw RequestException.bad("text has half of a surrogate pair, which is no character");
        }
        if (stripped.length() > settings.maxTextLength()) {
            throw RequestException.bad(
                    "text has %d characters, at most %d are allowed", stripped.length(), settings.maxTextLength());
        }
        return new Term.Text(stripped, weight);
    }

    private static boolean isUnicode(String text) {
        return text.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE);
    }

    private static byte[] base64(String text) {
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            if (bytes.length == 0) {
                throw RequestException.bad("image is empty, expected a picture in base64");
            }
            return bytes;
        } catch (IllegalArgumentException e) {
            throw RequestException.bad("image is not base64: %s", e.getMessage());
        }
    }

    private static long id(JsonNode node) {
        if (!node.canConvertToLong() || !node.isIntegralNumber() || !Ids.isValid(node.longValue())) {
            throw RequestException.bad("id is %s, expected a number from 0 to %d", kind(node), Ids.LIMIT - 1);
        }
        return node.longValue();
    }

    private float[] vector(JsonNode node) {
        if (!node.isArray() || node.size() != dimension) {
            throw RequestException.bad("vector is %s, expected an array of %d numbers", kind(node), dimension);
        }
        float[] vector = new float[dimension];
        Iterator<JsonNode> values = node.elements();
        for (int i = 0; i < dimension; i++) {
            JsonNode value = values.next();
            if (!value.isNumber() || !Float.isFinite(value.floatValue())) {
                throw RequestException.bad("vector has %s at place %d, expected a number", kind(value), i);
            }
            vector[i] = value.floatValue();
        }
        return vector;
    }

    private static double weight(JsonNode term) {
        double weight = number(term, "weight").orElse(1.0);
        if (!(Math.abs(weight) <= MAX_WEIGHT) || weight == 0) {
            throw RequestException.bad(
                    "weight is %s, expected a number between -%2$.0f and %2$.0f, not 0", weight, MAX_WEIGHT);
        }
        return weight;
    }

    private JsonNode parse(byte[] body) {
        try (JsonParser parser = new CountingParser(mapper.createParser(body), maxTokens)) {
            JsonNode root = mapper.readTree(parser);
            if (root == null || !root.isObject()) {
                throw RequestException.bad("the body is no JSON object");
            }
            if (parser.nextToken() != null) {
                throw RequestException.bad("the body goes on behind its JSON object");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw RequestException.bad("the body is not valid JSON: %s", withoutAdvice(e.getOriginalMessage()));
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot read bytes in memory", e);
        }
    }

    /** Jackson's message, without what it tells programmers about its own classes, which it sets in backticks. */
    private static String withoutAdvice(String message) {
        int advice = message.indexOf('`');
        return advice < 0 ? message : message.substring(0, Math.max(0, message.lastIndexOf(':', advice)));
    }

    /** A tree takes many times the bytes that it is read from; a query has few values, whatever the size of its pictures. */
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
                throw RequestException.bad("the body has more values than any query: over %d", most);
            }
            return super.nextToken();
        }
    }

    private static void requireKnown(JsonNode node, Set<String> known, String what) {
        if (!node.isObject()) {
            throw RequestException.bad("a term is %s, expected an object", kind(node));
        }
        node.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw RequestException.bad("unknown %s '%s', expected one of %s", what, name, known);
            }
        });
    }

    private static String requireText(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isTextual()) {
            throw RequestException.bad("%s is %s, expected a text", field, kind(value));
        }
        return value.textValue();
    }

    private static Optional<Integer> wholeNumber(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!isGiven(value)) {
            return Optional.empty();
        }
        if (!value.isInt()) {
            throw RequestException.bad("%s is %s, expected a whole number", field, kind(value));
        }
        return Optional.of(value.intValue());
    }

    private static Optional<Double> number(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!isGiven(value)) {
            return Optional.empty();
        }
        if (!value.isNumber()) {
            throw RequestException.bad("%s is %s, expected a number", field, kind(value));
        }
        return Optional.of(value.doubleValue());
    }

    private static boolean flag(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (isGiven(value) && !value.isBoolean()) {
            throw RequestException.bad("%s is %s, expected true or false", field, kind(value));
        }
        return value.asBoolean(false);
    }

    private static boolean isGiven(JsonNode value) {
        return !value.isMissingNode() && !value.isNull();
    }

    /** A value as a message tells it: short, whatever the client sent. */
    private static String kind(JsonNode value) {
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
