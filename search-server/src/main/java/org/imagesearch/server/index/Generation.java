package org.imagesearch.server.index;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.faiss.IvfIndex;

/**
 * An open generation. It is born retained once; {@link #release} of the last reference closes it. Thread-safe.
 */
public final class Generation {
    private final IndexManifest manifest;
    private final IvfIndex centroids;
    private final List<Shard> shards;
    private final long pictures;
    private int references = 1;

    private Generation(IndexManifest manifest, IvfIndex centroids, List<Shard> shards) {
        this.manifest = manifest;
        this.centroids = centroids;
        this.shards = List.copyOf(shards);
        this.pictures =
                shards.stream().mapToLong(shard -> shard.vectors().size()).sum();
    }

    /**
     * Verifies and opens a generation.
     *
     * @param model the model that queries will be encoded with
     * @param modelName where that model is, for the message
     * @throws ImageSearchException (data) naming the file or both fingerprints, if something is damaged or does not fit;
     *     (input) if a shard is asked for that does not exist
     */
    public static Generation open(
            IndexDirectory index, String name, Fingerprint model, String modelName, IndexSettings settings) {
        Path path = index.generationPath(name);
        IndexManifest manifest = index.readManifest(name);
        manifest.model().requireSame("the index " + path, model, "the model " + modelName);
        List<ShardEntry> wanted = ShardSelection.parse(
                        settings.shards(), manifest.shards().size())
                .stream()
                .map(manifest.shards()::get)
                .toList();
        if (wanted.isEmpty()) {
            throw ImageSearchException.data("%s has no shards", path);
        }
        verify(index, name, settings.verify(), filesOf(manifest, wanted));
        List<AutoCloseable> opened = new ArrayList<>();
        try {
            IvfIndex centroids = IvfIndex.read(path.resolve(manifest.centroids().name()));
            opened.add(centroids);
            float[] values = centroids.centroids();
            List<Shard> shards = new ArrayList<>();
            for (ShardEntry entry : wanted) {
                Shard shard = Shard.open(path, manifest, entry, values, settings.map());
                opened.add(shard);
                shards.add(shard);
            }
            return new Generation(manifest, centroids, shards);
        } catch (RuntimeException e) {
            opened.forEach(Generation::closePart);
            throw e;
        }
    }

    private static void verify(IndexDirectory index, String name, Verification verification, Stream<FileEntry> files) {
        switch (verification) {
            case QUICK -> files.parallel().forEach(file -> index.verifyQuickly(name, file));
            case WHOLE -> files.parallel().forEach(file -> index.verify(name, file));
            case NONE -> {}
        }
    }

    private static Stream<FileEntry> filesOf(IndexManifest manifest, List<ShardEntry> shards) {
        return Stream.concat(Stream.of(manifest.centroids()), shards.stream().flatMap(ShardEntry::files));
    }

    public IndexManifest manifest() {
        return manifest;
    }

    /** The trained, empty index that queries are assigned with. */
    public IvfIndex centroids() {
        return centroids;
    }

    /** The shards served, by number. */
    public List<Shard> shards() {
        return shards;
    }

    /** Pictures in the shards served. */
    public long pictures() {
        return pictures;
    }

    /** The row of a picture, in whichever shard holds it. */
    public Optional<ImageRow> row(long id) {
        return shards.stream().flatMap(shard -> shard.row(id).stream()).findFirst();
    }

    /** The embedding of a picture, float[dimension], in whichever shard holds it. */
    public Optional<float[]> vector(long id) {
        return shards.stream().flatMap(shard -> shard.vector(id).stream()).findFirst();
    }

    /** Takes a reference, if the generation is still open. */
    public synchronized boolean retain() {
        if (references == 0) {
            return false;
        }
        references++;
        return true;
    }

    /** Gives a reference back; the last one closes the generation. */
    public void release() {
        synchronized (this) {
            if (references == 0) {
                throw new IllegalStateException(manifest.generation() + " was released too often");
            }
            references--;
            if (references > 0) {
                return;
            }
        }
        shards.forEach(Generation::closePart);
        closePart(centroids);
    }

    private static void closePart(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot close a part of the index: " + e, e);
        }
    }
}
