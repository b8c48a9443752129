package org.imagesearch.clip;

/**
 * A picture as the model sees it.
 *
 * @param size of the picture before it became a square
 * @param square uint8 [side, side, 3], row-major, RGB; shared, not copied
 */
public record PreparedPicture(PictureSize size, byte[] square) {}
