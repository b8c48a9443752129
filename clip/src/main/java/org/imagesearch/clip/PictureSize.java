package org.imagesearch.clip;

/**
 * How large a picture is, as a viewer shows it: turned, where the decoder turns.
 *
 * @param width pixels
 * @param height pixels
 */
public record PictureSize(int width, int height) {}
