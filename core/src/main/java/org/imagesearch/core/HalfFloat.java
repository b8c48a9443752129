package org.imagesearch.core;

/** IEEE 754 half precision: 11 significant bits, up to 65,504. Java has numbers of it from version 20 on. */
public final class HalfFloat {
    /** The largest number that there is a half for. */
    public static final float MAX_VALUE = 65_504;

    private static final int SIGN = 0x8000;
    private static final int INFINITY = 0x7c00;
    private static final int NAN = 0x7e00;

    /** Bits of a float: its infinity, the least float that rounds to the half's one, the least half that is not subnormal. */
    private static final int FLOAT_INFINITY = 0x7f800000;

    private static final int FLOAT_65520 = 0x477ff000;
    private static final int FLOAT_LEAST_NORMAL = 0x38800000;

    /** What the exponents' biases differ by, in place. */
    private static final int REBIAS = (127 - 15) << 23;

    private HalfFloat() {}

    /** The float of the same value; there is one for every half. */
    public static float widened(short half) {
        int exponent = (half >> 10) & 0x1f;
        int fraction = half & 0x3ff;
        float magnitude;
        if (exponent == 0) {
            magnitude = fraction * 0x1p-24f;
        } else if (exponent == 0x1f) {
            magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else {
            magnitude = Math.scalb(1 + fraction * 0x1p-10f, exponent - 15);
        }
        return half < 0 ? -magnitude : magnitude;
    }

    /** The nearest half, of two the even one; what is too large becomes infinite. */
    public static short narrowed(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & SIGN;
        int magnitude = bits & Integer.MAX_VALUE;
        if (magnitude > FLOAT_INFINITY) {
            return (short) (sign | NAN);
        } else if (magnitude >= FLOAT_65520) {
            return (short) (sign | INFINITY);
        } else if (magnitude < FLOAT_LEAST_NORMAL) {
            return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
        }
        // Of the fraction 13 bits go; a carry runs into the exponent, where it belongs.
        int rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
        return (short) (sign | ((rounded - REBIAS) >>> 13));
    }
}
