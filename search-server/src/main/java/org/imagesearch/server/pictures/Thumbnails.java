package org.imagesearch.server.pictures;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import javax.imageio.ImageIO;
import org.imagesearch.clip.Picture;
import org.imagesearch.clip.PictureException;
import org.imagesearch.clip.Resampler;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.pictures.OriginalPictures.Original;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/** Small JPEGs of indexed pictures, the recent ones kept in memory. Thread-safe. */
public final class Thumbnails {
    /** Pixels of the longer side. A few sizes only, so that the cache holds few copies of a picture. */
    public static final List<Integer> SIZES = List.of(64, 128, 256, 512);

    public static final int DEFAULT_SIZE = 256;

    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    static {
        // Else every JPEG is written to a temporary file first.
        ImageIO.setUseCache(false);
    }

    private final OriginalPictures originals;
    private final PictureReader pictures;
    private final PictureSettings settings;
    private final Cache<Key, byte[]> recent;

    public Thumbnails(OriginalPictures originals, PictureReader pictures, PictureSettings settings) {
        this.originals = originals;
        this.pictures = pictures;
        this.settings = settings;
        this.recent = Caffeine.newBuilder()
                .maximumWeight(settings.thumbnailCache().count())
                .weigher((Key key, byte[] jpeg) -> jpeg.length)
                .build();
    }

    /** The file's size and time are part of its version: a picture that was replaced gets a new thumbnail. */
    private record Key(String version, int size) {}

    /**
     * A JPEG whose longer side has so many pixels, or fewer if the picture is smaller.
     *
     * @param size one of {@link #SIZES}
     * @throws RequestException (not found) if the index has no such id, or its picture cannot be read
     */
    public byte[] of(long id, int size) {
        requireKnown(size);
        return of(id, originals.find(id), size);
    }

    /**
     * The same of a picture whose row is known.
     *
     * @param uri what the index's row of the id says
     */
    public byte[] of(long id, String uri, int size) {
        requireKnown(size);
        return of(id, originals.find(id, uri), size);
    }

    private static void requireKnown(int size) {
        if (!SIZES.contains(size)) {
            throw RequestException.bad("size is %d, expected one of %s", size, SIZES);
        }
    }

    private byte[] of(long id, Original original, int size) {
        try {
            Key key = new Key(original.version(), size);
            byte[] known = recent.getIfPresent(key);
            if (known != null) {
                return known;
            }
            // Two requests may draw the same one; that is cheaper than holding a lock while decoding.
            byte[] drawn = draw(original, size);
            recent.put(key, drawn);
            return drawn;
        } catch (PictureException e) {
            throw RequestException.of(
                    Problem.NOT_FOUND, "the picture with id %d cannot be drawn: %s", id, e.getMessage());
        } catch (IOException e) {
            throw RequestException.of(Problem.NOT_FOUND, "the file of the picture with id %d cannot be read", id);
        }
    }

    private byte[] draw(Original original, int size) throws IOException {
        if (original.bytes() > settings.bytes().count()) {
            throw RequestException.of(
                    Problem.NOT_FOUND, "a file of %d bytes is too large for a thumbnail", original.bytes());
        }
        return pictures.decode(original, Deadline.in(TIMEOUT), picture -> jpeg(shrunk(picture, size)));
    }

    private static Picture shrunk(Picture picture, int size) {
        int longer = Math.max(picture.width(), picture.height());
        if (longer <= size) {
            return picture;
        }
        int width = Math.max(1, Math.round((float) picture.width() * size / longer));
        int height = Math.max(1, Math.round((float) picture.height() * size / longer));
        return Resampler.resize(picture, width, height);
    }

    private static byte[] jpeg(Picture picture) {
        BufferedImage image = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_3BYTE_BGR);
        byte[] bgr = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
        byte[] rgb = picture.rgb();
        for (int i = 0; i < rgb.length; i += 3) {
            bgr[i] = rgb[i + 2];
            bgr[i + 1] = rgb[i + 1];
            bgr[i + 2] = rgb[i];
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, "jpeg", out)) {
                throw new ImageSearchException(ErrorCode.RESOURCE, "this Java has no JPEG writer");
            }
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot write a JPEG: " + e, e);
        }
        return out.toByteArray();
    }
}
