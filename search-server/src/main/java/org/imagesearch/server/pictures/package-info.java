/** Pictures behind ids: decoding what visitors send, finding originals, drawing thumbnails; all within bounds of memory. */
package org.imagesearch.server.pictures;
