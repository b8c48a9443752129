package org.imagesearch.clip;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Bytes to the floats that models want which do not normalise for themselves. The arithmetic is that of Hugging Face's
 * {@code CLIPImageProcessor}: scaled by 1/255 in double precision and rounded to float, then mean and deviation in floats. A byte
 * has 256 values, so three tables hold all results. Immutable and thread-safe.
 */
final class PixelNormalizer {
    private static final int CHANNELS = 3;
    private static final double SCALE = 1 / 255.0;

    private final int area;
    private final float[][] tables = new float[CHANNELS][256];

    /**
     * @param size side of the square, pixels
     * @param mean per channel
     * @param std per channel
     */
    PixelNormalizer(int size, List<Float> mean, List<Float> std) {
        this.area = size * size;
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int value = 0; value < 256; value++) {
                tables[channel][value] = ((float) (value * SCALE) - mean.get(channel)) / std.get(channel);
            }
        }
    }

    /**
     * @param pixels uint8 [n, size, size, 3], from index 0
     * @param out receives float [n, 3, size, size], from index 0
     */
    void apply(ByteBuffer pixels, int n, FloatBuffer out) {
        byte[] square = new byte[CHANNELS * area];
        float[] plane = new float[area];
        for (int picture = 0; picture < n; picture++) {
            pixels.get(picture * square.length, square);
            for (int channel = 0; channel < CHANNELS; channel++) {
                float[] table = tables[channel];
                for (int i = 0; i < area; i++) {
                    plane[i] = table[square[CHANNELS * i + channel] & 0xff];
                }
                out.put((picture * CHANNELS + channel) * area, plane);
            }
        }
    }
}
