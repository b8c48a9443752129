package org.imagesearch.clip;

import ai.djl.huggingface.tokenizers.Encoding;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.imagesearch.clip.TextSpec.Padding;
import org.imagesearch.clip.TextSpec.Pooling;
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
    private final String inputIds;
    private final ElementType idType;
    private final String output;
    private final Optional<MeanPooling> pooling;

    private TextEncoder(ModelBundle bundle, int maxBatch, Tokenizer tokenizer, OnnxModel model) {
        this.spec = bundle.text();
        this.dimension = bundle.dimension();
        this.maxBatch = maxBatch;
        this.tokenizer = tokenizer;
        this.model = model;
        this.inputIds = model.input(spec.inputIds());
        long length = spec.padding() == Padding.MAX_LENGTH ? spec.maxLength() : -1;
        this.idType = model.hasInput(inputIds, ElementType.INT32, -1, length) ? ElementType.INT32 : ElementType.INT64;
        Set<String> inputs = new HashSet<>(Set.of(inputIds));
        spec.attentionMask().ifPresent(inputs::add);
        inputs.forEach(input -> model.requireInput(input, idType, -1, length));
        model.requireNoInputBut(inputs);
        if (spec.pooling() == Pooling.MEAN) {
            this.output = model.output(spec.output(), -1, -1, -1);
            int width = model.widthOfOutput(output);
            this.pooling = Optional.of(new MeanPooling(spec.model(), width, dimension, spec.dense()));
        } else {
            this.output = model.output(spec.output(), -1, dimension);
            this.pooling = Optional.empty();
        }
    }

    /** @throws ImageSearchException (data) if model or tokenizer do not fit the bundle; (resource) if the device cannot be used */
    public static TextEncoder open(ModelBundle bundle, EncoderSettings settings) {
        TextSpec spec = bundle.text();
        Tokenizer tokenizer = Tokenizer.open(spec.tokenizer(), spec.maxLength(), spec.padding());
        OnnxModel model = null;
        try {
            model = OnnxModel.open(spec.model(), settings.placement());
            return new TextEncoder(bundle, settings.maxBatch(), tokenizer, model);
        } catch (RuntimeException e) {
            tokenizer.close();
            if (model != null) {
                model.close();
            }
            throw e;
        }
    }

    /** Floats per embedding. */
    public int dimension() {
        return dimension;
    }

    /** The ids that the model is given for a text, markers included, without padding. */
    List<Long> tokens(String text) {
        Encoding encoding = tokenizer.encode(List.of(text))[0];
        return Arrays.stream(encoding.getIds())
                .limit(Arrays.stream(encoding.getAttentionMask()).sum())
                .boxed()
                .toList();
    }

    /**
     * Encodes texts; a text longer than the model reads is cut off.
     *
     * @return float[n * dimension], each of unit length
     * @throws ImageSearchException (data) if the model gives something that has no direction, or no unit vectors where it should
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
        Map<String, Tensor> inputs = new HashMap<>();
        inputs.put(inputIds, tensor(encodings, Encoding::getIds));
        spec.attentionMask().ifPresent(mask -> inputs.put(mask, tensor(encodings, Encoding::getAttentionMask)));
        float[] embeddings = pooling.isEmpty()
                ? model.run(inputs, output, encodings.length, dimension)
                : pooling.get().apply(model.run(inputs, output), masks(encodings));
        Embeddings.makeUnitLength(embeddings, texts.size(), dimension, spec.normalised(), spec.model());
        return embeddings;
    }

    private static long[][] masks(Encoding[] encodings) {
        return Arrays.stream(encodings).map(Encoding::getAttentionMask).toArray(long[][]::new);
    }

    private Tensor tensor(Encoding[] encodings, Function<Encoding, long[]> row) {
        int length = encodings[0].getIds().length;
        ByteBuffer values = ByteBuffer.allocateDirect(encodings.length * length * idType.bytes())
                .order(ByteOrder.nativeOrder());
        for (Encoding encoding : encodings) {
            for (long value : row.apply(encoding)) {
                if (idType == ElementType.INT32) {
                    values.putInt((int) value);
                } else {
                    values.putLong(value);
                }
            }
        }
        return new Tensor(values.flip(), idType, encodings.length, length);
    }

    @Override
    public void close() {
        tokenizer.close();
        model.close();
    }
}
