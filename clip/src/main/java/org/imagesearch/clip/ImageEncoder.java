package org.imagesearch.clip;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.imagesearch.clip.ImageSpec.PixelLayout;
import org.imagesearch.clip.onnx.DirectBuffers;
import org.imagesearch.clip.onnx.OnnxModel;
import org.imagesearch.clip.onnx.OnnxModel.ElementType;
import org.imagesearch.clip.onnx.OnnxModel.Tensor;
import org.imagesearch.core.ImageSearchException;

/**
 * Turns preprocessed pixels into embeddings. Thread-safe; the opener closes it, which waits for calls under way.
 *
 * <p>On a GPU every run has {@code maxBatch} pictures, the last ones of no meaning if need be: memory and kernels are chosen for a
 * shape, and another one would cost more than the pictures that are thrown away.
 */
public final class ImageEncoder implements AutoCloseable {
    private static final int CHANNELS = 3;

    private final ImageSpec spec;
    private final int dimension;
    private final int maxBatch;
    private final boolean fixedBatch;
    private final OnnxModel model;
    private final String input;
    private final String output;
    private final PixelNormalizer normalizer;
    private final DirectBuffers buffers = new DirectBuffers();

    private ImageEncoder(ModelBundle bundle, int maxBatch, boolean fixedBatch, OnnxModel model) {
        this.spec = bundle.image();
        this.dimension = bundle.dimension();
        this.maxBatch = maxBatch;
        this.fixedBatch = fixedBatch;
        this.model = model;
        this.input = model.input(spec.input());
        switch (spec.pixels()) {
            case UINT8_NHWC -> model.requireInput(input, ElementType.UINT8, -1, spec.size(), spec.size(), CHANNELS);
            case FLOAT32_NCHW -> model.requireInput(input, ElementType.FLOAT, -1, CHANNELS, spec.size(), spec.size());
        }
        model.requireNoInputBut(Set.of(input));
        this.output = model.output(spec.output(), -1, dimension);
        this.normalizer = spec.pixels() == PixelLayout.FLOAT32_NCHW
                ? new PixelNormalizer(spec.size(), spec.mean(), spec.std())
                : null;
    }

    /** @throws ImageSearchException (data) if the model does not fit its bundle; (resource) if the device cannot be used */
    public static ImageEncoder open(ModelBundle bundle, EncoderSettings settings) {
        return open(bundle, settings, false);
    }

    /** @param fixedBatch whether every run has the same number of pictures on the CPU, too */
    static ImageEncoder open(ModelBundle bundle, EncoderSettings settings, boolean fixedBatch) {
        return OnnxModel.open(bundle.image().model(), settings.placement(), model -> {
            boolean fixed = fixedBatch || model.onGpu();
            ImageEncoder encoder = new ImageEncoder(bundle, settings.maxBatch(), fixed, model);
            if (fixed) {
                encoder.warmUp();
            }
            return encoder;
        });
    }

    /** The first run of a shape chooses its kernels and takes its memory; if that fails, it should fail now. */
    private void warmUp() {
        run(ByteBuffer.allocateDirect(maxBatch * pixelBytes()), maxBatch);
    }

    /** Side of the square that the model sees, pixels. */
    public int imageSize() {
        return spec.size();
    }

    /** Bytes of one preprocessed picture. */
    public int pixelBytes() {
        return CHANNELS * spec.size() * spec.size();
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
     * @throws ImageSearchException (data) if the model gives something that has no direction, or no unit vectors where it should
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
            float[] some = run(whole.slice(from * pixelBytes(), count * pixelBytes()), count);
            Embeddings.requireRows(some, rowsOfRun(count), dimension, spec.model());
            // What the last run was filled up with has no meaning.
            float[] kept = some.length == count * dimension ? some : Arrays.copyOf(some, count * dimension);
            Embeddings.makeUnitLength(kept, dimension, spec.normalised(), spec.model());
            System.arraycopy(kept, 0, all, from * dimension, kept.length);
        }
        return all;
    }

    private int rowsOfRun(int count) {
        return fixedBatch ? maxBatch : count;
    }

    /** Embeddings as the model gives them, for as many pictures as the run has. */
    private float[] run(ByteBuffer pixels, int count) {
        int rows = rowsOfRun(count);
        if (normalizer != null) {
            ByteBuffer floats = buffers.take((long) rows * pixelBytes() * Float.BYTES);
            try {
                normalizer.apply(pixels, count, floats.asFloatBuffer());
                return run(new Tensor(floats, ElementType.FLOAT, rows, CHANNELS, spec.size(), spec.size()), rows);
            } finally {
                buffers.give(floats);
            }
        }
        if (pixels.isDirect() && rows == count) {
            return run(bytes(pixels, rows), rows);
        }
        ByteBuffer copy = buffers.take((long) rows * pixelBytes());
        try {
            copy.put(0, pixels, 0, count * pixelBytes());
            return run(bytes(copy, rows), rows);
        } finally {
            buffers.give(copy);
        }
    }

    private Tensor bytes(ByteBuffer pixels, int rows) {
        return new Tensor(pixels, ElementType.UINT8, rows, spec.size(), spec.size(), CHANNELS);
    }

    private float[] run(Tensor tensor, int rows) {
        return model.run(Map.of(input, tensor), output, rows, dimension);
    }

    @Override
    public void close() {
        model.close();
    }
}
