package org.imagesearch.server.search;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.faiss.AlikeVectors;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.index.StoredPicture;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.Query;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.Answer.Coverage;
import org.imagesearch.server.search.Answer.Hit;
import org.imagesearch.server.search.Answer.Missing;
import org.imagesearch.server.search.Answer.Probed;
import org.imagesearch.server.search.Answer.Took;

/** Answers queries: encode, assign once, scan every shard side by side, merge, add the rows. Thread-safe. */
public final class SearchEngine implements AutoCloseable {
    private final ServedIndex index;
    private final QueryEncoder encoder;
    private final SearchSettings settings;
    private final LiveRecall liveRecall;

    /** @param index stays the caller's */
    public SearchEngine(ServedIndex index, QueryEncoder encoder, SearchSettings settings) {
        this.index = index;
        this.encoder = encoder;
        this.settings = settings;
        this.liveRecall = LiveRecall.start(settings.liveRecall());
    }

    public LiveRecall liveRecall() {
        return liveRecall;
    }

    /**
     * Answers a query from the generation that is current when it begins.
     *
     * @param deadline by when the answer is wanted; shards that have not answered by then are missing from it
     * @throws RequestException if the query is not within the limits, or no shard answered in time
     */
    public Answer search(Query query, Deadline deadline) {
        requireWithinLimits(query);
        return index.with(generation -> search(query, generation, deadline));
    }

    private Answer search(Query query, Generation generation, Deadline deadline) {
        long begin = System.nanoTime();
        int nprobe = nprobe(query, generation.manifest());
        requireFilterFits(query, generation);
        QueryKind kind = QueryKind.of(query.terms());
        // What was measured without filters says nothing about one.
        Optional<Double> expected =
                query.filter().isPresent() ? Optional.empty() : expectedRecall(generation.manifest(), nprobe, kind);
        float[] vector = encoder.encode(query.terms(), generation, deadline);
        long encoded = System.nanoTime();

        deadline.requireTimeFor("searching");
        long[] lists = new long[nprobe];
        float[] coarseScores = new float[nprobe];
        generation.centroids().assign(vector, 1, nprobe, lists, coarseScores);
        List<ShardHits> answers = generation.scan(
                new Probe(vector, query.k(), least(query), lists, coarseScores, query.filter()),
                !query.partial(),
                deadline);
        requireSomeAnswer(coverage(answers));
        List<Found> best = best(answers, query);
        boolean withVectors = query.withVectors() || query.nearDuplicates().isPresent();
        List<Optional<StoredPicture>> pictures = generation.pictures(best, withVectors, deadline);
        Coverage coverage = coverage(withoutLost(answers, best, pictures));
        requireWhole(query, coverage);
        List<Hit> hits = hits(best, pictures, query);
        if (coverage.degraded().isEmpty() && query.filter().isEmpty()) {
            liveRecall.offer(
                    new LiveRecall.Answered(generation, kind, vector, query.k(), least(query), nprobe, expected, best));
        }
        long end = System.nanoTime();

        Took took = new Took(millis(encoded - begin), millis(end - encoded), millis(end - begin));
        return new Answer(generation.manifest().generation(), took, new Probed(nprobe, expected), coverage, hits);
    }

    /** A shard that found pictures, but then did not tell what they are, has not answered. */
    private static List<ShardHits> withoutLost(
            List<ShardHits> answers, List<Found> best, List<Optional<StoredPicture>> pictures) {
        Set<Integer> lost = new HashSet<>();
        for (int i = 0; i < best.size(); i++) {
            if (pictures.get(i).isEmpty()) {
                lost.add(best.get(i).shard());
            }
        }
        return answers.stream()
                .map(answer ->
                        lost.contains(answer.shard()) ? ShardHits.none(answer.shard(), ShardHits.UNREACHABLE) : answer)
                .toList();
    }

    private static List<Hit> hits(List<Found> best, List<Optional<StoredPicture>> pictures, Query query) {
        List<Hit> hits = new ArrayList<>();
        for (int i = 0; i < best.size(); i++) {
            Found found = best.get(i);
            pictures.get(i).ifPresent(picture -> hits.add(hit(found, picture)));
        }
        if (query.nearDuplicates().isEmpty()) {
            return hits;
        }
        List<Hit> bestOfEach =
                NearDuplicates.grouped(hits, query.nearDuplicates().getAsDouble());
        return query.withVectors()
                ? bestOfEach
                : bestOfEach.stream().map(Hit::withoutVector).toList();
    }

