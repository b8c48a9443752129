package org.imagesearch.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.query.JsonReader;
import org.imagesearch.server.query.RequestException;

/** Reads what is to be taken down or given back. Every refusal names the field, what it is and what was expected. */
final class TakedownReader {
    static final Set<String> PICTURE_PARAMETERS = new TreeSet<>(Set.of("minScore", "limit", "dryRun", "reason"));

    private static final Set<String> FIELDS =
            new TreeSet<>(Set.of("id", "ids", "image", "minScore", "limit", "dryRun", "reason"));
    private static final Set<String> RESTORE_FIELDS = new TreeSet<>(Set.of("id", "ids", "reason"));

    /** Copies of a picture that were scaled or compressed anew score about so, other pictures rarely. */
    private static final double DEFAULT_MIN_SCORE = 0.95;

    private static final int DEFAULT_LIMIT = 1000;
    private static final int MAX_LIMIT = 100_000;
    private static final int MAX_IDS = 100_000;
    private static final int TOKENS_BESIDE_IDS = 64;

    private final JsonReader json;

    /** @param maxBytes of a body */
    TakedownReader(int maxBytes) {
        this.json = new JsonReader(maxBytes);
    }

    TakedownRequest takedown(byte[] body) {
        JsonNode root = json.parse(body, MAX_IDS + TOKENS_BESIDE_IDS);
        JsonReader.requireKnown(root, FIELDS, "field");
        requireOneOf(root, "id", "ids", "image");
        Optional<byte[]> picture = JsonReader.isGiven(root.path("image"))
                ? Optional.of(JsonReader.base64("image", JsonReader.requireText(root, "image")))
                : Optional.empty();
        Optional<Double> minScore = JsonReader.number(root, "minScore");
        Optional<Integer> limit = JsonReader.wholeNumber(root, "limit");
        if (JsonReader.isGiven(root.path("ids")) && minScore.isPresent()) {
            throw RequestException.bad("minScore goes with id or image, not with ids");
        }
        if (limit.isPresent() && minScore.isEmpty() && picture.isEmpty()) {
            throw RequestException.bad("limit goes with minScore or image: ids are taken down as they are given");
        }
        return request(
                picture.isPresent() ? new long[0] : ids(root),
                picture,
                minScore,
                limit,
                JsonReader.flag(root, "dryRun"),
                reason(root));
    }

    /** A picture as the body; the address says the rest. */
    TakedownRequest takedown(byte[] picture, Parameters parameters) {
        if (picture.length == 0) {
            throw RequestException.bad("the body is empty, expected a picture");
        }
        return request(
                new long[0],
                Optional.of(picture),
                parameters.number("minScore"),
                parameters.wholeNumber("limit"),
                parameters.flag("dryRun"),
                parameters.text("reason").map(TakedownReader::reason));
    }

    TakedownRequest restore(byte[] body) {
        JsonNode root = json.parse(body, MAX_IDS + TOKENS_BESIDE_IDS);
        JsonReader.requireKnown(root, RESTORE_FIELDS, "field");
        requireOneOf(root, "id", "ids");
        return request(ids(root), Optional.empty(), Optional.empty(), Optional.empty(), false, reason(root));
    }

    private static TakedownRequest request(
            long[] ids,
            Optional<byte[]> picture,
            Optional<Double> minScore,
            Optional<Integer> limit,
            boolean dryRun,
            Optional<String> reason) {
        minScore.filter(value -> !(value >= -1 && value <= 1)).ifPresent(value -> {
            throw RequestException.bad("minScore is %s, expected -1 to 1", value);
        });
        limit.filter(value -> value < 1 || value > MAX_LIMIT).ifPresent(value -> {
            throw RequestException.bad("limit is %d, expected 1 to %d", value, MAX_LIMIT);
        });
        OptionalDouble least = minScore.isPresent()
                ? OptionalDouble.of(minScore.get())
                : picture.isPresent() ? OptionalDouble.of(DEFAULT_MIN_SCORE) : OptionalDouble.empty();
        return new TakedownRequest(ids, picture, least, limit.orElse(DEFAULT_LIMIT), dryRun, reason);
    }

    private static void requireOneOf(JsonNode root, String... names) {
        int given = 0;
        for (String name : names) {
            given += JsonReader.isGiven(root.path(name)) ? 1 : 0;
        }
        if (given != 1) {
            throw RequestException.bad("give exactly one of %s", String.join(", ", names));
        }
    }

    private static long[] ids(JsonNode root) {
        JsonNode one = root.path("id");
        if (JsonReader.isGiven(one)) {
            return new long[] {JsonReader.id("id", one)};
        }
        JsonNode listed = root.path("ids");
        if (!listed.isArray() || listed.isEmpty() || listed.size() > MAX_IDS) {
            throw RequestException.bad(
                    "ids is %s, expected an array of 1 to %d numbers", JsonReader.kind(listed), MAX_IDS);
        }
        long[] ids = new long[listed.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = JsonReader.id("place " + i + " of ids", listed.get(i));
        }
        return ids;
    }

    private static Optional<String> reason(JsonNode root) {
        return JsonReader.isGiven(root.path("reason"))
                ? Optional.of(reason(JsonReader.requireText(root, "reason")))
                : Optional.empty();
    }

    private static String reason(String text) {
        String stripped = text.strip();
        if (stripped.isEmpty() || stripped.length() > Takedowns.REASON_LIMIT || !JsonReader.isUnicode(stripped)) {
            throw RequestException.bad(
                    "reason has %d characters, expected 1 to %d of Unicode", stripped.length(), Takedowns.REASON_LIMIT);
        }
        return stripped;
    }
}
