package org.imagesearch.clip;

import com.drew.imaging.jpeg.JpegMetadataReader;
import com.drew.imaging.jpeg.JpegProcessingException;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;

/** The Exif orientation of a JPEG: 1 to 8, as cameras write it, and what it does to pixels. */
final class Orientation {
    static final int UPRIGHT = 1;

    /** Pixels; a tile of both pictures fits the first cache. */
    private static final int TILE = 64;

    private Orientation() {}

    /** The orientation; {@value #UPRIGHT} where there is none or it cannot be read. */
    static int of(byte[] jpeg) {
        try {
            Metadata metadata =
                    JpegMetadataReader.readMetadata(new ByteArrayInputStream(jpeg), List.of(new ExifReader()));
            ExifIFD0Directory directory = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
            Integer value = directory == null ? null : directory.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
            return value == null || value < 1 || value > 8 ? UPRIGHT : value;
        } catch (JpegProcessingException | IOException e) {
            return UPRIGHT;
        }
    }

    /** The size of what a viewer shows. */
    static PictureSize shown(int orientation, int width, int height) {
        return orientation >= 5 ? new PictureSize(height, width) : new PictureSize(width, height);
    }

    /** The picture as a viewer shows it. */
    static Picture apply(int orientation, Picture picture) {
        if (orientation == UPRIGHT) {
            return picture;
        }
        PictureSize shown = shown(orientation, picture.width(), picture.height());
        int width = shown.width();
        int height = shown.height();
        Steps steps = Steps.of(orientation, picture.width(), picture.height());
        byte[] in = picture.rgb();
        byte[] out = new byte[in.length];
        // Tile by tile, since where rows become columns each pixel of a row comes from another line of the cache.
        for (int top = 0; top < height; top += TILE) {
            for (int left = 0; left < width; left += TILE) {
                int end = Math.min(left + TILE, width);
                for (int y = top; y < Math.min(top + TILE, height); y++) {
                    int source = 3 * (steps.first + y * steps.down + left * steps.right);
                    for (int target = 3 * (y * width + left); target < 3 * (y * width + end); target += 3) {
                        out[target] = in[source];
                        out[target + 1] = in[source + 1];
                        out[target + 2] = in[source + 2];
                        source += 3 * steps.right;
                    }
                }
            }
        }
        return new Picture(width, height, out);
    }

    /**
     * Which stored pixel is shown where: (x, y) shows {@code first + x * right + y * down}. Source: Exif 2.32, table of tag 274.
     *
     * @param first the stored pixel shown in the upper left corner
     * @param right pixels from one shown to the next in its row
     * @param down pixels from one shown to the next in its column
     */
    private record Steps(int first, int right, int down) {
        static Steps of(int orientation, int width, int height) {
            int lastColumn = width - 1;
            int lastRow = (height - 1) * width;
            return switch (orientation) {
                case 2 -> new Steps(lastColumn, -1, width);
                case 3 -> new Steps(lastRow + lastColumn, -1, -width);
                case 4 -> new Steps(lastRow, 1, -width);
                case 5 -> new Steps(0, width, 1);
                case 6 -> new Steps(lastRow, -width, 1);
                case 7 -> new Steps(lastRow + lastColumn, -width, -1);
                case 8 -> new Steps(lastColumn, width, -1);
                default -> new Steps(0, 1, width);
            };
        }
    }
}
