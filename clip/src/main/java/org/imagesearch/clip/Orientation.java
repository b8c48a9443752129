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

    /** The picture as a viewer shows it. */
    static Picture apply(int orientation, Picture picture) {
        if (orientation == UPRIGHT) {
            return picture;
        }
        boolean turned = orientation >= 5;
        int width = turned ? picture.height() : picture.width();
        int height = turned ? picture.width() : picture.height();
        byte[] out = new byte[picture.rgb().length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int source = 3 * source(orientation, x, y, picture.width(), picture.height());
                int target = 3 * (y * width + x);
                out[target] = picture.rgb()[source];
                out[target + 1] = picture.rgb()[source + 1];
                out[target + 2] = picture.rgb()[source + 2];
            }
        }
        return new Picture(width, height, out);
    }

    /** Which stored pixel is shown at (x, y). Source: Exif 2.32, table of tag 274. */
    private static int source(int orientation, int x, int y, int width, int height) {
        return switch (orientation) {
            case 2 -> y * width + (width - 1 - x);
            case 3 -> (height - 1 - y) * width + (width - 1 - x);
            case 4 -> (height - 1 - y) * width + x;
            case 5 -> x * width + y;
            case 6 -> (height - 1 - x) * width + y;
            case 7 -> (height - 1 - x) * width + (width - 1 - y);
            case 8 -> x * width + (width - 1 - y);
            default -> y * width + x;
        };
    }
}
