package org.imagesearch.clip;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a bundle says of its text model.
 *
 * @param model the ONNX file
 * @param inputIds name of the input of token ids: int64 or int32 [batch, length]; absent where it is the only input
 * @param attentionMask name of the input of the mask, of the ids' type: [batch, length], 1 for a token, 0 for padding; absent where
 *     the model takes none
 * @param output name of the output; absent where it is the only one of the shape that {@code pooling} asks for
 * @param tokenizer the {@code tokenizer.json}
 * @param maxLength most tokens of a text, markers included; the rest is cut off
 * @param padding how far texts are padded
 * @param pooling what the output is
 * @param dense weights that follow our pooling: safetensors with {@code linear.weight} [dimension, width]; absent for none
 * @param normalised whether the model gives unit vectors; else we scale them
 */
public record TextSpec(
        Path model,
        Optional<String> inputIds,
        Optional<String> attentionMask,
        Optional<String> output,
        Path tokenizer,
        int maxLength,
        Padding padding,
        Pooling pooling,
        Optional<Path> dense,
        boolean normalised) {

    /** How far the texts of a batch are padded. */
    public enum Padding {
        /** To the longest text of the batch. */
        LONGEST,
        /** To {@code maxLength}, for graphs of fixed length. */
        MAX_LENGTH
    }

    /** What a text model gives. */
    public enum Pooling {
        /** Embeddings: float [batch, dimension]. */
        IN_GRAPH,
        /** Token embeddings, float [batch, length, width], of which we take the mean over the mask. */
        MEAN
    }
}
