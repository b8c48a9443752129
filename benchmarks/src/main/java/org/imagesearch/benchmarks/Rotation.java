package org.imagesearch.benchmarks;

/**
 * A random rotation of float[dimension] in n log n steps: as in a fast Fourier transform, pairs of coordinates at distances 1, 2,
 * 4 ... are turned, each by an angle of its own. Every coordinate of the result depends on every one of the input (of nearly
 * every one, where the dimension is not a power of two). Immutable and thread-safe.
 */
final class Rotation {
    private final int dimension;
    private final float[] cosines;
    private final float[] sines;

    Rotation(int dimension, Noise noise) {
        this.dimension = dimension;
        int stages = 32 - Integer.numberOfLeadingZeros(dimension - 1);
        this.cosines = new float[stages * dimension];
        this.sines = new float[stages * dimension];
        for (int i = 0; i < cosines.length; i++) {
            double angle = 2 * StrictMath.PI * noise.nextUniform();
            cosines[i] = (float) StrictMath.cos(angle);
            sines[i] = (float) StrictMath.sin(angle);
        }
    }

    /** Turns a vector in place. */
    void apply(float[] vector) {
        int angle = 0;
        for (int distance = 1; distance < dimension; distance *= 2) {
            for (int block = 0; block < dimension; block += 2 * distance) {
                int end = Math.min(block + distance, dimension - distance);
                for (int i = block; i < end; i++) {
                    float a = vector[i];
                    float b = vector[i + distance];
                    vector[i] = cosines[angle + i] * a - sines[angle + i] * b;
                    vector[i + distance] = sines[angle + i] * a + cosines[angle + i] * b;
                }
            }
            angle += dimension;
        }
    }
}
