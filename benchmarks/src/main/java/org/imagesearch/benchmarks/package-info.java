/** Measurements, side by side with the software they are compared to. */
package org.imagesearch.benchmarks;
