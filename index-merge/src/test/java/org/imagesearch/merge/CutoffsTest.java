package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.calibration.ScoreDistribution;
import org.imagesearch.core.index.CalibrationEntry.Cutoff;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Cutoffs on vectors that lie as CLIP's do: pictures in a narrow cone, words in another one, so that words score low with every picture
 * and pictures high; and some words score higher with everything than others.
 */
class CutoffsTest {
    private static final int DIMENSION = 64;
    private static final int CONCEPTS = 600;
    private static final int PICTURES_PER_CONCEPT = 3;

    private final Random random = new Random(17);
    private final float[][] concepts = new float[CONCEPTS + 200][];
    private VectorBlock pictures;
    private VectorBlock captions;
    private float[] cone;

    @BeforeEach
    void make() {
        cone = gaussian();
        for (int i = 0; i < concepts.length; i++) {
            concepts[i] = gaussian();
        }
        pictures = new VectorBlock(0, DIMENSION);
        captions = new VectorBlock(0, DIMENSION);
        for (int concept = 0; concept < CONCEPTS; concept++) {
            float[] caption = words(concept);
            for (int i = 0; i < PICTURES_PER_CONCEPT; i++) {
                long id = concept * 10L + i;
                pictures.add(id, picture(concept), 0);
                captions.add(id, caption, 0);
            }
        }
    }

    /** Half of the concepts are measured with, the other half asked for. */
    @Test
    void measuredCutoffsBeatEveryFlatCosineOverQueriesOfBothKinds() {
        BackgroundSample sample = sample();
        VectorBlock measured = captions.slice(0, captions.size() / 2);
        Cutoff forWords = Cutoffs.ofWords(sample, measured, pictures).orElseThrow();
        Cutoff forPictures =
                Cutoffs.ofPictures(sample, measured, pictures, pictures).orElseThrow();
        assertThat(forWords.by()).isEqualTo("captions");
        assertThat(forPictures.by()).isEqualTo("captions");
        assertThat(forWords.queries()).isEqualTo(CONCEPTS / 2);

        List<Asked> words = new ArrayList<>();
        List<Asked> likePictures = new ArrayList<>();
        for (int concept = CONCEPTS / 2; concept < CONCEPTS; concept++) {
            words.add(new Asked(captions.vector(concept * PICTURES_PER_CONCEPT), concept, -1));
            int row = concept * PICTURES_PER_CONCEPT;
            likePictures.add(new Asked(pictures.vector(row), concept, pictures.id(row)));
        }
        double calibrated = (f1(words, sample, forWords) + f1(likePictures, sample, forPictures)) / 2;
        double bestFlat = 0;
        for (double cosine = -0.2; cosine < 1; cosine += 0.01) {
            bestFlat = Math.max(bestFlat, (f1(words, cosine) + f1(likePictures, cosine)) / 2);
        }

        assertThat(calibrated).isGreaterThan(bestFlat + 0.05);
        assertThat(f1(words, sample, forWords)).isGreaterThan(0.5);
    }

    @Test
    void wordsForWhatIsNotThereFindLittleAndForWhatIsThereTheMost() {
        BackgroundSample sample = sample();
        Cutoff cutoff = Cutoffs.ofWords(sample, captions.slice(0, captions.size() / 2), pictures)
                .orElseThrow();
        int absent = 0;
        for (int concept = CONCEPTS; concept < concepts.length; concept++) {
            absent += hits(words(concept), sample, cutoff).size();
        }
        int present = 0;
        for (int concept = CONCEPTS / 2; concept < CONCEPTS / 2 + 200; concept++) {
            int asked = concept;
            present += (int) hits(captions.vector(concept * PICTURES_PER_CONCEPT), sample, cutoff).stream()
                    .filter(id -> id / 10 == asked)
                    .count();
        }

        assertThat(absent / 200.0).as("hits per absent concept").isLessThan(1.0);
        assertThat(present / 200.0).as("matches per present concept").isGreaterThan(1.5);
        assertThat(cutoff.kept()).isGreaterThan(0.5);
        assertThat(cutoff.falseShare()).isLessThan(0.002);
    }

    @Test
    void withoutCaptionsThereIsNoneForWordsAndPicturesGoByTheirNearest() {
        BackgroundSample sample = sample();
        VectorBlock none = new VectorBlock(0, DIMENSION);

        assertThat(Cutoffs.ofWords(sample, none, none)).isEmpty();
        assertThat(Cutoffs.ofPictures(sample, none, none, pictures.slice(0, 100)))
                .hasValueSatisfying(cutoff -> {
                    assertThat(cutoff.by()).isEqualTo("nearest");
                    assertThat(cutoff.standing()).isGreaterThan(2);
                });
        assertThat(Cutoffs.ofPictures(sample, none, none, pictures.slice(0, 3))).isEmpty();
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Asked(float[] query, int concept, long self) {}

    private double f1(List<Asked> asked, BackgroundSample sample, Cutoff cutoff) {
        double sum = 0;
        for (Asked one : asked) {
            sum += f1(one, hits(one.query, sample, cutoff));
        }
        return sum / asked.size();
    }

    private double f1(List<Asked> asked, double cosine) {
        double sum = 0;
        for (Asked one : asked) {
            sum += f1(one, hits(one.query, cosine));
        }
        return sum / asked.size();
    }

    private static double f1(Asked asked, Set<Long> hits) {
        long right = hits.stream()
                .filter(id -> id / 10 == asked.concept && id != asked.self)
                .count();
        int wanted = PICTURES_PER_CONCEPT - (asked.self < 0 ? 0 : 1);
        long found = hits.stream().filter(id -> id != asked.self).count();
        return 2.0 * right / (found + wanted);
    }

    private Set<Long> hits(float[] query, BackgroundSample sample, Cutoff cutoff) {
        ScoreDistribution distribution = sample.distribution(query);
        return hits(query, distribution.scoreOf(cutoff.standing()));
    }

    private Set<Long> hits(float[] query, double least) {
        Set<Long> hits = new HashSet<>();
        for (int row = 0; row < pictures.size(); row++) {
            if (Vectors.innerProduct(query, pictures.vector(row)) >= least) {
                hits.add(pictures.id(row));
            }
        }
        return hits;
    }

    private BackgroundSample sample() {
        return new BackgroundSample(pictures.slice(0, pictures.size()).ids(), pictures.exactVectors(), DIMENSION);
    }

    private float[] picture(int concept) {
        return unit(sum(sum(cone, 0.7, concepts[concept], 1), 1, gaussian(), 0.5));
    }

    /** Far from the pictures, and more or less near to all of them. */
    private float[] words(int concept) {
        float[] gap = gaussian();
        return unit(sum(sum(concepts[concept], 0.6, gap, 0.5), 1, cone, 0.5 * random.nextDouble() - 0.1));
    }

    private float[] gaussian() {
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) (random.nextGaussian() / Math.sqrt(DIMENSION));
        }
        return vector;
    }

    private static float[] sum(float[] left, double leftWeight, float[] right, double rightWeight) {
        float[] sum = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            sum[i] = (float) (leftWeight * left[i] + rightWeight * right[i]);
        }
        return sum;
    }

    private static float[] unit(float[] vector) {
        double length = Math.sqrt(Vectors.innerProduct(vector, vector));
        float[] unit = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            unit[i] = (float) (vector[i] / length);
        }
        return unit;
    }
}
