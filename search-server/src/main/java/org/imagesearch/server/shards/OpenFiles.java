package org.imagesearch.server.shards;

import java.util.List;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.IvfIndex;

/** The open files of a generation, shared by all who see it with other pictures taken down; the last one closes them. */
final class OpenFiles {
    private final IvfIndex centroids;
    private final List<Shard> shards;
    private final long vectors;
    private int references = 1;

    OpenFiles(IvfIndex centroids, List<Shard> shards) {
        this.centroids = centroids;
        this.shards = List.copyOf(shards);
        this.vectors =
                shards.stream().mapToLong(shard -> shard.vectors().size()).sum();
    }

    IvfIndex centroids() {
        return centroids;
    }

    /** By number. */
    List<Shard> shards() {
        return shards;
    }

    /** In all shards. */
    long vectors() {
        return vectors;
    }

    synchronized void retain() {
        if (references == 0) {
            throw new IllegalStateException("the files of the generation are closed");
        }
        references++;
    }

    void release() {
        synchronized (this) {
            references--;
            if (references > 0) {
                return;
            }
        }
        shards.forEach(OpenFiles::closePart);
        closePart(centroids);
    }

    static void closePart(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot close a part of the index: " + e, e);
        }
    }
}
