package org.imagesearch.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.imagesearch.core.query.JsonReader;
import org.imagesearch.core.query.Query;
import org.imagesearch.core.query.QueryParser;
import org.imagesearch.core.query.Term;
import org.imagesearch.server.pictures.LinkedPictures;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.SearchSettings;

/**
 * Reads what the clients of clip-retrieval send. Unlike our own requests: the media type does not matter, fields that are not known
 * are passed over, more hits than there may be are cut down to as many as there may be, and ids may be texts, as JavaScript sends
 * long numbers.
 */
final class ClipRetrievalReader {
    /** Ids of one request for metadata. */
    private static final int MAX_IDS = 10_000;

    private static final long TOKENS_BESIDE_NUMBERS = 1_000;

    private final SearchSettings settings;
    private final QueryParser queries;
    private final LinkedPictures links;
    private final JsonReader json;
    private final String index;
    private final long maxTokens;

    /** @param index the one name that an index may be asked for by */
    ClipRetrievalReader(
            SearchSettings settings,
            QueryParser queries,
            LinkedPictures links,
            String index,
            int dimension,
            int maxBytes) {
        this.settings = settings;
        this.queries = queries;
        this.links = links;
        this.json = new JsonReader(maxBytes);
        this.index = index;
        this.maxTokens = Math.max(MAX_IDS, dimension) + TOKENS_BESIDE_NUMBERS;
    }

    KnnRequest knn(byte[] body, Deadline deadline) {
        JsonNode root = json.parse(body, maxTokens);
        requireIndex(root);
        requirePictures(root);
        Term term = term(root, deadline);
        int withMetadata = count(root, "num_images")
                .orElseThrow(() -> RequestException.bad("num_images is missing, expected a whole number"));
        int wanted = count(root, "num_result_ids").orElse(withMetadata);
        boolean deduplicate = JsonReader.flag(root, "deduplicate");
        Query query = Query.of(term, Math.max(1, Math.min(wanted, settings.maxK())));
        // Near duplicates are left out afterwards, as that is timed.
        query = deduplicate ? query.givingVectors() : query;
        double length = term instanceof Term.Vector vector ? length(vector.values()) : 1;
        return new KnnRequest(query, length, wanted, withMetadata, deduplicate);
    }

    /** The ids of a request for metadata, in the order in which they are asked for. */
    long[] ids(byte[] body) {
        JsonNode root = json.parse(body, maxTokens);
        JsonNode ids = root.path("ids");
        if (!ids.isArray() || ids.size() > MAX_IDS) {
            throw RequestException.bad("ids is %s, expected an array of at most %d ids", JsonReader.kind(ids), MAX_IDS);
        }
        if (ids.isEmpty()) {
            // Asked for at the end of the list, without the name of an index.
            return new long[0];
        }
        requireIndex(root);
        long[] out = new long[ids.size()];
        for (int i = 0; i < out.length; i++) {
            JsonNode id = ids.get(i);
            out[i] = id.isTextual() ? Parameters.id("id", id.textValue()) : JsonReader.id("id", id);
        }
        return out;
    }

    private void requireIndex(JsonNode root) {
        JsonNode name = root.path("indice_name");
        if (JsonReader.isGiven(name)
                && !name.asText().isEmpty()
                && !name.asText().equals(index)) {
            throw RequestException.bad("there is no index '%s', only '%s'", name.asText(), index);
        }
    }

    private static void requirePictures(JsonNode root) {
        JsonNode modality = root.path("modality");
        if (JsonReader.isGiven(modality) && !modality.asText().equals("image")) {
            throw RequestException.bad(
                    "modality is '%s', and this index has pictures only: 'image'", modality.asText());
        }
    }

    /** The first that is given, in the order in which clip-retrieval looks. */
    private Term term(JsonNode root, Deadline deadline) {
        if (isSomething(root, "text")) {
            return queries.text(JsonReader.requireText(root, "text"), 1);
        } else if (isSomething(root, "image")) {
            return new Term.Image(JsonReader.base64("image", JsonReader.requireText(root, "image")), 1);
        } else if (isSomething(root, "image_url")) {
            String address = JsonReader.requireText(root, "image_url");
            return new Term.Image(links.fetch("image_url", address, deadline), 1);
        } else if (JsonReader.isGiven(root.path("embedding_input"))) {
            return new Term.Vector(queries.vector("embedding_input", root.path("embedding_input")), 1);
        }
        throw RequestException.bad("nothing to search for: give text, image, image_url or embedding_input");
    }

    private static boolean isSomething(JsonNode root, String field) {
        JsonNode value = root.path(field);
        return JsonReader.isGiven(value)
                && !(value.isTextual() && value.textValue().isEmpty());
    }

    private static Optional<Integer> count(JsonNode root, String field) {
        return JsonReader.wholeNumber(root, field).map(value -> {
            if (value < 0) {
                throw RequestException.bad("%s is %d, expected 0 or more", field, value);
            }
            return value;
        });
    }

    private static double length(float[] vector) {
        double square = 0;
        for (float value : vector) {
            square += (double) value * value;
        }
        return Math.sqrt(square);
    }
}
