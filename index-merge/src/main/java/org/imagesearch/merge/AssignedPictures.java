package org.imagesearch.merge;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowCodec;
import org.imagesearch.faiss.NearestCentroids;
import scala.Tuple2;

/**
 * The pictures of a slice, each with its place in the index: reads a batch, assigns it to centroids, hands it out. The value
 * is what the shard stores: the embedding's floats, little endian as Faiss writes them, then the row in
 * {@link RowCodec}'s form. One thread at a time.
 */
final class AssignedPictures implements Iterator<Tuple2<PicturePlace, byte[]>>, Closeable {
    private final BuildPlan plan;
    private final EmbeddingReader<EmbeddingRow> reader;
    private final NearestCentroids centroids;
    private final PublishedPictures published;
    private final float[] vectors;
    private final long[] lists;
    private final float[] scores;
    private final ArrayDeque<Tuple2<PicturePlace, byte[]>> ready = new ArrayDeque<>();

    /** Takes over the reader, the centroids and the published pictures, and closes them. */
    AssignedPictures(
            BuildPlan plan,
            EmbeddingReader<EmbeddingRow> reader,
            NearestCentroids centroids,
            PublishedPictures published) {
        this.plan = plan;
        this.reader = reader;
        this.centroids = centroids;
        this.published = published;
        int batch = plan.input().batch();
        this.vectors = new float[Math.multiplyExact(batch, plan.input().dimension())];
        this.lists = new long[batch];
        this.scores = new float[batch];
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty() && reader.hasNext()) {
            assignBatch();
        }
        return !ready.isEmpty();
    }

    @Override
    public Tuple2<PicturePlace, byte[]> next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.remove();
    }

    @Override
    public void close() {
        try (reader;
                centroids;
                published) {
            ready.clear();
        }
    }

    private void assignBatch() {
        int dimension = plan.input().dimension();
        List<EmbeddingRow> rows = new ArrayList<>();
        while (rows.size() < plan.input().batch() && reader.hasNext()) {
            EmbeddingRow row = reader.next();
            if (published.contains(row)) {
                continue;
            }
            Vectors.requireUnit(row.embedding(), plan.input().normalised(), "picture", row.id());
            System.arraycopy(row.embedding(), 0, vectors, rows.size() * dimension, dimension);
            rows.add(row);
        }
        if (rows.isEmpty()) {
            return;
        }
        centroids.assign(vectors, rows.size(), lists, scores);
        for (int i = 0; i < rows.size(); i++) {
            EmbeddingRow row = rows.get(i);
            PicturePlace place = new PicturePlace(plan.shardOf(row.id()), Math.toIntExact(lists[i]), row.id());
            ready.add(new Tuple2<>(place, encode(row)));
        }
    }

    private static byte[] encode(EmbeddingRow row) {
        byte[] encoded = RowCodec.encode(
                row.id(), new ImageRow(row.uri(), row.width(), row.height(), row.caption(), row.extra()));
        ByteBuffer value = ByteBuffer.allocate(row.embedding().length * Float.BYTES + encoded.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        value.asFloatBuffer().put(row.embedding());
        value.position(row.embedding().length * Float.BYTES).put(encoded);
        return value.array();
    }
}
