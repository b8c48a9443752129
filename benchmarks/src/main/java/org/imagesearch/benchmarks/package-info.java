/**
 * Measurements, side by side with the software they are compared to: {@code bin/bench}.
 *
 * <p>{@link org.imagesearch.benchmarks.Benchmarks} lists them, one class each. The other side is a Python process that takes its
 * turns between ours, or a program of {@code bin/}. Nothing here is thread-safe unless it says so; a {@code WorkFolder} owns
 * every file that is written. On no program's class path.
 */
package org.imagesearch.benchmarks;
