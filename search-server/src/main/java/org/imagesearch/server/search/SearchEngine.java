package org.imagesearch.server.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.faiss.AlikeVectors;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.ServedIndex;
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
    private final ShardScans scans;
    private final LiveRecall liveRecall;

    /** @param index stays the caller's */
    public SearchEngine(ServedIndex index, QueryEncoder encoder, SearchSettings settings) {
        this.index = index;
        this.encoder = encoder;
        this.settings = settings;
        this.scans = new ShardScans(settings.scanThreads(), settings.queue());
        this.liveRecall = LiveRecall.start(settings.liveRecall());
    }

    public LiveRecall liveRecall() {
        return liveRecall;
    }

    /** How queries share the runs of the models. */
    public EncodingMetrics encoding() {
        return encoder.metrics();
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
        QueryKind kind = QueryKind.of(query.terms());
        Optional<Double> expected = expectedRecall(generation.manifest(), nprobe, kind);
        float[] vector = encoder.encode(query.terms(), generation, deadline);
        long encoded = System.nanoTime();

        deadline.requireTimeFor("searching");
        long[] lists = new long[nprobe];
        float[] coarseScores = new float[nprobe];
        generation.centroids().assign(vector, 1, nprobe, lists, coarseScores);
        List<ShardHits> answers = scans.scan(
                generation, new ShardScans.Probe(vector, query.k(), least(query), lists, coarseScores), deadline);
        Coverage coverage = coverage(answers);
        requireSomeAnswer(coverage);
        requireWhole(query, coverage);
        List<Found> best = best(answers, query);
        List<Hit> hits = hits(best, query);
        if (coverage.degraded().isEmpty()) {
            liveRecall.offer(
                    new LiveRecall.Answered(generation, kind, vector, query.k(), least(query), nprobe, expected, best));
        }
        long end = System.nanoTime();

        Took took = new Took(millis(encoded - begin), millis(end - encoded), millis(end - begin));
        return new Answer(generation.manifest().generation(), took, new Probed(nprobe, expected), coverage, hits);
    }

    private static List<Hit> hits(List<Found> best, Query query) {
        boolean grouped = query.nearDuplicates().isPresent();
        List<Hit> hits = new ArrayList<>();
        for (Found found : best) {
            hits.add(hit(found, query.withVectors() || grouped));
        }
        if (!grouped) {
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
                .map(answer -> new Missing(answer.shard().number(), answer.problem()))
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
        if (reasons.contains(ShardScans.DEADLINE)) {
            throw RequestException.of(
                    Problem.DEADLINE_EXCEEDED, "none of %d shards answered in time", coverage.total());
        } else if (reasons.contains(ShardScans.OVERLOADED)) {
            throw RequestException.of(Problem.UNAVAILABLE, "all %d shards are overloaded", coverage.total());
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

    private static Hit hit(Found found, boolean withVector) {
        ImageRow row = found.shard()
                .row(found.id())
                .orElseThrow(() -> ImageSearchException.data(
                        "shard %d has a vector of id %d, but no row",
                        found.shard().number(), found.id()));
        Optional<float[]> vector = withVector ? found.shard().vector(found.id()) : Optional.empty();
        Map<String, Object> columns = row.extra();
        return new Hit(
                found.id(),
                found.score(),
                row.uri(),
                row.width(),
                row.height(),
                row.caption(),
                columns,
                vector,
                Optional.empty());
    }

    private static double millis(long nanos) {
        return Math.round(nanos / 1e3) / 1e3;
    }

    @Override
    public void close() {
        liveRecall.close();
        scans.close();
    }
}
