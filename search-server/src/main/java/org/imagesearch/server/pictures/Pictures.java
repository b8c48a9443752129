package org.imagesearch.server.pictures;

/**
 * Where pictures come from.
 *
 * @param originals those of the index
 * @param thumbnails the same, small
 * @param linked those that clients name by an address
 */
public record Pictures(OriginalPictures originals, Thumbnails thumbnails, LinkedPictures linked) {}
