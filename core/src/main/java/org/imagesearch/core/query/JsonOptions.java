package org.imagesearch.core.query;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.imagesearch.core.ImageSearchException;

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
    public Optional<String> text(String name) {
        return JsonReader.isGiven(root.path(name)) ? Optional.of(JsonReader.requireText(root, name)) : Optional.empty();
    }

    @Override
    public List<String> texts(String name) {
        JsonNode listed = root.path(name);
        if (!JsonReader.isGiven(listed)) {
            return List.of();
        }
        List<String> texts = new ArrayList<>();
        if (!listed.isArray()) {
            throw ImageSearchException.input("%s is %s, expected an array of texts", name, JsonReader.kind(listed));
        }
        for (JsonNode text : listed) {
            if (!text.isTextual()) {
                throw ImageSearchException.input("%s has %s, expected texts", name, JsonReader.kind(text));
            }
            texts.add(text.textValue());
        }
        return texts;
    }

    @Override
    public boolean flag(String name, boolean otherwise) {
        return JsonReader.flag(root, name, otherwise);
    }
}
