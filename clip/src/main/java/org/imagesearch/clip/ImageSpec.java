package org.imagesearch.clip;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a bundle says of its image model.
 *
 * @param model the ONNX file
 * @param input name of the input; absent where it is the only one
 * @param output name of the output, float [batch, dimension]; absent where it is the only one of that shape
 * @param size side of the square that the model sees, pixels
 * @param resize how a picture becomes that square
 * @param pixels how the model wants the square's pixels
 * @param mean per channel, RGB, of pixels scaled to 0..1; empty where the model takes bytes and knows it itself
 * @param std as mean
 * @param normalised whether the model gives unit vectors; else we scale them
 */
public record ImageSpec(
        Path model,
        Optional<String> input,
        Optional<String> output,
        int size,
        Resize resize,
        PixelLayout pixels,
        List<Float> mean,
        List<Float> std,
        boolean normalised) {

    /** How a picture becomes a square; both by {@link Resampler}. */
    public enum Resize {
        /** The shortest edge to {@code size}, then the middle square. */
        SHORTEST_EDGE_BICUBIC,
        /** The whole picture to {@code size} x {@code size}, whatever its aspect. */
        SQUARE_BICUBIC
    }

    /** The input tensor of a batch of squares. */
    public enum PixelLayout {
        /** uint8 [batch, size, size, 3], RGB; normalised in the graph. */
        UINT8_NHWC,
        /** float [batch, 3, size, size], RGB, normalised by us with {@code mean} and {@code std}. */
        FLOAT32_NCHW
    }

    /** A model that takes bytes and gives unit vectors. */
    public ImageSpec(Path model, String input, String output, int size) {
        this(
                model,
                Optional.of(input),
                Optional.of(output),
                size,
                Resize.SHORTEST_EDGE_BICUBIC,
                PixelLayout.UINT8_NHWC,
                List.of(),
                List.of(),
                true);
    }
}
