package org.imagesearch.clip;

import java.util.Arrays;

/**
 * {@link Resampler}'s arithmetic in Java: what the native code is held to, and what does its work where there is none.
 *
 * <p>A cubic kernel with a = -0.5, widened by the scale when shrinking; weights normalised in double precision, then rounded to
 * 22-bit fixed point; rows first, their result rounded to 8 bits, then columns. Source: {@code src/libImaging/Resample.c} of
 * Pillow 9.4.
 *
 * <p>Stateless and thread-safe.
 */
final class PlainResampler {
    private static final int PRECISION_BITS = 32 - 8 - 2;
    private static final int ROUNDING = 1 << (PRECISION_BITS - 1);
    private static final double CUBIC_SUPPORT = 2.0;
    private static final double CUBIC_A = -0.5;

    private PlainResampler() {}

    /** Does what {@link Resampler#resize(Picture, Fit, byte[], int)} does. */
    static void resize(Picture picture, Fit fit, byte[] out, int outOffset) {
        int width = fit.width();
        int height = fit.height();
        int left = fit.left();
        int top = fit.top();
        int cropWidth = fit.cropWidth();
        int cropHeight = fit.cropHeight();
        Weights rows = width == picture.width() ? null : Weights.of(picture.width(), width, left, cropWidth);
        Weights columns = height == picture.height() ? null : Weights.of(picture.height(), height, top, cropHeight);
        int firstRow = columns == null ? top : columns.firstInput();
        int rowCount = columns == null ? cropHeight : columns.endInput() - firstRow;
        if (columns == null) {
            alongRows(picture, rows, left, cropWidth, firstRow, rowCount, out, outOffset);
            return;
        }
        byte[] narrowed;
        int narrowedOffset;
        int narrowedStride;
        if (rows == null) {
            narrowed = picture.rgb();
            narrowedStride = 3 * picture.width();
            narrowedOffset = firstRow * narrowedStride + 3 * left;
        } else {
            narrowed = new byte[Math.multiplyExact(Math.multiplyExact(rowCount, cropWidth), 3)];
            alongRows(picture, rows, left, cropWidth, firstRow, rowCount, narrowed, 0);
            narrowedStride = 3 * cropWidth;
            narrowedOffset = 0;
        }
        alongColumns(narrowed, narrowedOffset, narrowedStride, firstRow, columns, 3 * cropWidth, out, outOffset);
    }

    /** Makes each of some rows narrower or wider; copies them where the width stays. */
    private static void alongRows(
            Picture picture,
            Weights weights,
            int left,
            int cropWidth,
            int firstRow,
            int rowCount,
            byte[] out,
            int outOffset) {
        byte[] in = picture.rgb();
        int stride = 3 * picture.width();
        for (int row = 0; row < rowCount; row++) {
            int inRow = (firstRow + row) * stride;
            int outRow = outOffset + row * 3 * cropWidth;
            if (weights == null) {
                System.arraycopy(in, inRow + 3 * left, out, outRow, 3 * cropWidth);
            } else {
                alongRow(in, inRow, weights, cropWidth, out, outRow);
            }
        }
    }

    private static void alongRow(byte[] in, int inRow, Weights weights, int cropWidth, byte[] out, int outRow) {
        int[] values = weights.values;
        for (int x = 0; x < cropWidth; x++) {
            int count = weights.count[x];
            int weight = x * weights.stride;
            int source = inRow + 3 * weights.start[x];
            int red = ROUNDING;
            int green = ROUNDING;
            int blue = ROUNDING;
            for (int i = 0; i < count; i++) {
                int w = values[weight + i];
                red += (in[source] & 0xff) * w;
                green += (in[source + 1] & 0xff) * w;
                blue += (in[source + 2] & 0xff) * w;
                source += 3;
            }
            int target = outRow + 3 * x;
            out[target] = clip(red);
            out[target + 1] = clip(green);
            out[target + 2] = clip(blue);
        }
    }

    /** Makes columns shorter or longer. The inner loop runs along a row, so that the compiler can vectorise it. */
    private static void alongColumns(
            byte[] in,
            int inOffset,
            int inStride,
            int firstRow,
            Weights weights,
            int rowBytes,
            byte[] out,
            int outOffset) {
        int[] sums = new int[rowBytes];
        for (int y = 0; y < weights.count.length; y++) {
            Arrays.fill(sums, ROUNDING);
            for (int i = 0; i < weights.count[y]; i++) {
                int weight = weights.values[y * weights.stride + i];
                addRow(in, inOffset + (weights.start[y] + i - firstRow) * inStride, weight, sums);
            }
            int target = outOffset + y * rowBytes;
            for (int x = 0; x < rowBytes; x++) {
                out[target + x] = clip(sums[x]);
            }
        }
    }

    private static void addRow(byte[] in, int offset, int weight, int[] sums) {
        for (int x = 0; x < sums.length; x++) {
            sums[x] += (in[offset + x] & 0xff) * weight;
        }
    }

    private static byte clip(int sum) {
        return (byte) Math.max(0, Math.min(255, sum >> PRECISION_BITS));
    }

    /**
     * The weights of some output pixels along one axis.
     *
     * @param start first input pixel of each output pixel
     * @param count input pixels of each output pixel
     * @param stride places between the weights of one output pixel and the next
     * @param values fixed point, {@value #PRECISION_BITS} bits
     */
    private record Weights(int[] start, int[] count, int stride, int[] values) {
        static Weights of(int inputs, int outputs, int first, int kept) {
            double scale = (double) inputs / outputs;
            double filterScale = Math.max(scale, 1.0);
            double support = CUBIC_SUPPORT * filterScale;
            int stride = (int) Math.ceil(support) * 2 + 1;
            int[] start = new int[kept];
            int[] count = new int[kept];
            int[] values = new int[Math.multiplyExact(kept, stride)];
            double[] raw = new double[stride];
            for (int i = 0; i < kept; i++) {
                double centre = (first + i + 0.5) * scale;
                int from = Math.max((int) (centre - support + 0.5), 0);
                int to = Math.min((int) (centre + support + 0.5), inputs);
                double sum = 0;
                for (int x = from; x < to; x++) {
                    raw[x - from] = cubic((x - centre + 0.5) * (1.0 / filterScale));
                    sum += raw[x - from];
                }
                for (int x = 0; x < to - from; x++) {
                    values[i * stride + x] = fixedPoint(sum == 0 ? raw[x] : raw[x] / sum);
                }
                start[i] = from;
                count[i] = to - from;
            }
            return new Weights(start, count, stride, values);
        }

        int firstInput() {
            return start[0];
        }

        int endInput() {
            return start[start.length - 1] + count[count.length - 1];
        }

        /** Rounded half away from zero. */
        private static int fixedPoint(double weight) {
            return (int) (weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
        }

        private static double cubic(double x) {
            double distance = Math.abs(x);
            if (distance < 1.0) {
                return ((CUBIC_A + 2.0) * distance - (CUBIC_A + 3.0)) * distance * distance + 1;
            }
            if (distance < 2.0) {
                return (((distance - 5) * distance + 8) * distance - 4) * CUBIC_A;
            }
            return 0.0;
        }
    }
}
