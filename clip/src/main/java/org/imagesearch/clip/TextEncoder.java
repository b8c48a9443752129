package org.imagesearch.clip;

import ai.djl.huggingface.tokenizers.Encoding;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.imagesearch.clip.onnx.OnnxModel;
import org.imagesearch.clip.onnx.OnnxModel.ElementType;
import org.imagesearch.clip.onnx.OnnxModel.Tensor;
import org.imagesearch.core.ImageSearchException;

/** Turns words into embeddings. Thread-safe; the opener closes it, which waits for calls under way. */
public final class TextEncoder implements AutoCloseable {
    private final TextSpec spec;
    private final int dimension;
    private final int maxBatch;
    private final Tokenizer tokenizer;
    private final OnnxModel model;

    private TextEncoder(TextSpec spec, int dimension, int maxBatch, Tokenizer tokenizer, OnnxModel model) {
        this.spec = spec;
        this.dimension = dimension;
        this.maxBatch = maxBatch;
        this.tokenizer = tokenizer;
        this.model = model;
    }

    /** @throws ImageSearchException (data) if model or tokenizer do not fit the bundle; (resource) if the device cannot be used */
    public static TextEncoder open(ModelBundle bundle, EncoderSettings settings) {
        TextSpec spec = bundle.text();
        Tokenizer tokenizer = Tokenizer.open(spec.tokenizer(), spec.maxLength());
        OnnxModel model = null;
        try {
            model = OnnxModel.open(spec.model(), settings.placement());
            model.requireInput(spec.inputIds(), ElementType.INT64, -1, -1);
            model.requireInput(spec.attentionMask(), ElementType.INT64, -1, -1);
            model.requireNoInputBut(Set.of(spec.inputIds(), spec.attentionMask()));
            model.requireOutput(spec.output(), ElementType.FLOAT, -1, bundle.dimension());
        } catch (RuntimeException e) {
            tokenizer.close();
            if (model != null) {
                model.close();
            }
            throw e;
        }
        return new TextEncoder(spec, bundle.dimension(), settings.maxBatch(), tokenizer, model);
    }

    /** Floats per embedding. */
    public int dimension() {
        return dimension;
    }

    /**
     * Encodes texts; a text longer than the model reads is cut off.
     *
     * @return float[n * dimension], each of unit length
     * @throws ImageSearchException (data) if the model gives something else than unit vectors
     */
    public float[] encode(List<String> texts) {
        float[] all = new float[texts.size() * dimension];
        for (int from = 0; from < texts.size(); from += maxBatch) {
            List<String> batch = texts.subList(from, Math.min(from + maxBatch, texts.size()));
            float[] some = encodeOnce(batch);
            System.arraycopy(some, 0, all, from * dimension, some.length);
        }
        return all;
    }

    private float[] encodeOnce(List<String> texts) {
        Encoding[] encodings = tokenizer.encode(texts);
        int length = encodings[0].getIds().length;
        ByteBuffer ids = longs(encodings.length * length);
        ByteBuffer mask = longs(encodings.length * length);
        for (Encoding encoding : encodings) {
            for (int i = 0; i < length; i++) {
                ids.putLong(encoding.getIds()[i]);
                mask.putLong(encoding.getAttentionMask()[i]);
            }
        }
        float[] embeddings = model.run(
                Map.of(
                        spec.inputIds(), new Tensor(ids.flip(), ElementType.INT64, encodings.length, length),
                        spec.attentionMask(), new Tensor(mask.flip(), ElementType.INT64, encodings.length, length)),
                spec.output());
        Embeddings.requireUnitLength(embeddings, texts.size(), dimension, spec.model());
        return embeddings;
    }

    private static ByteBuffer longs(int count) {
        return ByteBuffer.allocateDirect(count * Long.BYTES).order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
        tokenizer.close();
        model.close();
    }
}
