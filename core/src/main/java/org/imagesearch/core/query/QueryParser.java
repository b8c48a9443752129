package org.imagesearch.core.query;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Filter;

/**
 * Reads queries from JSON. Every refusal, an {@link ImageSearchException} (input), names the field, what it is and what was expected.
 * Thread-safe.
 */
public final class QueryParser {
    /** Names of options, the same in JSON and in an address. */
    public static final Set<String> OPTIONS = Set.of(
            "k",
            "nprobe",
            "recall",
            "minScore",
            "nearDuplicates",
            "calibrated",
            "cutoff",
            "minPercentile",
            "facets",
            "facet",
            "cursor",
            "withVectors",
            "partial",
            "filter");

    private static final Set<String> TERMS = Set.of("text", "image", "id", "vector", "terms");
    private static final Set<String> FIELDS = union(OPTIONS, TERMS);
    private static final Set<String> TERM_FIELDS = new TreeSet<>(Set.of("text", "image", "id", "vector", "weight"));
    private static final String AUTO = "auto";
    private static final double MAX_WEIGHT = 1e6;

    /** Names, brackets and values of a term besides the numbers of its vector, with some to spare. */
    private static final int TOKENS_BESIDE_VECTOR = 64;

    private final QueryLimits limits;
    private final JsonReader json;
    private final long maxTokens;

    public QueryParser(QueryLimits limits) {
        this.limits = limits;
        this.json = new JsonReader(limits.maxBytes());
        this.maxTokens = (limits.maxTerms() + 1L) * (limits.dimension() + TOKENS_BESIDE_VECTOR) + limits.maxFacets();
    }

    /** One or more sets of names as one, in alphabetical order, which is how messages list them. */
    private static Set<String> union(Set<String> some, Set<String> others) {
        Set<String> all = new TreeSet<>(some);
        all.addAll(others);
        return all;
    }

    /** A query as JSON. */
    public Query fromJson(byte[] body) {
        return fromJson(json.parse(body, maxTokens));
    }

    /**
     * Several queries, {@code {"queries": [{...}, ...]}}, each to be read on its own by {@link #fromJson(JsonNode)}.
     *
     * @param most queries at most
     */
    public List<JsonNode> listFromJson(byte[] body, int most) {
        return listed(json.parse(body, most * maxTokens), most);
    }

    /** The same, or one query for itself. */
    public List<JsonNode> oneOrMoreFromJson(byte[] body, int most) {
        JsonNode root = json.parse(body, most * maxTokens);
        return root.has("queries") ? listed(root, most) : List.of(root);
    }

    private static List<JsonNode> listed(JsonNode root, int most) {
        JsonReader.requireKnown(root, Set.of("queries"), "field");
        JsonNode listed = root.path("queries");
        if (!listed.isArray() || listed.isEmpty() || listed.size() > most) {
            throw ImageSearchException.input(
                    "queries is %s, expected an array of 1 to %d queries", JsonReader.kind(listed), most);
        }
        List<JsonNode> queries = new ArrayList<>();
        listed.forEach(queries::add);
        return queries;
    }

    /** A query as an object of JSON that was parsed already. */
    public Query fromJson(JsonNode root) {
        if (!root.isObject()) {
            throw ImageSearchException.input("a query is %s, expected an object", JsonReader.kind(root));
        }
        JsonReader.requireKnown(root, FIELDS, "field");
        List<Term> terms = termsOf(root, 1);
        JsonNode listed = root.path("terms");
        if (JsonReader.isGiven(listed)) {
            if (!listed.isArray()) {
                throw ImageSearchException.input("terms is %s, expected an array", JsonReader.kind(listed));
            }
            listed.forEach(term -> terms.add(listedTerm(term)));
        }
        return query(terms, new JsonOptions(root));
    }

    /** A query of these terms with the options that are given. */
    public Query query(List<Term> terms, QueryOptions options) {
        return new Query(
                terms,
                options.wholeNumber("k").orElse(limits.k()),
                options.wholeNumber("nprobe").map(OptionalInt::of).orElse(OptionalInt.empty()),
                number(options, "recall"),
                number(options, "minScore"),
                number(options, "nearDuplicates"),
                standing(options),
                facets(options),
                options.text("cursor"),
                options.flag("withVectors", false),
                options.flag("partial", true),
                options.text("filter").map(Filter::parse));
    }

    private static Standing standing(QueryOptions options) {
        Optional<String> cutoff = options.text("cutoff");
        if (cutoff.isPresent() && !cutoff.get().equals(AUTO)) {
            throw ImageSearchException.input("cutoff is '%s', expected %s", shown(cutoff.get()), AUTO);
        }
        return new Standing(options.flag("calibrated", false), number(options, "minPercentile"), cutoff.isPresent());
    }

