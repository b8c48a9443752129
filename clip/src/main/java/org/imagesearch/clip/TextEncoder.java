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

/**
 * Turns words into embeddings. Thread-safe; the opener closes it, which waits for calls under way.
 *
 * <p>On a GPU, texts and tokens are filled up to a power of two: every new shape takes memory that is not given back, so there should
 * be few, and the largest comes first.
 */
public final class TextEncoder implements AutoCloseable {
    /** Scores of attention take the square of the length, for every text of a run. */
    private static final int MAX_TEXTS = 64;

    private static final int LEAST_LENGTH = 16;

    private final TextSpec spec;
    private final int dimension;
    private final int maxBatch;
    private final boolean fewShapes;
    private final Tokenizer tokenizer;
    private final OnnxModel model;
    private final String inputIds;
    private final ElementType idType;
    private final String output;
    private final Optional<MeanPooling> pooling;

    private TextEncoder(ModelBundle bundle, int maxBatch, boolean fewShapes, Tokenizer tokenizer, OnnxModel model) {
        this.spec = bundle.text();
        this.dimension = bundle.dimension();
        this.maxBatch = Math.min(maxBatch, MAX_TEXTS);
        this.fewShapes = fewShapes;
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
        return open(bundle, settings, false);
    }

    /** @param fewShapes whether runs are filled up on the CPU, too */
    static TextEncoder open(ModelBundle bundle, EncoderSettings settings, boolean fewShapes) {
        TextSpec spec = bundle.text();
        Tokenizer tokenizer = Tokenizer.open(spec.tokenizer(), spec.maxLength(), spec.padding());
        try {
            return OnnxModel.open(spec.model(), settings.placement(), model -> {
                boolean few = fewShapes || model.onGpu();
                TextEncoder encoder = new TextEncoder(bundle, settings.maxBatch(), few, tokenizer, model);
                if (few) {
                    encoder.warmUp();
                }
                return encoder;
            });
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /** The largest run of all takes the memory for every other; if that fails, it should fail now. */
    private void warmUp() {
        long[][] ones = new long[maxBatch][spec.maxLength()];
        for (long[] row : ones) {
            Arrays.fill(row, 1);
        }
        var unused = run(ones, ones);
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
        long[][] masks = filledUp(encodings, Encoding::getAttentionMask);
        float[] some = run(filledUp(encodings, Encoding::getIds), masks);
        Embeddings.requireRows(some, masks.length, dimension, spec.model());
        float[] kept = masks.length == texts.size() ? some : Arrays.copyOf(some, texts.size() * dimension);
        Embeddings.makeUnitLength(kept, dimension, spec.normalised(), spec.model());
        return kept;
    }

    private float[] run(long[][] ids, long[][] masks) {
        Map<String, Tensor> inputs = new HashMap<>();
        inputs.put(inputIds, tensor(ids));
        spec.attentionMask().ifPresent(mask -> inputs.put(mask, tensor(masks)));
        return pooling.isEmpty()
                ? model.run(inputs, output, ids.length, dimension)
                : pooling.get().apply(model.run(inputs, output), masks);
    }

    /** Further rows repeat the last one, for one without a token might be divided by its length; further columns are 0, as padding is. */
    private long[][] filledUp(Encoding[] encodings, Function<Encoding, long[]> row) {
        int length = row.apply(encodings[0]).length;
        int rows = encodings.length;
        if (fewShapes) {
            rows = Math.min(maxBatch, powerOfTwo(rows));
            // Without a mask, a model would take more padding for more text.
            length = spec.attentionMask().isEmpty()
                    ? length
                    : Math.min(spec.maxLength(), powerOfTwo(Math.max(length, LEAST_LENGTH)));
        }
        long[][] values = new long[rows][];
        for (int i = 0; i < rows; i++) {
            values[i] = Arrays.copyOf(row.apply(encodings[Math.min(i, encodings.length - 1)]), length);
        }
        return values;
    }

    /** The least that is not below a number. */
    private static int powerOfTwo(int number) {
        return number == 1 ? 1 : Integer.highestOneBit(number - 1) << 1;
    }

    private Tensor tensor(long[][] rows) {
        int length = rows[0].length;
        ByteBuffer values =
                ByteBuffer.allocateDirect(rows.length * length * idType.bytes()).order(ByteOrder.nativeOrder());
        for (long[] row : rows) {
            for (long value : row) {
                if (idType == ElementType.INT32) {
                    values.putInt((int) value);
                } else {
                    values.putLong(value);
                }
            }
        }
        return new Tensor(values.flip(), idType, rows.length, length);
    }

    @Override
    public void close() {
        tokenizer.close();
        model.close();
    }
}
