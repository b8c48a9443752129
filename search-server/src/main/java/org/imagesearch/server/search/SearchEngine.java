package org.imagesearch.server.search;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.query.Query;
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
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.query.RequestId;
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
    private final double logitScale;
    private final LiveRecall liveRecall;
    private final SearchMetrics metrics = new SearchMetrics();

    /**
     * @param index stays the caller's
     * @param logitScale what the model multiplies inner products with before a softmax
     */
    public SearchEngine(ServedIndex index, QueryEncoder encoder, SearchSettings settings, double logitScale) {
        this.index = index;
        this.encoder = encoder;
        this.settings = settings;
        this.logitScale = logitScale;
        this.liveRecall = LiveRecall.start(settings.liveRecall());
    }

    public LiveRecall liveRecall() {
        return liveRecall;
    }

    /** How long searches take, and what they miss. */
    public SearchMetrics metrics() {
        return metrics;
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
        requireFilterFits(query, generation);
        Optional<Cursor> cursor = query.cursor().map(text -> Cursor.parse(text, query, generation.manifest()));
        int k = pageSize(query, cursor);
        QueryKind kind = QueryKind.of(query.terms());
        // What was measured without filters says nothing about one.
        Optional<Double> expected =
                query.filter().isPresent() ? Optional.empty() : expectedRecall(generation.manifest(), nprobe, kind);
        float[] vector = encoder.encode(query.terms(), generation, deadline);
        long encoded = System.nanoTime();

        deadline.requireTimeFor("searching");
        Optional<Calibration> calibration = Calibration.of(query.standing(), kind, vector, generation);
        double least = Math.max(
                query.minScore().orElse(Double.NEGATIVE_INFINITY),
                calibration.map(Calibration::least).orElse(Double.NEGATIVE_INFINITY));
        long[] lists = new long[nprobe];
        float[] coarseScores = new float[nprobe];
        generation.centroids().assign(vector, 1, nprobe, lists, coarseScores);
        IntFunction<List<ShardHits>> scan = wanted -> generation.scan(
                new Probe(vector, wanted, least, lists, coarseScores, query.filter()), !query.partial(), deadline);
        Optional<ZeroShotFacets> labels =
                query.facets().isEmpty() ? Optional.empty() : Optional.of(facets(query, generation, deadline));
        IntFunction<Seen> look =
                pictures -> look(query, generation, scan(pictures, cursor, least, scan), cursor, deadline)
                        .with(hit -> calibration.map(each -> each.told(hit)).orElse(hit))
                        .with(hit -> labels.map(each -> each.labelled(hit)).orElse(hit));
        Optional<String> wanted = query.facets().only();
        Seen seen = wanted.isEmpty()
                ? look.apply(k)
                : WantedFacet.of(wanted.get(), k, depth(query, cursor)).find(look, deadline);
        List<Hit> hits = wanted.map(seen::hitsOf).orElse(seen.hits());
        if (!query.withVectors()) {
            hits = hits.stream().map(Hit::withoutVector).toList();
        }
        Page page = seen.page();
        if (seen.coverage().degraded().isEmpty()
                && cursor.isEmpty()
                && query.filter().isEmpty()) {
            List<Found> best =
                    page.found().subList(0, Math.min(query.k(), page.found().size()));
            liveRecall.offer(new LiveRecall.Answered(
                    RequestId.ofThisThread(), generation, kind, vector, query.k(), least, nprobe, expected, best));
        }
        long end = System.nanoTime();

        Took took = new Took(millis(encoded - begin), millis(end - encoded), millis(end - begin));
        metrics.answered(took, seen.coverage());
        return new Answer(
                generation.manifest().generation(),
                took,
                new Probed(nprobe, expected),
                seen.coverage(),
                hits,
                calibration.map(Calibration::told),
                labels.map(each -> each.count(seen.hits())),
                page.next(cursor).map(next -> next.text(query, generation.manifest())));
    }

    /** Fetches the pictures of a page. */
    private Seen look(Query query, Generation generation, Scanned scanned, Optional<Cursor> cursor, Deadline deadline) {
        Page page = scanned.page();
        // Near duplicates of what earlier pages had are no hits any more.
        List<Found> looked = query.nearDuplicates().isPresent() ? page.withEarlier() : page.found();
        boolean withVectors = query.withVectors()
                || query.nearDuplicates().isPresent()
                || !query.facets().isEmpty();
        List<Optional<StoredPicture>> pictures = generation.pictures(looked, withVectors, deadline);
        Coverage coverage = coverage(withoutLost(scanned.answers(), looked, pictures));
        requireWhole(query, coverage);
        return new Seen(page, coverage, hits(looked, pictures, query, cursor));
    }

    /** What shards answered, and the part of it that is a page. */
    private record Scanned(List<ShardHits> answers, Page page) {}

    /** Finds a page: everything before it must be found, too, to know what comes behind. */
    private Scanned scan(int k, Optional<Cursor> cursor, double least, IntFunction<List<ShardHits>> shards) {
        // One more tells whether there is another page.
        int wanted = cursor.map(Cursor::count).orElse(0) + k + 1;
        while (true) {
            List<ShardHits> answers = shards.apply(wanted);
            requireSomeAnswer(coverage(answers));
            List<Found> best = best(answers, least, wanted);
            Page page = Page.of(best, cursor, k);
            int missing = k + 1 - (best.size() - page.before().size());
            if (best.size() < wanted || missing <= 0) {
                return new Scanned(answers, page);
            }
            // Pictures that were taken down when the cursor was given out are there again.
            wanted += missing;
        }
    }

    /** Pictures of the page: as many as are wanted, or as are left until the depth that pages reach. */
    private int pageSize(Query query, Optional<Cursor> cursor) {
        return Math.min(query.k(), depth(query, cursor));
    }

    /** Pictures behind the cursor until the depth that pages reach. */
    private int depth(Query query, Optional<Cursor> cursor) {
        int before = cursor.map(Cursor::count).orElse(0);
        // Near duplicates are found by comparing everything until the end of the page.
        int depth = query.nearDuplicates().isPresent()
                ? Math.min(settings.maxDepth(), AlikeVectors.MOST)
                : settings.maxDepth();
        if (before >= depth) {
            throw RequestException.bad(
                    "the cursor stands behind hit %d, pages reach down to hit %d at most", before, depth);
        }
        return depth - before;
    }

    private ZeroShotFacets facets(Query query, Generation generation, Deadline deadline) {
        List<String> labels = query.facets().labels();
        return new ZeroShotFacets(labels, encoder.encodeLabels(labels, generation, deadline), logitScale);
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

    /** @param looked where near duplicates are left out, with those of earlier pages */
    private static List<Hit> hits(
            List<Found> looked, List<Optional<StoredPicture>> pictures, Query query, Optional<Cursor> cursor) {
        List<Hit> hits = new ArrayList<>();
        for (int i = 0; i < looked.size(); i++) {
            Found found = looked.get(i);
            pictures.get(i).ifPresent(picture -> hits.add(hit(found, picture)));
        }
        if (query.nearDuplicates().isEmpty()) {
            return hits;
        }
        return NearDuplicates.grouped(hits, query.nearDuplicates().getAsDouble()).stream()
                .filter(hit -> cursor.isEmpty() || cursor.get().isBefore(new Found(0, hit.id(), hit.score())))
                .toList();
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
    private void requireSomeAnswer(Coverage coverage) {
        if (coverage.answered() > 0) {
            return;
        }
        metrics.missed(coverage);
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

    private void requireWhole(Query query, Coverage coverage) {
        if (!query.partial() && !coverage.degraded().isEmpty()) {
            metrics.missed(coverage);
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

    private static List<Found> best(List<ShardHits> answers, double least, int k) {
        List<Found> all = new ArrayList<>();
        for (ShardHits answer : answers) {
            for (int i = 0; i < answer.ids().length; i++) {
                if (answer.scores()[i] >= least) {
                    all.add(new Found(answer.shard(), answer.ids()[i], answer.scores()[i]));
                }
            }
        }
        all.sort(Found.BEST_FIRST);
        return all.subList(0, Math.min(k, all.size()));
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
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
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
