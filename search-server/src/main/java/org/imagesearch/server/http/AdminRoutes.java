package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.imagesearch.core.index.Takedown;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.query.Term;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.SimilarPictures;
import org.imagesearch.server.search.SimilarPictures.Match;
import org.imagesearch.server.search.SimilarPictures.Matches;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code POST /admin/takedown}, {@code POST /admin/restore} and {@code GET /admin/takedowns}. Every change is logged. */
final class AdminRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(AdminRoutes.class);
    private static final Set<String> LIST_PARAMETERS = new TreeSet<>(Set.of("after", "limit"));
    private static final int DEFAULT_PAGE = 100;
    private static final int MAX_PAGE = 10_000;

    /** The others are in the file. */
    private static final int IDS_LOGGED = 100;

    private final ServedIndex index;
    private final SimilarPictures similar;
    private final TakedownReader reader;
    private final Responses responses;

    AdminRoutes(ServedIndex index, SimilarPictures similar, TakedownReader reader, Responses responses) {
        this.index = index;
        this.similar = similar;
        this.reader = reader;
        this.responses = responses;
    }

    /**
     * What was taken down, or would be.
     *
     * @param generation in which similar pictures were looked for, or which is served
     * @param ids all that were asked for
     * @param newlyDown how many of them were not down before
     * @param inIndex how many of them the shards served have
     * @param matches where a similarity was asked for: the pictures found, best first
     */
    record TakenDown(String generation, boolean dryRun, long[] ids, int newlyDown, int inIndex, List<Match> matches) {}

    /**
     * What was given back.
     *
     * @param restored how many of the ids were down before
     */
    record Restored(String generation, long[] ids, int restored) {}

    /**
     * A page of what is down, by ascending id.
     *
     * @param total ids that are down
     * @param next what {@code after} must be to get the next page; absent on the last one
     */
    record Page(int total, List<Entry> takedowns, Optional<Long> next) {
        record Entry(long id, Optional<String> at, Optional<String> reason) {}
    }

    void takedown(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        TakedownRequest request = request(exchange, body);
        TakenDown answer = takenDown(request, deadline, Caller.of(exchange));
        answerUncached(exchange, answer);
    }

    private TakedownRequest request(HttpServerExchange exchange, byte[] body) {
        return switch (Bodies.kindOf(exchange)) {
            case PICTURE ->
                reader.takedown(body, new Parameters(exchange.getQueryParameters(), TakedownReader.PICTURE_PARAMETERS));
            case JSON -> {
                Bodies.requireNoParameters(exchange);
                yield reader.takedown(body);
            }
        };
    }

    private TakenDown takenDown(TakedownRequest request, Deadline deadline, Caller asker) {
        long[] ids = request.ids();
        String generation = index.with(served -> served.manifest().generation());
        List<Match> matches = List.of();
        if (request.minScore().isPresent()) {
            Matches found = matches(request, deadline);
            generation = found.generation();
            matches = found.matches();
            ids = matches.stream().mapToLong(Match::id).toArray();
        }
        int inIndex = countInIndex(ids);
        long[] changed;
        if (request.dryRun()) {
            long[] down = index.down();
            changed = LongStream.of(ids)
                    .distinct()
                    .filter(id -> Arrays.binarySearch(down, id) < 0)
                    .toArray();
        } else {
            changed = index.takeDown(ids, request.reason()).changed();
            log("takedown", changed, ids.length, asker, request);
        }
        return new TakenDown(generation, request.dryRun(), ids, changed.length, inIndex, matches);
    }

    private Matches matches(TakedownRequest request, Deadline deadline) {
        double minScore = request.minScore().getAsDouble();
        return request.picture().isPresent()
                ? similar.of(new Term.Image(request.picture().get(), 1), minScore, request.limit(), deadline)
                : similar.ofIndexed(request.ids()[0], minScore, request.limit(), deadline);
    }

    private int countInIndex(long[] ids) {
        return index.with(generation -> generation.count(ids));
    }

    void restore(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        Bodies.requireJson(exchange);
        Bodies.requireNoParameters(exchange);
        TakedownRequest request = reader.restore(body);
        Takedowns.Change change = index.restore(request.ids(), request.reason());
        log("restore", change.changed(), request.ids().length, Caller.of(exchange), request);
        String generation = index.with(served -> served.manifest().generation());
        answerUncached(exchange, new Restored(generation, request.ids(), change.changed().length));
    }

    void list(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        Parameters parameters = new Parameters(exchange.getQueryParameters(), LIST_PARAMETERS);
        int limit = parameters.wholeNumber("limit").orElse(DEFAULT_PAGE);
        if (limit < 1 || limit > MAX_PAGE) {
            throw RequestException.bad("limit is %d, expected 1 to %d", limit, MAX_PAGE);
        }
        long[] down = index.down();
        int from = parameters.id("after").map(after -> placeAfter(down, after)).orElse(0);
        int to = (int) Math.min(down.length, (long) from + limit);
        List<Page.Entry> entries = index.takedowns(Arrays.copyOfRange(down, from, to)).stream()
                .map(AdminRoutes::entry)
                .toList();
        answerUncached(
                exchange,
                new Page(down.length, entries, to < down.length ? Optional.of(down[to - 1]) : Optional.empty()));
    }

    private static int placeAfter(long[] down, long after) {
        int place = Arrays.binarySearch(down, after);
        return place >= 0 ? place + 1 : -place - 1;
    }

    private static Page.Entry entry(Takedown takedown) {
        return new Page.Entry(takedown.id(), takedown.at().map(Object::toString), takedown.reason());
    }

    private void answerUncached(HttpServerExchange exchange, Object answer) {
        exchange.getResponseHeaders().put(Headers.CACHE_CONTROL, "no-store");
        responses.json(exchange, answer);
    }

    private static void log(String what, long[] changed, int asked, Caller asker, TakedownRequest request) {
        LOG.info(
                "{} asked={} changed={} ids={}{} minScore={} by={} reason=\"{}\"",
                what,
                asked,
                changed.length,
                Arrays.toString(Arrays.copyOf(changed, Math.min(changed.length, IDS_LOGGED))),
                changed.length > IDS_LOGGED ? " and more" : "",
                request.minScore().isPresent() ? request.minScore().getAsDouble() : "none",
                asker,
                Responses.readable(request.reason().orElse("")));
    }
}
