package org.imagesearch.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.server.query.Query;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.query.Term;
import org.imagesearch.server.search.SearchSettings;

/** Reads queries from addresses, JSON and pictures. Every refusal names the field, what it is and what was expected. */
final class QueryReader {
    static final Set<String> PARAMETERS = new TreeSet<>(Set.of(
            "text", "id", "k", "nprobe", "recall", "minScore", "filter", "nearDuplicates", "withVectors", "partial"));

    private static final Set<String> FIELDS = new TreeSet<>(Set.of(
            "text",
            "image",
            "id",
            "vector",
            "terms",
            "k",
            "nprobe",
            "recall",
            "minScore",
            "filter",
            "nearDuplicates",
            "withVectors",
            "partial"));
    private static final Set<String> TERM_FIELDS = new TreeSet<>(Set.of("text", "image", "id", "vector", "weight"));
    private static final double MAX_WEIGHT = 1e6;

    /** Names, brackets and values of a term besides the numbers of its vector, with some to spare. */
    private static final int TOKENS_BESIDE_VECTOR = 64;

    private final SearchSettings settings;
    private final int dimension;
    private final JsonReader json;
    private final long maxTokens;

    /**
     * @param dimension floats that a vector must have
     * @param maxBytes of a body, which a picture in it may fill
     */
    QueryReader(SearchSettings settings, int dimension, int maxBytes) {
        this.settings = settings;
        this.dimension = dimension;
        this.json = new JsonReader(maxBytes);
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
                parameters.number("nearDuplicates"),
                parameters.flag("withVectors"),
                parameters.flag("partial", true),
                parameters.text("filter"));
    }

    /** A query as JSON. */
    Query fromJson(byte[] body) {
        JsonNode root = json.parse(body, maxTokens);
        JsonReader.requireKnown(root, FIELDS, "field");
        List<Term> terms = termsOf(root, 1);
        JsonNode listed = root.path("terms");
        if (JsonReader.isGiven(listed)) {
            if (!listed.isArray()) {
                throw RequestException.bad("terms is %s, expected an array", JsonReader.kind(listed));
            }
            for (JsonNode term : listed) {
                if (!term.isObject()) {
                    throw RequestException.bad("a term is %s, expected an object", JsonReader.kind(term));
                }
                JsonReader.requireKnown(term, TERM_FIELDS, "field of a term");
                List<Term> one = termsOf(term, weight(term));
                if (one.size() != 1) {
                    throw RequestException.bad("a term has exactly one of text, image, id and vector");
                }
                terms.addAll(one);
            }
        }
        return query(
                terms,
                JsonReader.wholeNumber(root, "k"),
                JsonReader.wholeNumber(root, "nprobe"),
                JsonReader.number(root, "recall"),
                JsonReader.number(root, "minScore"),
                JsonReader.number(root, "nearDuplicates"),
                JsonReader.flag(root, "withVectors"),
                JsonReader.flag(root, "partial", true),
                JsonReader.isGiven(root.path("filter"))
                        ? Optional.of(JsonReader.requireText(root, "filter"))
                        : Optional.empty());
    }

    private Query query(
            List<Term> terms,
            Optional<Integer> k,
            Optional<Integer> nprobe,
            Optional<Double> recall,
            Optional<Double> minScore,
            Optional<Double> nearDuplicates,
            boolean withVectors,
            boolean partial,
            Optional<String> filter) {
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
        nearDuplicates.filter(value -> !(value > 0 && value <= 1)).ifPresent(value -> {
            throw RequestException.bad("nearDuplicates is %s, expected more than 0 and at most 1", value);
        });
        return new Query(
                terms,
                k.orElse(settings.k()),
                nprobe.map(OptionalInt::of).orElse(OptionalInt.empty()),
                recall.map(OptionalDouble::of).orElse(OptionalDouble.empty()),
                minScore.map(OptionalDouble::of).orElse(OptionalDouble.empty()),
                nearDuplicates.map(OptionalDouble::of).orElse(OptionalDouble.empty()),
                withVectors,
                partial,
                filter.map(Filter::parse));
    }

    private List<Term> termsOf(JsonNode node, double weight) {
        List<Term> terms = new ArrayList<>();
        if (JsonReader.isGiven(node.path("text"))) {
            terms.add(text(JsonReader.requireText(node, "text"), weight));
        }
        if (JsonReader.isGiven(node.path("image"))) {
            terms.add(new Term.Image(JsonReader.base64(JsonReader.requireText(node, "image")), weight));
        }
        if (JsonReader.isGiven(node.path("id"))) {
            terms.add(new Term.Indexed(JsonReader.id("id", node.path("id")), weight));
        }
        if (JsonReader.isGiven(node.path("vector"))) {
            terms.add(new Term.Vector(vector("vector", node.path("vector")), weight));
        }
        return terms;
    }

    /** @throws RequestException if the text is empty, no Unicode, or longer than it may be */
    Term text(String text, double weight) {
        String stripped = text.strip();
        if (stripped.isEmpty()) {
            throw RequestException.bad("text is empty");
        }
        if (!JsonReader.isUnicode(stripped)) {
            throw RequestException.bad("text has half of a surrogate pair, which is no character");
        }
        if (stripped.length() > settings.maxTextLength()) {
            throw RequestException.bad(
                    "text has %d characters, at most %d are allowed", stripped.length(), settings.maxTextLength());
        }
        return new Term.Text(stripped, weight);
    }

    /** @param name of the field, for messages */
    float[] vector(String name, JsonNode node) {
        if (!node.isArray() || node.size() != dimension) {
            throw RequestException.bad(
                    "%s is %s, expected an array of %d numbers", name, JsonReader.kind(node), dimension);
        }
        float[] vector = new float[dimension];
        Iterator<JsonNode> values = node.elements();
        for (int i = 0; i < dimension; i++) {
            JsonNode value = values.next();
            if (!value.isNumber() || !Float.isFinite(value.floatValue())) {
                throw RequestException.bad("%s has %s at place %d, expected a number", name, JsonReader.kind(value), i);
            }
            vector[i] = value.floatValue();
        }
        return vector;
    }

    private static double weight(JsonNode term) {
        double weight = JsonReader.number(term, "weight").orElse(1.0);
        if (!(Math.abs(weight) <= MAX_WEIGHT) || weight == 0) {
            throw RequestException.bad(
                    "weight is %s, expected a number between -%2$.0f and %2$.0f, not 0", weight, MAX_WEIGHT);
        }
        return weight;
    }
}
