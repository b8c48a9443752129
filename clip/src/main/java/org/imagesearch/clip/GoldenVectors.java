package org.imagesearch.clip;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * Embeddings that other software computed from the checkpoint that a bundle was made of, for a few pictures and texts, in
 * {@code golden.json}:
 *
 * <pre>
 * {"formatVersion": 1, "cosine": 0.9999,
 *  "pictures": [{"file": "golden/stripes.png", "embedding": "base64 of float32, little endian, of unit length"}],
 *  "texts": [{"text": "red car", "tokens": [101, 5678, 102], "embedding": "..."}]}
 * </pre>
 *
 * <p>If decoding, resizing, tokens, weights or arithmetic were not what the checkpoint's authors meant, it shows here, and nowhere
 * else before an index has been built. Immutable and thread-safe.
 */
public final class GoldenVectors {
    private static final int FORMAT_VERSION = 1;
    private static final int MAX_BYTES = 64 << 20;

    private record GoldenFile(int formatVersion, double cosine, List<GoldenPicture> pictures, List<GoldenText> texts) {}

    private record GoldenPicture(String file, String embedding) {}

    private record GoldenText(String text, List<Long> tokens, String embedding) {}

    /**
     * How near a bundle came.
     *
     * @param count items compared
     * @param least cosine of all
     * @param mean of the cosines
     */
    public record Agreement(int count, double least, double mean) {}

    private final Path file;
    private final GoldenFile content;

    private GoldenVectors(Path file, GoldenFile content) {
        this.file = file;
        this.content = content;
    }

    /** Those that travel with a bundle. */
    public static Optional<GoldenVectors> of(ModelBundle bundle) {
        return bundle.golden().map(GoldenVectors::read);
    }

    /**
     * Reads a file; the pictures that it names lie beside it.
     *
     * @throws ImageSearchException (data) naming the file, if it is not valid; (input) if it is not there
     */
    public static GoldenVectors read(Path given) {
        Path file = given.toAbsolutePath().normalize();
        try {
            if (!Files.isRegularFile(file)) {
                throw ImageSearchException.input("there is no file %s", file);
            }
            if (Files.size(file) > MAX_BYTES) {
                throw ImageSearchException.data("%s is larger than %d bytes", file, MAX_BYTES);
            }
            GoldenFile content = Json.read(Files.readAllBytes(file), GoldenFile.class, file.toString());
            if (content.formatVersion != FORMAT_VERSION) {
                throw ImageSearchException.data(
                        "%s: formatVersion is %d, expected %d", file, content.formatVersion, FORMAT_VERSION);
            }
            if (content.pictures == null
                    || content.texts == null
                    || content.pictures.size() + content.texts.size() == 0) {
                throw ImageSearchException.data("%s has no pictures and no texts", file);
            }
            if (!(content.cosine > 0 && content.cosine <= 1)) {
                throw ImageSearchException.data("%s: cosine is %s, expected 0 to 1", file, content.cosine);
            }
            return new GoldenVectors(file, content);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + file + ": " + e, e);
        }
    }

    /** The least cosine that is good enough, by the file's own word. */
    public double cosine() {
        return content.cosine;
    }

    /**
     * Compares pictures, from their files on.
     *
     * @throws ImageSearchException (data) naming the first picture that comes out farther away than {@code leastCosine}
     */
    public Agreement verifyPictures(ModelBundle bundle, ImageEncoder encoder, double leastCosine) {
        // The reference turns no picture; ours lie upright.
        PictureSquares squares = new PictureSquares(bundle.image(), DecodeLimits.DEFAULT, false, false);
        Cosines cosines = new Cosines(bundle, leastCosine);
        for (GoldenPicture picture : content.pictures) {
            byte[] square = squares.prepare(bytes(picture)).square();
            float[] actual = encoder.encode(ByteBuffer.wrap(square), 1);
            cosines.add("picture " + picture.file, expected(picture.file, picture.embedding, bundle), actual);
        }
        return cosines.agreement();
    }

    /**
     * Compares texts, first their tokens.
     *
     * @throws ImageSearchException (data) naming the first text with other tokens, or that comes out farther away than
     *     {@code leastCosine}
     */
    public Agreement verifyTexts(ModelBundle bundle, TextEncoder encoder, double leastCosine) {
        Cosines cosines = new Cosines(bundle, leastCosine);
        for (GoldenText text : content.texts) {
            List<Long> tokens = encoder.tokens(text.text);
            if (!tokens.equals(text.tokens)) {
                throw ImageSearchException.data(
                        "%s does not do what %s says: text \"%s\" has the tokens %s, expected %s",
                        bundle.directory(), file, text.text, tokens, text.tokens);
            }
            float[] actual = encoder.encode(List.of(text.text));
            cosines.add("text \"" + text.text + "\"", expected(text.text, text.embedding, bundle), actual);
        }
        return cosines.agreement();
    }

    /**
     * What programs do before they rely on a bundle: all of its golden vectors, if it has any.
     *
     * @throws ImageSearchException (data) naming the first item that comes out otherwise
     */
    public static void verify(ModelBundle bundle, ImageEncoder images, TextEncoder texts) {
        of(bundle).ifPresent(golden -> {
            var unusedPictures = golden.verifyPictures(bundle, images, golden.cosine());
            var unusedTexts = golden.verifyTexts(bundle, texts, golden.cosine());
        });
    }

    private byte[] bytes(GoldenPicture picture) {
        Path path = BundleManifest.inside(file.getParent(), String.valueOf(picture.file))
                .orElseThrow(() ->
                        ImageSearchException.data("%s: picture %s, expected a file beside it", file, picture.file));
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, file + ": picture " + path + " cannot be read: " + e, e);
        }
    }

    private float[] expected(String item, String base64, ModelBundle bundle) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(String.valueOf(base64));
        } catch (IllegalArgumentException e) {
            throw new ImageSearchException(ErrorCode.DATA, file + ": the embedding of " + item + " is no base64", e);
        }
        if (bytes.length != bundle.dimension() * Float.BYTES) {
            throw ImageSearchException.data(
                    "%s: the embedding of %s has %d bytes, expected %d floats",
                    file, item, bytes.length, bundle.dimension());
        }
        float[] embedding = new float[bundle.dimension()];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(embedding);
        return embedding;
    }

    /** Gathers cosines; the first one that is too low ends it. */
    private final class Cosines {
        private final ModelBundle bundle;
        private final double leastAllowed;
        private int count;
        private double least = 1;
        private double sum;

        Cosines(ModelBundle bundle, double leastAllowed) {
            this.bundle = bundle;
            this.leastAllowed = leastAllowed;
        }

        void add(String item, float[] expected, float[] actual) {
            double cosine = cosine(expected, actual);
            if (!(cosine >= leastAllowed)) {
                throw ImageSearchException.data(
                        "%s does not do what %s says: %s has a cosine of %.7f to its golden vector, expected at least %s",
                        bundle.directory(), file, item, cosine, leastAllowed);
            }
            count++;
            least = Math.min(least, cosine);
            sum += cosine;
        }

        Agreement agreement() {
            return new Agreement(count, least, count == 0 ? 1 : sum / count);
        }

        private static double cosine(float[] a, float[] b) {
            double product = 0;
            double squareA = 0;
            double squareB = 0;
            for (int i = 0; i < a.length; i++) {
                product += (double) a[i] * b[i];
                squareA += (double) a[i] * a[i];
                squareB += (double) b[i] * b[i];
            }
            return product / Math.sqrt(squareA * squareB);
        }
    }
}
