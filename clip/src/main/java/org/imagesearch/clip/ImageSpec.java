package org.imagesearch.clip;

import java.nio.file.Path;

/**
 * What a bundle says of its image model.
 *
 * @param model the ONNX file
 * @param input name of the input: uint8 [batch, size, size, 3], RGB
 * @param output name of the output: float [batch, dimension], unit length
 * @param size side of the square that the model sees, pixels
 */
public record ImageSpec(Path model, String input, String output, int size) {}
