package org.imagesearch.clip;

import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.imagesearch.clip.PictureException.Reason;

/** JPEGs of cyan, magenta, yellow and black, whose inks the JDK hands out as they are stored. Stateless and thread-safe. */
final class FourInkDecoder {
    /** Fractions of a colour conversion, as libjpeg keeps them. */
    private static final int FRACTION_BITS = 16;

    private static final int HALF = 1 << (FRACTION_BITS - 1);

    private FourInkDecoder() {}

    /**
     * Decodes to RGB as Pillow does: inks count as stored inverted, which is Adobe's convention and everybody's, and the light
     * that an ink leaves is scaled by the light that black leaves.
     */
    static Picture decode(byte[] bytes, PictureHeader header) {
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(in, true, true);
            return rgb(reader.readRaster(0, null), header);
        } catch (PictureException e) {
            throw e;
        } catch (IOException e) {
            throw new PictureException(Reason.CORRUPT, "the JPEG cannot be decoded: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            // The JDK's reader answers damaged files with any kind of exception, whose message means nothing to a
            // person.
            throw new PictureException(Reason.CORRUPT, "the JPEG cannot be decoded", e);
        } finally {
            reader.dispose();
        }
    }

    private static Picture rgb(Raster raster, PictureHeader header) {
        if (raster.getNumBands() != 4 || raster.getWidth() != header.width() || raster.getHeight() != header.height()) {
            throw new PictureException(Reason.CORRUPT, "the JPEG is not what its header says");
        }
        byte[] out = new byte[3 * header.width() * header.height()];
        int[] row = new int[4 * header.width()];
        int target = 0;
        for (int y = 0; y < header.height(); y++) {
            raster.getPixels(0, y, header.width(), 1, row);
            for (int x = 0; x < row.length; x += 4) {
                if (header.adobeTransform() == 2) {
                    lumaToInks(row, x);
                }
                int light = row[x + 3];
                for (int ink = 0; ink < 3; ink++) {
                    out[target++] = (byte) (light - scaled(255 - row[x + ink], light));
                }
            }
        }
        return new Picture(header.width(), header.height(), out);
    }

    /** YCCK to CMYK in place, rounded as libjpeg does: JFIF's YCbCr gives red, green and blue, and the inks are their opposites. */
    private static void lumaToInks(int[] row, int x) {
        int luma = row[x];
        int blue = row[x + 1] - 128;
        int red = row[x + 2] - 128;
        row[x] = clip(255 - luma - ((fixed(1.402) * red + HALF) >> FRACTION_BITS));
        row[x + 1] = clip(255 - luma - ((HALF - fixed(0.34414) * blue - fixed(0.71414) * red) >> FRACTION_BITS));
        row[x + 2] = clip(255 - luma - ((fixed(1.772) * blue + HALF) >> FRACTION_BITS));
    }

    private static int fixed(double factor) {
        return (int) (factor * (1 << FRACTION_BITS) + 0.5);
    }

    private static int clip(int value) {
        return Math.max(0, Math.min(255, value));
    }

    /** a * b / 255, rounded. */
    private static int scaled(int a, int b) {
        int product = a * b + 128;
        return ((product >> 8) + product) >> 8;
    }
}