    private Facets facets(QueryOptions options) {
        List<String> labels = options.texts("facets");
        if (labels.size() > limits.maxFacets()) {
            throw ImageSearchException.input(
                    "facets has %d labels, at most %d are allowed", labels.size(), limits.maxFacets());
        }
        return new Facets(
                labels.stream().map(label -> words("a label of facets", label)).toList(),
                options.text("facet").map(label -> words("facet", label)));
    }

    private static String shown(String text) {
        return text.length() > 40 ? text.substring(0, 40) + "…" : text;
    }

    private static OptionalDouble number(QueryOptions options, String name) {
        return options.number(name).map(OptionalDouble::of).orElse(OptionalDouble.empty());
    }

    private Term listedTerm(JsonNode term) {
        if (!term.isObject()) {
            throw ImageSearchException.input("a term is %s, expected an object", JsonReader.kind(term));
        }
        JsonReader.requireKnown(term, TERM_FIELDS, "field of a term");
        List<Term> one = termsOf(term, weight(term));
        if (one.size() != 1) {
            throw ImageSearchException.input("a term has exactly one of text, image, id and vector");
        }
        return one.get(0);
    }

    private List<Term> termsOf(JsonNode node, double weight) {
        List<Term> terms = new ArrayList<>();
        if (JsonReader.isGiven(node.path("text"))) {
            terms.add(text(JsonReader.requireText(node, "text"), weight));
        }
        if (JsonReader.isGiven(node.path("image"))) {
            terms.add(new Term.Image(JsonReader.base64("image", JsonReader.requireText(node, "image")), weight));
        }
        if (JsonReader.isGiven(node.path("id"))) {
            terms.add(new Term.Indexed(JsonReader.id("id", node.path("id")), weight));
        }
        if (JsonReader.isGiven(node.path("vector"))) {
            terms.add(new Term.Vector(vector("vector", node.path("vector")), weight));
        }
        return terms;
    }

    /** A term of words, if the text is not empty, Unicode, and no longer than it may be. */
    public Term text(String text, double weight) {
        return new Term.Text(words("text", text), weight);
    }

    private String words(String name, String text) {
        String stripped = text.strip();
        if (stripped.isEmpty()) {
            throw ImageSearchException.input("%s is empty", name);
        }
        if (!JsonReader.isUnicode(stripped)) {
            throw ImageSearchException.input("%s has half of a surrogate pair, which is no character", name);
        }
        if (stripped.length() > limits.maxTextLength()) {
            throw ImageSearchException.input(
                    "%s has %d characters, at most %d are allowed", name, stripped.length(), limits.maxTextLength());
        }
        return stripped;
    }

    /**
     * An embedding, float[dimension], as an array of numbers, or as the base64 of its floats, little-endian, which is read several times
     * faster.
     *
     * @param name of the field, for messages
     */
    public float[] vector(String name, JsonNode node) {
        if (node.isTextual()) {
            return packedVector(name, node.textValue());
        }
        int dimension = limits.dimension();
        if (!node.isArray() || node.size() != dimension) {
            throw ImageSearchException.input(
                    "%s is %s, expected an array of %d numbers", name, JsonReader.kind(node), dimension);
        }
        float[] vector = new float[dimension];
        Iterator<JsonNode> values = node.elements();
        for (int i = 0; i < dimension; i++) {
            JsonNode value = values.next();
            if (!value.isNumber() || !Float.isFinite(value.floatValue())) {
                throw ImageSearchException.input(
                        "%s has %s at place %d, expected a number", name, JsonReader.kind(value), i);
            }
            vector[i] = value.floatValue();
        }
        return vector;
    }

    private float[] packedVector(String name, String text) {
        byte[] bytes = JsonReader.base64(name, text);
        int dimension = limits.dimension();
        if (bytes.length != dimension * Float.BYTES) {
            throw ImageSearchException.input(
                    "%s has %d bytes in base64, expected %d floats of 4", name, bytes.length, dimension);
        }
        float[] vector = new float[dimension];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
        for (int i = 0; i < dimension; i++) {
            if (!Float.isFinite(vector[i])) {
                throw ImageSearchException.input("%s has %s at place %d, expected a number", name, vector[i], i);
            }
        }
        return vector;
    }

    private static double weight(JsonNode term) {
        double weight = JsonReader.number(term, "weight").orElse(1.0);
        if (!(Math.abs(weight) <= MAX_WEIGHT) || weight == 0) {
            throw ImageSearchException.input(
                    "weight is %s, expected a number between -%2$.0f and %2$.0f, not 0", weight, MAX_WEIGHT);
        }
        return weight;
    }
}
