package org.imagesearch.server.nodes;

import org.imagesearch.faiss.IvfIndex;

/** The centroids of a generation, for as many views of it as there are; the last one closes them. Born with one. Thread-safe. */
final class SharedCentroids {
    private final IvfIndex centroids;
    private int references = 1;

    SharedCentroids(IvfIndex centroids) {
        this.centroids = centroids;
    }

    IvfIndex get() {
        return centroids;
    }

    synchronized SharedCentroids retain() {
        if (references == 0) {
            throw new IllegalStateException("the centroids are closed");
        }
        references++;
        return this;
    }

    synchronized void release() {
        references--;
        if (references == 0) {
            centroids.close();
        }
    }
}
