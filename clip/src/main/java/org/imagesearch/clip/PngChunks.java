package org.imagesearch.clip;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * A PNG without what does not shape its pixels. OpenCV's reader of animations, which 4.13 enters at the first {@code acTL}, ends
 * the process on some damaged ones; texts and profiles would be inflated for nothing.
 *
 * <p>Source: W3C PNG specification, sections 5 and 11.
 */
final class PngChunks {
    private static final int SIGNATURE_BYTES = 8;
    /** Length, type and checksum. */
    private static final int FRAME_BYTES = 12;

    private static final int END = type("IEND");
    private static final Set<Integer> KEPT = Set.of(type("IHDR"), type("PLTE"), type("tRNS"), type("IDAT"));

    private PngChunks() {}

    /**
     * The still picture of a PNG, which is the first frame of an animation or stands for it.
     *
     * @param png whole chunks up to the end chunk, as {@link PictureHeader} requires
     */
    static byte[] still(byte[] png) {
        ByteBuffer in = ByteBuffer.wrap(png);
        ByteArrayOutputStream out = new ByteArrayOutputStream(png.length);
        out.write(png, 0, SIGNATURE_BYTES);
        int at = SIGNATURE_BYTES;
        while (true) {
            int type = in.getInt(at + Integer.BYTES);
            if (type == END) {
                // Empty, whatever it says of its length.
                out.write(png, at, FRAME_BYTES);
                return out.toByteArray();
            }
            int bytes = Math.addExact(in.getInt(at), FRAME_BYTES);
            if (KEPT.contains(type)) {
                out.write(png, at, bytes);
            }
            at += bytes;
        }
    }

    private static int type(String name) {
        int type = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            type = type << 8 | name.charAt(i);
        }
        return type;
    }
}
