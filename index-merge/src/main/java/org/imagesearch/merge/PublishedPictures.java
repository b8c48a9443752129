package org.imagesearch.merge;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowStore;

/** The pictures that are not to be written: those that an index has already, and those that are taken down. */
final class PublishedPictures implements Closeable {
    private final List<RowStore> stores = new ArrayList<>();
    private final long[] down;

    /**
     * @param directories row stores of all published shards; none where an index is built anew
     * @param down ids that are taken down, ascending
     */
    PublishedPictures(List<String> directories, long[] down) {
        this.down = down;
        try {
            directories.forEach(directory -> stores.add(RowStore.open(Path.of(directory))));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Whether a picture is in the index, or taken down.
     *
     * @throws ImageSearchException (input) if its id is, but for another picture: two datasets that count from zero
     */
    boolean contains(EmbeddingRow row) {
        if (isDown(row.id())) {
            return true;
        }
        for (RowStore store : stores) {
            ImageRow known = store.row(row.id()).orElse(null);
            if (known == null) {
                continue;
            }
            if (!known.uri().equals(row.uri())) {
                throw ImageSearchException.input(
                        "id %d is %s in the index and %s in the dataset: ids must name the same pictures to add to an index",
                        row.id(), known.uri(), row.uri());
            }
            return true;
        }
        return false;
    }

    private boolean isDown(long id) {
        return Arrays.binarySearch(down, id) >= 0;
    }

    /** How many ids are neither in the index nor taken down. */
    long countOthers(Iterator<Long> ids) {
        long others = 0;
        while (ids.hasNext()) {
            long id = ids.next();
            if (!isDown(id) && stores.stream().noneMatch(store -> store.contains(id))) {
                others++;
            }
        }
        return others;
    }

    @Override
    public void close() {
        stores.forEach(RowStore::close);
    }
}
