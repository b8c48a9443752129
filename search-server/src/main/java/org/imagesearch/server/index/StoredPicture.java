package org.imagesearch.server.index;

import java.util.Optional;
import org.imagesearch.core.rows.ImageRow;

/**
 * What an index keeps of a picture.
 *
 * @param vector its embedding, float[dimension], where it was asked for
 */
public record StoredPicture(ImageRow row, Optional<float[]> vector) {}
