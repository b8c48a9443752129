package org.imagesearch.server.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.imagesearch.core.query.Term;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.index.StoredPicture;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * Finds every picture that is like a given one, by comparing it with all of them; one such search at a time. Thread-safe.
 */
public final class SimilarPictures {
    private final ServedIndex index;
    private final QueryEncoder encoder;
    private final Semaphore oneAtATime = new Semaphore(1);

    /** @param index stays the caller's */
    public SimilarPictures(ServedIndex index, QueryEncoder encoder) {
        this.index = index;
        this.encoder = encoder;
    }

    /**
     * A picture that is like the given one.
     *
     * @param score inner product of unit vectors, -1 to 1
     */
    public record Match(long id, float score, String uri) {}

    /**
     * What was found.
     *
     * @param generation where
     * @param matches best first, without those that are taken down
     */
    public record Matches(String generation, List<Match> matches) {}

    /**
     * Everything within a similarity of a picture.
     *
     * @param minScore the least score
     * @param limit pictures at most; where there are more, none is returned
     * @throws RequestException (bad request) if there are more than the limit; (deadline exceeded) if comparing with all takes
     *     longer; (unavailable) if another such search is under way
     * @throws org.imagesearch.clip.PictureException if the picture cannot be decoded
     */
    public Matches of(Term.Image picture, double minScore, int limit, Deadline deadline) {
        return alone(generation -> {
            float[] query = encoder.encode(List.of(picture), generation, deadline);
            return matches(generation, find(generation, query, minScore, limit, deadline));
        });
    }

    /**
     * Everything within a similarity of an indexed picture, which may itself be taken down already; if it is not, it is among
     * the matches whatever the score.
     *
     * @throws RequestException as {@link #of} does; (not found) if no shard served has the picture
     */
    public Matches ofIndexed(long id, double minScore, int limit, Deadline deadline) {
        return alone(generation -> {
            float[] stored = generation
                    .storedVector(id)
                    .orElseThrow(() ->
                            RequestException.of(Problem.NOT_FOUND, "there is no picture with id %d in the index", id));
            float[] query = encoder.encode(List.of(new Term.Vector(stored, 1)), generation, deadline);
            List<Match> matches = new ArrayList<>(find(generation, query, minScore, limit, deadline));
            Optional<ImageRow> row = generation.row(id);
            if (row.isPresent() && matches.stream().noneMatch(match -> match.id() == id)) {
                matches.add(0, new Match(id, 1, row.get().uri()));
            }
            return matches(generation, matches);
        });
    }

    private interface Search {
        Matches in(Generation generation);
    }

    private Matches alone(Search search) {
        if (!oneAtATime.tryAcquire()) {
            throw RequestException.of(Problem.UNAVAILABLE, "another search for similar pictures is under way");
        }
        try {
            return index.with(search::in);
        } finally {
            oneAtATime.release();
        }
    }

    private static List<Match> find(
            Generation generation, float[] query, double minScore, int limit, Deadline deadline) {
        List<Found> found = ExactScan.best(
                        generation, query, limit + 1, minScore, deadline, (done, total) -> !deadline.hasPassed())
                .orElseThrow(() -> RequestException.of(
                        Problem.DEADLINE_EXCEEDED, "comparing with every picture takes longer than it may"));
        List<Match> matches = new ArrayList<>();
        List<Optional<StoredPicture>> pictures = generation.pictures(found, false, deadline);
        for (int i = 0; i < found.size(); i++) {
            Found one = found.get(i);
            StoredPicture picture = pictures.get(i)
                    .orElseThrow(() ->
                            RequestException.of(Problem.UNAVAILABLE, "shard %d does not answer any more", one.shard()));
            if (one.score() >= minScore) {
                matches.add(new Match(one.id(), one.score(), picture.row().uri()));
            }
        }
        if (matches.size() > limit) {
            throw RequestException.bad(
                    "more than %d pictures score at least %s: raise minScore, or limit if they are meant",
                    limit, minScore);
        }
        return matches;
    }

    private static Matches matches(Generation generation, List<Match> matches) {
        return new Matches(generation.manifest().generation(), matches);
    }
}
