package org.imagesearch.server.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.core.query.Query;
import org.imagesearch.core.query.QueryParser;
import org.imagesearch.core.query.Term;
import org.imagesearch.server.query.RequestException;

/** Reads queries from addresses, JSON and pictures. Every refusal names the field, what it is and what was expected. */
final class QueryReader {
    static final Set<String> PARAMETERS = parameters();

    private final QueryParser parser;

    QueryReader(QueryParser parser) {
        this.parser = parser;
    }

    private static Set<String> parameters() {
        Set<String> all = new TreeSet<>(QueryParser.OPTIONS);
        all.addAll(Set.of("text", "id"));
        return all;
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
        parameters.text("text").ifPresent(text -> terms.add(parser.text(text, 1)));
        parameters.id("id").ifPresent(id -> terms.add(new Term.Indexed(id, 1)));
        return parser.query(terms, parameters);
    }

    /** A query as JSON. */
    Query fromJson(byte[] body) {
        return parser.fromJson(body);
    }
}
