import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.Version;

/**
 * Searches vectors with Lucene's HNSW graph (its default format: M 16, beam width 100), one query at a time on one thread.
 *
 * <pre>GraphSearch.java VECTORS QUERIES DIMENSION K FOLDER IDS</pre>
 *
 * <p>The line {@code build} builds the graph in FOLDER; then each line, the number of hits that the graph looks for (ef), is one timed
 * round, whose ids (int64) go to IDS. Answers are lines of JSON. The index is one segment, mapped: it stays in the page cache.
 */
public final class GraphSearch {
    private static final String VECTOR = "vector";
    private static final String ID = "id";

    /** More than the vectors take: so that one segment is written, with one graph. */
    private static final double BUFFER_MIB = 1900;

    private final Path vectors;
    private final float[][] queries;
    private final int dimension;
    private final int k;
    private final Path folder;
    private final Path ids;
    private final StringBuilder said = new StringBuilder();
    private LeafReader leaf;
    private IndexSearcher searcher;
    private long[] idOfDocument;

    private GraphSearch(String[] arguments) throws IOException {
        vectors = Path.of(arguments[0]);
        dimension = Integer.parseInt(arguments[2]);
        k = Integer.parseInt(arguments[3]);
        folder = Path.of(arguments[4]);
        ids = Path.of(arguments[5]);
        try (FileChannel channel = FileChannel.open(Path.of(arguments[1]))) {
            queries = new float[(int) (channel.size() / Float.BYTES / dimension)][];
            for (int i = 0; i < queries.length; i++) {
                queries[i] = row(channel);
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        GraphSearch search = new GraphSearch(arguments);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(line.equals("build") ? search.build() : search.round(Integer.parseInt(line)));
        }
    }

    private String build() throws IOException {
        Logger lucene = Logger.getLogger("org.apache.lucene");
        lucene.addHandler(new Handler() {
            @Override
            public void publish(LogRecord record) {
                said.append(record.getMessage()).append(' ');
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        Files.createDirectories(folder);
        long begin = System.nanoTime();
        MMapDirectory directory = new MMapDirectory(folder);
        IndexWriterConfig config = new IndexWriterConfig();
        config.setRAMBufferSizeMB(BUFFER_MIB);
        config.setRAMPerThreadHardLimitMB(2047);
        config.setMergePolicy(NoMergePolicy.INSTANCE);
        try (IndexWriter writer = new IndexWriter(directory, config);
                FileChannel channel = FileChannel.open(vectors)) {
            long count = channel.size() / Float.BYTES / dimension;
            for (long id = 0; id < count; id++) {
                Document document = new Document();
                // Of vectors of length 1 the dot product is the inner product, and Lucene's fastest similarity.
                document.add(new KnnFloatVectorField(VECTOR, row(channel), VectorSimilarityFunction.DOT_PRODUCT));
                document.add(new NumericDocValuesField(ID, id));
                writer.addDocument(document);
            }
        }
        double seconds = secondsSince(begin);
        DirectoryReader reader = DirectoryReader.open(directory);
        if (reader.leaves().size() != 1) {
            throw new IllegalStateException(reader.leaves().size() + " segments, expected 1: fewer vectors, please");
        }
        leaf = reader.leaves().get(0).reader();
        searcher = new IndexSearcher(reader);
        searcher.setQueryCache(null);
        idOfDocument = new long[leaf.maxDoc()];
        NumericDocValues values = leaf.getNumericDocValues(ID);
        while (values.nextDoc() != NumericDocValues.NO_MORE_DOCS) {
            idOfDocument[values.docID()] = values.longValue();
        }
        boolean vectorised = said.toString().contains("enabled");
        return "{\"seconds\": " + seconds + ", \"version\": \"" + Version.LATEST + "\", \"java\": \""
                + System.getProperty("java.version") + "\", \"provider\": \""
                + (vectorised ? "the vector module" : "PLAIN JAVA: " + said.toString().replaceAll("[^ -~]|[\"\\\\]", " "))
                + "\"}";
    }

    private String round(int effort) throws IOException {
        ScoreDoc[][] found = new ScoreDoc[queries.length][];
        long begin = System.nanoTime();
        for (int i = 0; i < queries.length; i++) {
            found[i] = searcher.search(new KnnFloatVectorQuery(VECTOR, queries[i], effort), k).scoreDocs;
        }
        double seconds = secondsSince(begin);
        ByteBuffer out = ByteBuffer.allocate(queries.length * k * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (ScoreDoc[] hits : found) {
            for (int i = 0; i < k; i++) {
                out.putLong(i < hits.length ? idOfDocument[hits[i].doc] : -1);
            }
        }
        Files.write(ids, out.array());
        return "{\"seconds\": " + seconds + "}";
    }

    private float[] row(FileChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(dimension * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new IOException("a file of vectors ends too early");
            }
        }
        float[] row = new float[dimension];
        bytes.flip().asFloatBuffer().get(row);
        return row;
    }

    private static double secondsSince(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }
}
