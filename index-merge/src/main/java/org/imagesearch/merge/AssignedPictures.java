package org.imagesearch.merge;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowCodec;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.NearestCentroids;
import scala.Tuple2;

/**
 * The pictures of a slice, each with its place in the index: reads a batch, assigns it to centroids, hands it out. The value
 * is what the shard stores: the embedding's code, the embedding as the refinement store holds it if there is one, then the row
 * in {@link RowCodec}'s form. One thread at a time.
 */
final class AssignedPictures implements Iterator<Tuple2<PicturePlace, byte[]>>, Closeable {
    private final BuildPlan plan;
    private final EmbeddingReader<EmbeddingRow> reader;
    private final NearestCentroids centroids;
    private final IvfIndex trained;
    private final Optional<IvfIndex> finer;
    private final PublishedPictures published;
    private final float[] vectors;
    private final long[] lists;
    private final float[] scores;
    private final byte[] codes;
    private final byte[] finerCodes;
    private final ArrayDeque<Tuple2<PicturePlace, byte[]>> ready = new ArrayDeque<>();

    /**
     * Takes over what it is given, and closes it.
     *
     * @param trained the index without vectors
     * @param finer an index whose codes are what the refinement store holds
     */
    AssignedPictures(
            BuildPlan plan,
            EmbeddingReader<EmbeddingRow> reader,
            NearestCentroids centroids,
            IvfIndex trained,
            Optional<IvfIndex> finer,
            PublishedPictures published) {
        this.plan = plan;
        this.reader = reader;
        this.centroids = centroids;
        this.trained = trained;
        this.finer = finer;
        this.published = published;
        int batch = plan.input().batch();
        this.vectors = new float[Math.multiplyExact(batch, plan.input().dimension())];
        this.lists = new long[batch];
        this.scores = new float[batch];
        this.codes = new byte[Math.multiplyExact(batch, trained.codeBytes())];
        this.finerCodes = new byte
                [Math.multiplyExact(batch, finer.map(IvfIndex::codeBytes).orElse(0))];
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
                trained;
                published) {
            finer.ifPresent(IvfIndex::close);
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
        trained.encode(vectors, rows.size(), lists, codes);
        finer.ifPresent(index -> index.encode(vectors, rows.size(), new long[rows.size()], finerCodes));
        for (int i = 0; i < rows.size(); i++) {
            EmbeddingRow row = rows.get(i);
            PicturePlace place = new PicturePlace(plan.shardOf(row.id()), Math.toIntExact(lists[i]), row.id());
            ready.add(new Tuple2<>(place, value(row, i)));
        }
    }

    private byte[] value(EmbeddingRow row, int place) {
        byte[] encoded = RowCodec.encode(
                row.id(), new ImageRow(row.uri(), row.width(), row.height(), row.caption(), row.extra()));
        int codeBytes = trained.codeBytes();
        int finerBytes = finer.map(IvfIndex::codeBytes).orElse(0);
        return ByteBuffer.allocate(codeBytes + finerBytes + encoded.length)
                .put(codes, place * codeBytes, codeBytes)
                .put(finerCodes, place * finerBytes, finerBytes)
                .put(encoded)
                .array();
    }
}
