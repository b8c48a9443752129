package org.imagesearch.server.index;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.faiss.IdFilter;
import org.imagesearch.faiss.IvfIndex;

/**
 * An open generation without the pictures that are taken down, as one query sees it from its begin to its end. It is born
 * retained once; {@link #release} of the last reference closes it. When other pictures are taken down, another one over the
 * same files takes its place. Thread-safe.
 */
public final class Generation {
    private final IndexManifest manifest;
    private final OpenFiles files;
    private final HiddenPictures hidden;
    private int references = 1;
    private volatile boolean replaced;

    private Generation(IndexManifest manifest, OpenFiles files, HiddenPictures hidden) {
        this.manifest = manifest;
        this.files = files;
        this.hidden = hidden;
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
            // What is made for searching among them, the first query would wait for.
            centroids.assign(values, 1, 1, new long[1], new float[1]);
            List<Shard> shards = new ArrayList<>();
            boolean screen = settings.screen().wanted(wanted, AvailableMemory.bytes());
            for (ShardEntry entry : wanted) {
                Shard shard = Shard.open(path, manifest, entry, values, settings.map(), screen);
                opened.add(shard);
                shards.add(shard);
            }
            return new Generation(manifest, new OpenFiles(centroids, shards), HiddenPictures.none(shards));
        } catch (RuntimeException e) {
            opened.forEach(OpenFiles::closePart);
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

    /**
     * The same generation with other pictures taken down; what is known of this one is not looked up again.
     *
     * @param down ids, ascending and distinct, whether the generation has them or not; stays as it is
     * @return retained once, whatever becomes of this one
     */
    Generation hiding(long[] down) {
        files.retain();
        try {
            return new Generation(manifest, files, hidden.next(files.shards(), down));
        } catch (RuntimeException e) {
            files.release();
            throw e;
        }
    }

    public IndexManifest manifest() {
        return manifest;
    }

    /** The trained, empty index that queries are assigned with. */
    public IvfIndex centroids() {
        return files.centroids();
    }

    /** The shards served, by number. Their vectors and rows are whole: what is taken down is left out by {@link #filter}. */
    public List<Shard> shards() {
        return files.shards();
    }

    /** What a scan of a shard lets through, null for everything. Valid while this generation is retained. */
    public IdFilter filter(Shard shard) {
        return hidden.filter(shard.number());
    }

    /** Bytes of memory that the screens of the shards take, 0 without. */
    public long screenBytes() {
        return files.shards().stream().mapToLong(Shard::screenBytes).sum();
    }

    /** Whether a picture is taken down, in the index or not. */
    public boolean isDown(long id) {
        return hidden.isDown(id);
    }

    /** Pictures in the shards served, without those that are taken down. */
    public long pictures() {
        return files.vectors() - hidden.present();
    }

    /** Pictures in the shards served that are taken down. */
    public long hiddenPictures() {
        return hidden.present();
    }

    /** The row of a picture, in whichever shard holds it; empty if it is taken down. */
    public Optional<ImageRow> row(long id) {
        return isDown(id) ? Optional.empty() : firstOf(shard -> shard.row(id));
    }

    /** The embedding of a picture, float[dimension], in whichever shard holds it; empty if it is taken down. */
    public Optional<float[]> vector(long id) {
        return isDown(id) ? Optional.empty() : storedVector(id);
    }

    /** As {@link #vector}, but also of a picture that is taken down: for finding what is like it. */
    public Optional<float[]> storedVector(long id) {
        return firstOf(shard -> shard.vector(id));
    }

    /** Whether a shard served holds a picture, taken down or not. */
    public boolean holds(long id) {
        return files.shards().stream().anyMatch(shard -> shard.holds(id));
    }

    private <T> Optional<T> firstOf(Function<Shard, Optional<T>> find) {
        return files.shards().stream()
                .flatMap(shard -> find.apply(shard).stream())
                .findFirst();
    }

    /** Whether queries that begin now see another generation, or this one with other pictures taken down. */
    public boolean isReplaced() {
        return replaced;
    }

    /** Gives back the reference of whoever served it. */
    void retire() {
        replaced = true;
        release();
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
        hidden.close();
        files.release();
    }
}
