package org.imagesearch.benchmarks;

/**
 * Random numbers that are the same on every machine and Java: a SplitMix64 stream per seed, stream and number, so that any
 * element of a sequence can be had without those before it. One thread at a time.
 *
 * <p>SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
 */
final class Noise {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    /** Standard deviation of the sum of four uniform 16-bit integers: sqrt(4 * (2^32 - 1) / 12). */
    private static final double DEVIATION = StrictMath.sqrt((4294967296.0 - 1) / 3);

    private static final double MEAN = 2.0 * 65535;

    private long state;

    Noise(long seed, long stream, long number) {
        this.state = mix(mix(mix(seed) + stream) + number);
    }

    /** 64 random bits. */
    long nextBits() {
        return nextLong();
    }

    private long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** Uniform, from 0 to just below 1. */
    double nextUniform() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /**
     * Nearly normal, mean 0 and deviation 1: a sum of four uniform numbers (Irwin-Hall), which ends at 3.5 deviations. Without
     * the logarithms and sines of an exact one it is fast, and the same everywhere.
     */
    float nextNormal() {
        long bits = nextLong();
        long sum = (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48);
        return (float) ((sum - MEAN) / DEVIATION);
    }

    /** Fills with independent normal numbers, place i scaled by {@code deviations[i]}. */
    float[] normals(float[] deviations) {
        float[] out = new float[deviations.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = deviations[i] * nextNormal();
        }
        return out;
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
