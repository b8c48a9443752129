package org.imagesearch.benchmarks;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import org.imagesearch.core.Checksums;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;

/**
 * Made-up unit vectors that are laid out as CLIP lays out pictures and captions, any number of them, each by its number alone:
 * the same seed, dimension and number give the same bits on every machine, whatever the count.
 *
 * <p>The vector of a picture is {@code normalise(rotate(sqrt(0.5) m + c + e))}:
 *
 * <ul>
 *   <li>{@code m}, a unit vector common to all pictures. CLIP's pictures lie in a narrow cone; two of them taken at random have a
 *       cosine of about 0.5, as here;
 *   <li>{@code c}, the centre of one of 4,096 clusters, expected squared length 0.35. Cluster number k is drawn with a weight of
 *       (k + 1)<sup>-0.7</sup>: a few subjects are in very many pictures, most in few;
 *   <li>{@code e}, the picture's own part, expected squared length 0.15: clusters run into each other, and an IVF index must
 *       probe several lists, as with CLIP;
 *   <li>centres and own parts have a variance proportional to (i + 1)<sup>-1.2</sup> along axis i, so that at 512 dimensions the
 *       participation ratio (the sum of variances squared, over the sum of squared variances), a measure of the intrinsic
 *       dimension, is 12;
 *   <li>the rotation hides the axes.
 * </ul>
 *
 * <p>The vector of a caption is {@code normalise(rotate(sqrt(0.6) t + sqrt(0.06 / 0.5) (c + e) + f))} with {@code c} and {@code e} of
 * its picture, {@code t} a unit vector common to all captions with a cosine of 0.25 to {@code m}, and {@code f} of expected squared
 * length 0.34. So captions are out of the distribution of the pictures, shifted by a modality gap: a caption has a cosine of about
 * 0.3 to its picture and 0.14 to any other, as in CLIP (Liang et al., "Mind the gap", 2022), and its nearest picture is seldom the
 * one that it was made for.
 *
 * <p>Immutable and thread-safe; holds 4,096 vectors.
 */
final class ClipLikeVectors {
    static final int MAX_DIMENSION = 8192;

    private static final int CLUSTERS = 4096;
    private static final double CLUSTER_SIZE_EXPONENT = 0.7;
    private static final double VARIANCE_EXPONENT = 1.2;

    private static final double COMMON_SHARE = 0.5;
    private static final double CENTRE_SHARE = 0.35;
    private static final double OWN_SHARE = 0.15;

    private static final double TEXT_COMMON_SHARE = 0.6;
    private static final double TEXT_MEANING_SHARE = 0.06;
    private static final double TEXT_OWN_SHARE = 0.34;
    private static final double COMMON_COSINE = 0.25;

    /** The streams of random numbers. */
    private static final int ROTATION = 0;

    private static final int COMMON = 1;
    private static final int CENTRE = 2;
    private static final int PICTURE = 3;
    private static final int TEXT = 4;

    private final int dimension;
    private final long seed;
    private final float[] deviations;
    private final float[] pictureCommon;
    private final float[] textCommon;
    private final float[][] centres = new float[CLUSTERS][];
    private final double[] cumulativeWeights = new double[CLUSTERS];
    private final Rotation rotation;

    /** @throws ImageSearchException (input) if the dimension is not 2 to 8192 */
    ClipLikeVectors(int dimension, long seed) {
        if (dimension < 2 || dimension > MAX_DIMENSION) {
            throw ImageSearchException.input("the dimension is %d, expected 2 to %d", dimension, MAX_DIMENSION);
        }
        this.dimension = dimension;
        this.seed = seed;
        this.deviations = deviations(dimension);
        this.rotation = new Rotation(dimension, new Noise(seed, ROTATION, 0));
        float[] uniform = new float[dimension];
        Arrays.fill(uniform, 1);
        this.pictureCommon = normalise(new Noise(seed, COMMON, 0).normals(uniform));
        this.textCommon = atCosine(pictureCommon, normalise(new Noise(seed, COMMON, 1).normals(uniform)));
        double sum = 0;
        for (int cluster = 0; cluster < CLUSTERS; cluster++) {
            centres[cluster] = scaled(new Noise(seed, CENTRE, cluster).normals(deviations), CENTRE_SHARE);
            sum += StrictMath.pow(cluster + 1.0, -CLUSTER_SIZE_EXPONENT);
            cumulativeWeights[cluster] = sum;
        }
    }

