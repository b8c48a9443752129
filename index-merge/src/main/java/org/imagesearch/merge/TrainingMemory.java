package org.imagesearch.merge;

import org.imagesearch.core.ImageSearchException;

/**
 * What training takes of the driver's heap: the vectors, which lie there as one array, and beside them 512 MiB for Spark and for what
 * its tasks send, or three times the vectors where they are few.
 */
final class TrainingMemory {
    private static final long BESIDE_BYTES = 512L << 20;

    private TrainingMemory() {}

    /** @throws ImageSearchException (resource) that says what heap is needed, if so many bytes of vectors do not fit into one */
    static void requireFits(long vectorBytes, long heapBytes) {
        long needed = Math.min(4 * vectorBytes, vectorBytes + BESIDE_BYTES);
        if (needed > heapBytes) {
            throw ImageSearchException.resource(
                    "%,d MiB of vectors to train on need a heap of %,d MiB, it has %,d: give the driver more memory"
                            + " (IMAGESEARCH_DRIVER_MEMORY), or train on less (training.memory)",
                    vectorBytes >> 20, (needed >> 20) + 1, heapBytes >> 20);
        }
    }
}
