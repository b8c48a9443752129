package org.imagesearch.clip;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import org.imagesearch.clip.onnx.OnnxModel;
import org.imagesearch.clip.onnx.OnnxModel.ElementType;
import org.imagesearch.clip.onnx.OnnxModel.Tensor;
import org.imagesearch.core.ImageSearchException;

/** Turns preprocessed pixels into embeddings. Thread-safe; the opener closes it, which waits for calls under way. */
public final class ImageEncoder implements AutoCloseable {
    private final ImageSpec spec;
    private final int dimension;
    private final int maxBatch;
    private final OnnxModel model;

    private ImageEncoder(ImageSpec spec, int dimension, int maxBatch, OnnxModel model) {
        this.spec = spec;
        this.dimension = dimension;
        this.maxBatch = maxBatch;
        this.model = model;
    }

    /** @throws ImageSearchException (data) if the model does not fit its bundle; (resource) if the device cannot be used */
    public static ImageEncoder open(ModelBundle bundle, EncoderSettings settings) {
        ImageSpec spec = bundle.image();
        OnnxModel model = OnnxModel.open(spec.model(), settings.placement());
        try {
            model.requireInput(spec.input(), ElementType.UINT8, -1, spec.size(), spec.size(), 3);
            model.requireNoInputBut(Set.of(spec.input()));
            model.requireOutput(spec.output(), ElementType.FLOAT, -1, bundle.dimension());
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
        return new ImageEncoder(spec, bundle.dimension(), settings.maxBatch(), model);
    }

    /** Side of the square that the model sees, pixels. */
    public int imageSize() {
        return spec.size();
    }

    /** Bytes of one preprocessed picture. */
    public int pixelBytes() {
        return 3 * spec.size() * spec.size();
    }

    /** Floats per embedding. */
    public int dimension() {
        return dimension;
    }

    public int maxBatch() {
        return maxBatch;
    }

    /**
     * Encodes pictures.
     *
     * @param pixels uint8 [n, size, size, 3], RGB, as {@link Preprocessor} gives them; a direct buffer saves a copy. Read
     *     from index 0; position and limit are left alone
     * @param n pictures in it
     * @return float[n * dimension], each of unit length
     * @throws ImageSearchException (data) if the model gives something else than unit vectors
     */
    public float[] encode(ByteBuffer pixels, int n) {
        if (n < 1 || pixels.capacity() < (long) n * pixelBytes()) {
            throw ImageSearchException.input(
                    "%d pictures of %d bytes do not fit a buffer of %d", n, pixelBytes(), pixels.capacity());
        }
        float[] all = new float[Math.multiplyExact(n, dimension)];
        ByteBuffer whole = pixels.duplicate().clear();
        for (int from = 0; from < n; from += maxBatch) {
            int count = Math.min(maxBatch, n - from);
            float[] some = encodeOnce(direct(whole.slice(from * pixelBytes(), count * pixelBytes())), count);
            System.arraycopy(some, 0, all, from * dimension, some.length);
        }
        return all;
    }

    private float[] encodeOnce(ByteBuffer pixels, int count) {
        Tensor tensor = new Tensor(pixels, ElementType.UINT8, count, spec.size(), spec.size(), 3);
        float[] embeddings = model.run(Map.of(spec.input(), tensor), spec.output());
        Embeddings.requireUnitLength(embeddings, count, dimension, spec.model());
        return embeddings;
    }

    private static ByteBuffer direct(ByteBuffer buffer) {
        return buffer.isDirect()
                ? buffer
                : ByteBuffer.allocateDirect(buffer.remaining()).put(buffer).flip();
    }

    @Override
    public void close() {
        model.close();
    }
}