    private void requireWithinLimits(Query query) {
        if (query.terms().isEmpty() || query.terms().size() > settings.maxTerms()) {
            throw RequestException.bad(
                    "a query has 1 to %d terms, this one has %d",
                    settings.maxTerms(), query.terms().size());
        }
        if (query.k() < 1 || query.k() > settings.maxK()) {
            throw RequestException.bad("k is %d, expected 1 to %d", query.k(), settings.maxK());
        }
        if (query.nearDuplicates().isPresent() && query.k() > AlikeVectors.MOST) {
            throw RequestException.bad(
                    "k is %d, at most %d can be compared with each other for near duplicates",
                    query.k(), AlikeVectors.MOST);
        }
    }

    private static void requireFilterFits(Query query, Generation generation) {
        if (query.filter().isPresent()) {
            Columns columns = generation
                    .columns()
                    .orElseThrow(() -> RequestException.bad(
                            "%s cannot be filtered: rows of it were written before there were filters; merge or compact it anew",
                            generation.manifest().generation()));
            query.filter().get().requireFits(columns);
        }
    }

    private static int nprobe(Query query, IndexManifest manifest) {
        if (query.nprobe().isPresent()) {
            int nprobe = query.nprobe().getAsInt();
            if (nprobe < 1 || nprobe > manifest.nlist()) {
                throw RequestException.bad("nprobe is %d, expected 1 to %d", nprobe, manifest.nlist());
            }
            return nprobe;
        }
        return query.recall().isPresent() ? manifest.nprobeFor(query.recall().getAsDouble()) : manifest.defaultNprobe();
    }

    /** All lists have every neighbour there is. */
    private static Optional<Double> expectedRecall(IndexManifest manifest, int nprobe, QueryKind kind) {
        return nprobe == manifest.nlist()
                ? Optional.of(1.0)
                : manifest.recallAt(nprobe).flatMap(kind::recall);
    }

    private static Coverage coverage(List<ShardHits> answers) {
        List<Missing> missing = answers.stream()
                .filter(answer -> answer.problem() != null)
                .map(answer -> new Missing(answer.shard(), answer.problem()))
                .toList();
        return new Coverage(answers.size(), answers.size() - missing.size(), missing);
    }

    /** Nothing at all is no partial answer. */
    private static void requireSomeAnswer(Coverage coverage) {
        if (coverage.answered() > 0) {
            return;
        }
        List<String> reasons =
                coverage.degraded().stream().map(Missing::reason).distinct().toList();
        if (reasons.contains(ShardHits.DEADLINE)) {
            throw RequestException.of(
                    Problem.DEADLINE_EXCEEDED, "none of %d shards answered in time", coverage.total());
        } else if (reasons.contains(ShardHits.OVERLOADED)) {
            throw RequestException.of(Problem.UNAVAILABLE, "all %d shards are overloaded", coverage.total());
        } else if (reasons.contains(ShardHits.UNREACHABLE)) {
            throw RequestException.of(Problem.UNAVAILABLE, "none of %d shards can be reached", coverage.total());
        }
        throw ImageSearchException.data("all %d shards failed", coverage.total());
    }

    private static void requireWhole(Query query, Coverage coverage) {
        if (!query.partial() && !coverage.degraded().isEmpty()) {
            throw RequestException.of(
                    Problem.UNAVAILABLE,
                    "only %d of %d shards answered, and a partial answer is not wanted: %s",
                    coverage.answered(),
                    coverage.total(),
                    coverage.degraded().stream()
                            .map(missing -> "shard " + missing.shard() + " " + missing.reason())
                            .collect(Collectors.joining(", ")));
        }
    }

    private static double least(Query query) {
        return query.minScore().orElse(Double.NEGATIVE_INFINITY);
    }

    private static List<Found> best(List<ShardHits> answers, Query query) {
        double least = least(query);
        List<Found> all = new ArrayList<>();
        for (ShardHits answer : answers) {
            for (int i = 0; i < answer.ids().length; i++) {
                if (answer.scores()[i] >= least) {
                    all.add(new Found(answer.shard(), answer.ids()[i], answer.scores()[i]));
                }
            }
        }
        all.sort(Found.BEST_FIRST);
        return all.subList(0, Math.min(query.k(), all.size()));
    }

    private static Hit hit(Found found, StoredPicture picture) {
        ImageRow row = picture.row();
        return new Hit(
                found.id(),
                found.score(),
                row.uri(),
                row.width(),
                row.height(),
                row.caption(),
                row.extra(),
                picture.vector(),
                Optional.empty());
    }

    private static double millis(long nanos) {
        return Math.round(nanos / 1e3) / 1e3;
    }

    @Override
    public void close() {
        liveRecall.close();
    }
}
