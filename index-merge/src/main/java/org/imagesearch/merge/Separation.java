package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.calibration.ScoreDistribution;
import org.imagesearch.core.index.CalibrationEntry.Cutoff;

/**
 * Where true matches of queries and random pictures are told apart best, by how they stand among the query's scores with these.
 *
 * <p>Best is the greatest F1 of one match against all pictures of the sample: a cutoff that keeps more matches must not pay for them
 * with more than as many random pictures.
 */
final class Separation {
    /** With fewer queries chance would decide. */
    private static final int LEAST_QUERIES = 30;

    private final BackgroundSample sample;
    private final List<Match> matches = new ArrayList<>();
    private float[] strangers = new float[1024];
    private int strangersKept;
    private long strangersSeen;
    private int queries;

    Separation(BackgroundSample sample) {
        this.sample = sample;
    }

    /** @param weight of the matches of a query together it is 1 */
    private record Match(double standing, double weight) {}

    /**
     * Adds a query.
     *
     * @param query float[dimension], of unit length
     * @param own embeddings of its matches, one at least
     * @param isOwn whether a picture of the sample is a match, too, or the query itself
     */
    void add(float[] query, List<float[]> own, LongPredicate isOwn) {
        float[] scores = sample.scores(query);
        ScoreDistribution distribution = new ScoreDistribution(scores);
        for (int row = 0; row < scores.length; row++) {
            if (!isOwn.test(sample.id(row))) {
                addStranger(distribution.standing(scores[row]));
            }
        }
        for (float[] match : own) {
            matches.add(new Match(distribution.standing(Vectors.innerProduct(query, match)), 1.0 / own.size()));
        }
        queries++;
    }

    /** No cutoff lies below the mean. */
    private void addStranger(double standing) {
        strangersSeen++;
        if (standing > 0) {
            if (strangersKept == strangers.length) {
                strangers = Arrays.copyOf(strangers, strangersKept * 2);
            }
            strangers[strangersKept++] = (float) standing;
        }
    }

    /** @param by how matches were known */
    Optional<Cutoff> best(String by) {
        if (queries < LEAST_QUERIES || strangersSeen == 0) {
            return Optional.empty();
        }
        matches.sort(Comparator.comparingDouble(Match::standing).reversed());
        Arrays.sort(strangers, 0, strangersKept);
        Optional<Cutoff> best = Optional.empty();
        double bestF1 = 0;
        double keptWeight = 0;
        int higher = strangersKept;
        for (Match match : matches) {
            keptWeight += match.weight();
            while (higher > 0 && strangers[higher - 1] >= match.standing()) {
                higher--;
            }
            if (match.standing() <= 0) {
                break;
            }
            double kept = keptWeight / queries;
            double strangersPerQuery = (double) (strangersKept - higher) / queries;
            double f1 = 2 * kept / (kept + strangersPerQuery + 1);
            if (f1 > bestF1) {
                bestF1 = f1;
                best = Optional.of(new Cutoff(
                        match.standing(), kept, (double) (strangersKept - higher) / strangersSeen, queries, by));
            }
        }
        return best;
    }
}