    int dimension() {
        return dimension;
    }

    /** Stands for the model: different seeds, dimensions or rules are different models. */
    Fingerprint fingerprint() {
        MessageDigest digest = Checksums.newDigest();
        digest.update(
                ("clip-like vectors 1, dimension " + dimension + ", seed " + seed).getBytes(StandardCharsets.UTF_8));
        return new Fingerprint("sha256:" + Checksums.hex(digest));
    }

    /** The cluster of a picture, 0 to 4095. */
    int cluster(long number) {
        return cluster(new Noise(seed, PICTURE, number));
    }

    /** The vector of a picture, float[dimension] of length 1. */
    float[] picture(long number) {
        float[] vector = meaning(number);
        add(vector, pictureCommon, COMMON_SHARE);
        rotation.apply(vector);
        return normalise(vector);
    }

    /** The vector of a picture's caption, float[dimension] of length 1. */
    float[] text(long number) {
        float[] vector = scaled(meaning(number), TEXT_MEANING_SHARE / (CENTRE_SHARE + OWN_SHARE));
        add(vector, textCommon, TEXT_COMMON_SHARE);
        add(vector, new Noise(seed, TEXT, number).normals(deviations), TEXT_OWN_SHARE);
        rotation.apply(vector);
        return normalise(vector);
    }

    /** The vectors of consecutive pictures, float[count * dimension], row-major. */
    float[] pictures(long from, int count) {
        float[] out = new float[Math.multiplyExact(count, dimension)];
        for (int i = 0; i < count; i++) {
            System.arraycopy(picture(from + i), 0, out, i * dimension, dimension);
        }
        return out;
    }

    /** What picture and caption have in common. */
    private float[] meaning(long number) {
        Noise noise = new Noise(seed, PICTURE, number);
        float[] vector = centres[cluster(noise)].clone();
        add(vector, noise.normals(deviations), OWN_SHARE);
        return vector;
    }

    private int cluster(Noise noise) {
        double place = noise.nextUniform() * cumulativeWeights[CLUSTERS - 1];
        int found = Arrays.binarySearch(cumulativeWeights, place);
        return Math.min(found < 0 ? -found - 1 : found, CLUSTERS - 1);
    }

    /** Per axis, with squares that add up to 1. */
    private static float[] deviations(int dimension) {
        double sum = 0;
        for (int i = 0; i < dimension; i++) {
            sum += StrictMath.pow(i + 1.0, -VARIANCE_EXPONENT);
        }
        float[] deviations = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            deviations[i] = (float) Math.sqrt(StrictMath.pow(i + 1.0, -VARIANCE_EXPONENT) / sum);
        }
        return deviations;
    }

    /** A unit vector in the plane of two others, at the wanted cosine to the first. */
    private static float[] atCosine(float[] first, float[] second) {
        double product = 0;
        for (int i = 0; i < first.length; i++) {
            product += (double) first[i] * second[i];
        }
        float[] orthogonal = second.clone();
        for (int i = 0; i < first.length; i++) {
            orthogonal[i] -= (float) (product * first[i]);
        }
        normalise(orthogonal);
        float[] out = new float[first.length];
        add(out, first, COMMON_COSINE * COMMON_COSINE);
        add(out, orthogonal, 1 - COMMON_COSINE * COMMON_COSINE);
        return out;
    }

    /** Adds a vector scaled so that its squared length becomes this share of what it was. */
    private static void add(float[] vector, float[] other, double share) {
        float scale = (float) Math.sqrt(share);
        for (int i = 0; i < vector.length; i++) {
            vector[i] += scale * other[i];
        }
    }

    private static float[] scaled(float[] vector, double share) {
        float scale = (float) Math.sqrt(share);
        for (int i = 0; i < vector.length; i++) {
            vector[i] *= scale;
        }
        return vector;
    }

    private static float[] normalise(float[] vector) {
        double square = 0;
        for (float value : vector) {
            square += (double) value * value;
        }
        double scale = 1 / Math.sqrt(square);
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (float) (vector[i] * scale);
        }
        return vector;
    }
}
