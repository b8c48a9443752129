/**
 * How a score stands among those of random pictures: the sample of an index that queries are compared with, and what is read off
 * it. Immutable and thread-safe.
 */
package org.imagesearch.core.calibration;
