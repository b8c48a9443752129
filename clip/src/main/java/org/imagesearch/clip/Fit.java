package org.imagesearch.clip;

/**
 * How a picture is resized, and which rectangle of the result is kept.
 *
 * @param width pixels of the whole result
 * @param height pixels of the whole result
 * @param left first column kept
 * @param top first row kept
 * @param cropWidth columns kept
 * @param cropHeight rows kept
 */
record Fit(int width, int height, int left, int top, int cropWidth, int cropHeight) {
    /** All of the result is kept. */
    static Fit whole(int width, int height) {
        return new Fit(width, height, 0, 0, width, height);
    }

    /**
     * The middle square of a picture whose shorter edge becomes {@code size} and whose longer one
     * {@code (int) (size * long / short)}, its corner rounded down.
     *
     * @param width pixels of the picture
     * @param height pixels of the picture
     */
    static Fit middleSquare(int width, int height, int size) {
        int longer = (int) ((long) size * Math.max(width, height) / Math.min(width, height));
        int newWidth = width > height ? longer : size;
        int newHeight = width > height ? size : longer;
        return new Fit(newWidth, newHeight, (newWidth - size) / 2, (newHeight - size) / 2, size, size);
    }

    /** uint8 [cropHeight, cropWidth, 3]. */
    int bytes() {
        return Math.multiplyExact(Math.multiplyExact(cropWidth, cropHeight), 3);
    }
}
