package org.imagesearch.core.query;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/** Options as the fields of a JSON object. */
record JsonOptions(JsonNode root) implements QueryOptions {
    @Override
    public Optional<Integer> wholeNumber(String name) {
        return JsonReader.wholeNumber(root, name);
    }

    @Override
    public Optional<Double> number(String name) {
        return JsonReader.number(root, name);
    }

    @Override
    public boolean flag(String name, boolean otherwise) {
        return JsonReader.flag(root, name, otherwise);
    }
}
