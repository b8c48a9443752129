package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
        long count;
        try {
            count = writeVectors(vectors);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.RESOURCE, "cannot write " + vectors + ": " + e.getMessage(), e);
        }
        String rows = IndexLayout.shardRows(number);
        List<FileEntry> rowEntries = writeRows(folder.resolve(rows)).stream()
                .map(name -> FileEntry.of(folder, rows + "/" + name))
                .toList();
        ShardEntry written = new ShardEntry(
                number, count, FileEntry.of(folder, vectors.getFileName().toString()), rowEntries);
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
        IvfIndex.map(file(source.index())).close();
    }

    private long writeVectors(Path target) throws IOException {
        IvfHead head = IvfHead.of(file(published.centroids()));
        List<IvfListReader> readers = new ArrayList<>();
        try (IvfListWriter writer = new IvfListWriter(target, head)) {
            for (ShardEntry source : sources) {
                readers.add(new IvfListReader(file(source.index()), head));
            }
            for (int list = 0; list < head.nlist(); list++) {
                for (IvfListReader reader : readers) {
                    reader.next();
                    writer.append(reader, down);
                }
                writer.endList();
            }
            return writer.finish();
        } finally {
            closeAll(readers);
        }
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
