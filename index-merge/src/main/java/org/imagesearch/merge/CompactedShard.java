package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.core.rows.RowStoreWriter;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.RefinementFile;

/**
 * One shard made of published ones, without those pictures that are taken down. The vectors' codes are copied list by list,
 * the rows by growing id, so that memory does not grow with the shards. Runs in a task; used once.
 */
final class CompactedShard {
    private final IndexDirectory index;
    private final IndexManifest published;
    private final List<ShardEntry> sources;
    private final long[] down;

    /**
     * @param published the generation that the sources belong to
     * @param down ids to leave out, ascending
     */
    CompactedShard(IndexDirectory index, IndexManifest published, List<ShardEntry> sources, long[] down) {
        this.index = index;
        this.published = published;
        this.sources = sources;
        this.down = down;
    }

    /**
     * Writes the shard's files and reads them back.
     *
     * @param folder an empty folder
     * @param number the number of the new shard
     * @param centroids {@code float[nlist * dimension]} that all shards have
     * @throws ImageSearchException (data) naming the file, if a source is damaged or what was written is not what was meant;
     *     (resource) naming the file that cannot be written
     */
    ShardEntry write(Path folder, int number, float[] centroids) {
        sources.forEach(this::requireWhole);
        Path vectors = folder.resolve(IndexLayout.shardIndex(number));
        Optional<String> refinement = sources.get(0).refinement().map(file -> IndexLayout.shardRefinement(number));
        long count;
        try {
            count = writeVectors(vectors, refinement.map(folder::resolve));
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.RESOURCE, "cannot write " + vectors + ": " + e.getMessage(), e);
        }
        String rows = IndexLayout.shardRows(number);
        List<FileEntry> rowEntries = writeRows(folder.resolve(rows)).stream()
                .map(name -> FileEntry.of(folder, rows + "/" + name))
                .toList();
        ShardEntry written = new ShardEntry(
                number,
                count,
                FileEntry.of(folder, vectors.getFileName().toString()),
                rowEntries,
                refinement.map(name -> FileEntry.of(folder, name)));
        ShardInspection.inspect(
                new IndexDirectory(folder.getParent()),
                folder.getFileName().toString(),
                written,
                false,
                ShardInspection.Task.withoutQueries(published.nlist(), published.dimension(), centroids));
        return written;
    }

    private void requireWhole(ShardEntry source) {
        source.files().forEach(file -> index.verify(published.generation(), file));
        // Opening it checks every length, once and for all who read it after.
        IvfIndex.ofShard(index.generationPath(published.generation()), source, true)
                .close();
    }

    private long writeVectors(Path target, Optional<Path> refinement) throws IOException {
        IvfHead head = IvfHead.of(file(published.centroids()));
        List<IvfListReader> readers = new ArrayList<>();
        try (RefinementWriter finer = refinement.isEmpty() ? null : new RefinementWriter(refinement.get(), layout());
                IvfListWriter writer = new IvfListWriter(target, head, Optional.ofNullable(finer))) {
            for (ShardEntry source : sources) {
                readers.add(new IvfListReader(
                        file(source.index()), head, source.refinement().map(this::file)));
            }
            for (int list = 0; list < head.nlist(); list++) {
                for (IvfListReader reader : readers) {
                    reader.next();
                    writer.append(reader, down);
                }
                writer.endList();
            }
            if (finer != null) {
                finer.finish();
            }
            return writer.finish();
        } finally {
            closeAll(readers);
        }
    }

    /** The layout of the first source's refinement store, which all must have. */
    private RefinementFile layout() {
        RefinementFile first = null;
        for (ShardEntry source : sources) {
            Path path = file(source.refinement()
                    .orElseThrow(() -> ImageSearchException.data(
                            "shard %d of %s has no refinement store, others have one",
                            source.number(), published.generation())));
            RefinementFile layout = RefinementFile.read(path);
            first = first == null ? layout : first;
            if (!layout.codec().equals(first.codec()) || layout.dimension() != first.dimension()) {
                throw ImageSearchException.data(
                        "%s holds %s vectors of %d dimensions, expected %s of %d",
                        path, layout.codec(), layout.dimension(), first.codec(), first.dimension());
            }
        }
        return first;
    }

    private List<String> writeRows(Path target) {
        try (RowStoreWriter writer = new RowStoreWriter(target)) {
            for (ShardEntry source : sources) {
                Path store = file(source.rows().get(0)).getParent();
                try (RowStore rows = RowStore.open(store)) {
                    rows.forEach((id, list, row) -> {
                        if (Arrays.binarySearch(down, id) < 0) {
                            writer.add(id, list, row);
                        }
                    });
                }
            }
            return writer.finish();
        }
    }

    private Path file(FileEntry entry) {
        return index.generationPath(published.generation()).resolve(entry.name());
    }

    private static void closeAll(List<? extends Closeable> opened) {
        for (Closeable each : opened) {
            try {
                each.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot close a shard", e);
            }
        }
    }
}
