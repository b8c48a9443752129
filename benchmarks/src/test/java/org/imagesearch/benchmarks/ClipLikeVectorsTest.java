package org.imagesearch.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.function.LongToDoubleFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClipLikeVectorsTest {
    private static final int DIMENSION = 512;
    private static final int SAMPLE = 2000;

    private final ClipLikeVectors vectors = new ClipLikeVectors(DIMENSION, 7);

    @Test
    void sameSeedGivesTheSameBits() {
        ClipLikeVectors again = new ClipLikeVectors(DIMENSION, 7);
        assertThat(again.picture(123_456_789_012L)).isEqualTo(vectors.picture(123_456_789_012L));
        assertThat(again.text(5)).isEqualTo(vectors.text(5));
        assertThat(again.fingerprint()).isEqualTo(vectors.fingerprint());
    }

    /** The rules are part of the fingerprint: whoever changes them changes its text there, and these numbers. */
    @Test
    void theBitsAreThoseThatTheyHaveAlwaysBeen() {
        ClipLikeVectors small = new ClipLikeVectors(16, 1);
        assertThat(Stream.of(small.picture(0), small.picture(1), small.text(0)).map(Arrays::hashCode))
                .containsExactly(-1939578756, 424846686, 244889574);
    }

    @Test
    void anotherSeedGivesOtherVectorsAndAnotherModel() {
        ClipLikeVectors other = new ClipLikeVectors(DIMENSION, 8);
        assertThat(cosine(other.picture(1), vectors.picture(1))).isLessThan(0.2);
        assertThat(other.fingerprint()).isNotEqualTo(vectors.fingerprint());
        assertThat(new ClipLikeVectors(DIMENSION / 2, 7).fingerprint()).isNotEqualTo(vectors.fingerprint());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 31, 100, 512, 768})
    void everyVectorHasLengthOne(int dimension) {
        ClipLikeVectors some = new ClipLikeVectors(dimension, 3);
        for (long number = 0; number < 50; number++) {
            assertThat(cosine(some.picture(number), some.picture(number))).isCloseTo(1, within(1e-6));
            assertThat(cosine(some.text(number), some.text(number))).isCloseTo(1, within(1e-6));
        }
    }

    @Test
    void picturesLieInACone() {
        assertThat(mean(i -> cosine(vectors.picture(i), vectors.picture(i + SAMPLE))))
                .isBetween(0.45, 0.6);
    }

    @Test
    void picturesOfOneClusterAreNear() {
        long[] subject = LongStream.range(0, 100_000)
                .filter(number -> vectors.cluster(number) == 0)
                .limit(200)
                .toArray();
        assertThat(subject).as("pictures of the largest cluster").hasSize(200);
        double mean = LongStream.range(0, 199)
                .mapToDouble(i -> cosine(vectors.picture(subject[(int) i]), vectors.picture(subject[(int) i + 1])))
                .average()
                .orElseThrow();
        assertThat(mean).isBetween(0.7, 0.9);
    }

    @Test
    void captionsAreApartFromPicturesAndNearestToTheirs() {
        assertThat(mean(i -> cosine(vectors.text(i), vectors.picture(i)))).isBetween(0.25, 0.4);
        assertThat(mean(i -> cosine(vectors.text(i), vectors.picture(i + SAMPLE))))
                .isBetween(0.05, 0.2);
    }

    @Test
    void clusterSizesFollowAPowerLaw() {
        int[] sizes = new int[4096];
        for (long number = 0; number < 100_000; number++) {
            sizes[vectors.cluster(number)]++;
        }
        assertThat((double) sizes[0] / sizes[9]).isCloseTo(Math.pow(10, 0.7), within(1.0));
        assertThat(Arrays.stream(sizes).filter(size -> size > 0).count()).isGreaterThan(3500);
    }

    @Test
    void dimensionsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new ClipLikeVectors(1, 1)).isInstanceOf(ImageSearchException.class);
        assertThatThrownBy(() -> new ClipLikeVectors(8193, 1)).hasMessageContaining("8193");
    }

    private static double mean(LongToDoubleFunction of) {
        return LongStream.range(0, SAMPLE).mapToDouble(of).average().orElseThrow();
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
        }
        return product;
    }
}
