package org.imagesearch.core.rows;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.NoLockFactory;
import org.apache.lucene.util.BytesRef;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;

/**
 * Writes the row store of one shard. Rows come in any order; Lucene sorts them by id while it flushes and merges, so that
 * memory stays bounded by its buffer. One thread at a time; nobody else may write to the directory.
 */
public final class RowStoreWriter implements Closeable {
    /** What a commit of this version says; one before filters said nothing. */
    static final String VERSION_KEY = "imagesearch.rows";

    static final String VERSION = "2";

    private static final long BUFFER_BYTES = 32 << 20;

    /** Each takes a few open files and buffers while it is merged. */
    private static final int SEGMENTS_AT_ONCE = 64;

    private final Path directory;
    private final FSDirectory lucene;
    private final IndexWriter writer;
    private boolean finished;

    /**
     * @param directory a directory that is empty or does not exist yet
     * @throws ImageSearchException (input) if it has files in it
     */
    public RowStoreWriter(Path directory) {
        this(directory, BUFFER_BYTES);
    }

    /** @param bufferBytes of rows that are in memory before they are written; a smaller buffer takes more merging */
    public RowStoreWriter(Path directory, long bufferBytes) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
            if (!files().isEmpty()) {
                throw ImageSearchException.input("%s is not empty", directory);
            }
            // The caller owns the directory; a lock file would only be left behind in the index.
            lucene = FSDirectory.open(directory, NoLockFactory.INSTANCE);
            writer = new IndexWriter(lucene, configuration(bufferBytes));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + directory, e);
        }
    }

    private static IndexWriterConfig configuration(long bufferBytes) {
        TieredMergePolicy merges = new TieredMergePolicy();
        merges.setNoCFSRatio(1.0);
        // All segments are merged into one in the end: the fewer times before, the better.
        merges.setSegmentsPerTier(SEGMENTS_AT_ONCE);
        merges.setMaxMergeAtOnce(SEGMENTS_AT_ONCE);
        return new IndexWriterConfig()
                .setOpenMode(IndexWriterConfig.OpenMode.CREATE)
                .setIndexSort(new Sort(new SortField(RowFields.ID, SortField.Type.LONG)))
                .setRAMBufferSizeMB(bufferBytes / (double) (1 << 20))
                .setMergePolicy(merges)
                .setMergeScheduler(new SerialMergeScheduler())
                .setUseCompoundFile(true)
                .setCommitOnClose(false);
    }

    /**
     * Adds a row.
     *
     * @param id the picture's id
     * @param list the inverted list that holds its vector
     */
    public void add(long id, int list, ImageRow row) {
        add(id, list, RowCodec.encode(id, row), row);
    }

    /**
     * Adds a row that is encoded already.
     *
     * @param row bytes of {@link RowCodec#encode}
     * @throws ImageSearchException (data) naming the id, if they are not
     */
    public void add(long id, int list, byte[] row) {
        try {
            add(id, list, row, RowCodec.decode(row, 0, row.length));
        } catch (ImageSearchException e) {
            throw new ImageSearchException(e.code(), "the row of id " + id + ": " + e.getMessage(), e);
        }
    }

    private void add(long id, int list, byte[] row, ImageRow decoded) {
        Document document = new Document();
        document.add(new NumericDocValuesField(RowFields.ID, Ids.requireValid(id)));
        document.add(new NumericDocValuesField(RowFields.LIST, list));
        document.add(new BinaryDocValuesField(RowFields.ROW, new BytesRef(row)));
        FilterFields.add(document, decoded);
        try {
            writer.addDocument(document);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + directory, e);
        }
    }

    /**
     * Merges everything into one segment, makes it durable and checks that no id came twice.
     *
     * @return the names of the files of the store, sorted
     * @throws ImageSearchException (data) naming the id, if it was added twice
     */
    public List<String> finish() {
        try {
            writer.forceMerge(1);
            writer.setLiveCommitData(Map.of(VERSION_KEY, VERSION).entrySet());
            writer.commit();
            writer.close();
            lucene.close();
            finished = true;
            // Opening reads every id once, in order.
            RowStore.open(directory).close();
            return files();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + directory, e);
        }
    }

    /** Gives up what was not finished; the directory is then no row store. */
    @Override
    public void close() {
        if (finished) {
            return;
        }
        try {
            writer.rollback();
            lucene.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot give up " + directory, e);
        }
    }

    private List<String> files() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            entries.forEach(entry -> names.add(entry.getFileName().toString()));
        }
        Collections.sort(names);
        return names;
    }
}
