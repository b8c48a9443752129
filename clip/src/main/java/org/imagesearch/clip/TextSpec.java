package org.imagesearch.clip;

import java.nio.file.Path;

/**
 * What a bundle says of its text model.
 *
 * @param model the ONNX file
 * @param inputIds name of the input of token ids: int64 [batch, length]
 * @param attentionMask name of the input of the mask: int64 [batch, length], 1 for a token, 0 for padding
 * @param output name of the output: float [batch, dimension], unit length
 * @param tokenizer the {@code tokenizer.json}
 * @param maxLength most tokens of a text, markers included; the rest is cut off
 */
public record TextSpec(
        Path model, String inputIds, String attentionMask, String output, Path tokenizer, int maxLength) {}
