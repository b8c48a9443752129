package org.imagesearch.clip;

import java.nio.file.Path;
import java.util.Optional;
import org.imagesearch.core.ImageSearchException;

/**
 * What follows a text model that gives one vector per token: their mean over the mask, then weights without bias. As the modules
 * {@code Pooling} (mean) and {@code Dense} (identity) of sentence-transformers. Immutable and thread-safe.
 */
final class MeanPooling {
    private static final String WEIGHTS = "linear.weight";
    /** Sentence-transformers' own, for texts without a token. */
    private static final float LEAST_COUNT = 1e-9f;

    private final Path model;
    private final int width;
    private final int dimension;
    private final Optional<float[]> weights;

    /**
     * @param width floats of a token
     * @param dense safetensors with {@code linear.weight} [dimension, width]
     * @throws ImageSearchException (data) if the weights do not fit, or there are none and the widths differ
     */
    MeanPooling(Path model, int width, int dimension, Optional<Path> dense) {
        if (dense.isEmpty() && width != dimension) {
            throw ImageSearchException.data(
                    "%s gives %d floats per token, expected %d, for the bundle has no text.dense",
                    model, width, dimension);
        }
        this.model = model;
        this.width = width;
        this.dimension = dimension;
        this.weights = dense.map(file -> SafetensorsFile.matrix(file, WEIGHTS, dimension, width));
    }

    /**
     * @param tokens float[texts * length * width]
     * @param mask long[texts][length], 1 for a token and 0 for padding
     * @return float[texts * dimension], of any length
     * @throws ImageSearchException (data) naming the model, if it gave more or fewer floats
     */
    float[] apply(float[] tokens, long[][] mask) {
        long expected = (long) mask.length * mask[0].length * width;
        if (tokens.length != expected) {
            throw ImageSearchException.data(
                    "%s gave %d floats for %d texts of %d tokens, expected %d",
                    model, tokens.length, mask.length, mask[0].length, expected);
        }
        float[] all = new float[mask.length * dimension];
        for (int text = 0; text < mask.length; text++) {
            float[] mean = mean(tokens, text * mask[text].length * width, mask[text]);
            float[] result = weights.map(matrix -> product(matrix, mean)).orElse(mean);
            System.arraycopy(result, 0, all, text * dimension, dimension);
        }
        return all;
    }

    private float[] mean(float[] tokens, int from, long[] mask) {
        float[] sum = new float[width];
        float count = 0;
        for (int token = 0; token < mask.length; token++) {
            if (mask[token] == 0) {
                continue;
            }
            count++;
            for (int i = 0; i < width; i++) {
                sum[i] += tokens[from + token * width + i];
            }
        }
        for (int i = 0; i < width; i++) {
            sum[i] /= Math.max(count, LEAST_COUNT);
        }
        return sum;
    }

    private float[] product(float[] matrix, float[] vector) {
        float[] result = new float[dimension];
        for (int row = 0; row < dimension; row++) {
            double sum = 0;
            for (int i = 0; i < width; i++) {
                sum += (double) matrix[row * width + i] * vector[i];
            }
            result[row] = (float) sum;
        }
        return result;
    }
}
