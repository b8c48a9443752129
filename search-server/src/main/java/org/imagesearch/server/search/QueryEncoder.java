package org.imagesearch.server.search;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.Picture;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.query.QueryVector;
import org.imagesearch.core.query.Term;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.pictures.PictureReader;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.MicroBatches.Embedding;

/**
 * Turns the terms of a query into one unit vector: the weighted sum of their embeddings. Queries that need a model at the same time share
 * its runs. Thread-safe.
 */
public final class QueryEncoder implements AutoCloseable {
    private final EncodingMetrics metrics = new EncodingMetrics();
    private final MicroBatches<String> texts;
    private final MicroBatches<byte[]> images;
    private final Preprocessor preprocessor;
    private final PictureReader pictures;
    private final Cache<String, float[]> recentTexts;

    /**
     * @param texts stays the caller's, who closes it after this
     * @param images stays the caller's, who closes it after this
     * @param textCache embeddings of texts that are remembered
     * @param batch texts or pictures in a run of their model at most
     * @param queue texts, and pictures, that wait for a run at most
     */
    public QueryEncoder(
            TextEncoder texts,
            ImageEncoder images,
            Preprocessor preprocessor,
            PictureReader pictures,
            int textCache,
            int batch,
            int queue) {
        this.preprocessor = preprocessor;
        this.pictures = pictures;
        this.recentTexts = Caffeine.newBuilder().maximumSize(textCache).build();
        this.texts = new MicroBatches<>("texts", batch, queue, texts.dimension(), metrics.of("text"), wanted -> {
            float[] embeddings = texts.encode(wanted);
            remember(wanted, embeddings, texts.dimension());
            return embeddings;
        });
        ByteBuffer squares = ByteBuffer.allocateDirect(batch * images.pixelBytes());
        this.images = new MicroBatches<>("pictures", batch, queue, images.dimension(), metrics.of("image"), wanted -> {
            squares.clear();
            wanted.forEach(squares::put);
            return images.encode(squares, wanted.size());
        });
    }

    private void remember(List<String> wanted, float[] embeddings, int dimension) {
        for (int i = 0; i < wanted.size(); i++) {
            recentTexts.put(wanted.get(i), Arrays.copyOfRange(embeddings, i * dimension, (i + 1) * dimension));
        }
    }

    public EncodingMetrics metrics() {
        return metrics;
    }

    /**
     * Encodes terms.
     *
     * @param generation whose pictures the ids name
     * @return float[dimension], of unit length
     * @throws org.imagesearch.core.ImageSearchException (input) if an id is not in the index, a vector is of no use, or the terms cancel
     *     each other out
     * @throws org.imagesearch.clip.PictureException if a picture cannot be decoded
     */
    float[] encode(List<Term> terms, Generation generation, Deadline deadline) {
        // All are handed in before the first is waited for, so that they share a run.
        List<Embedding> embeddings = new ArrayList<>();
        for (Term term : terms) {
            deadline.requireTimeFor("encoding the query");
            embeddings.add(embedding(term, generation, deadline));
        }
        Iterator<Embedding> inOrder = embeddings.iterator();
        return QueryVector.of(
                terms, generation.manifest().dimension(), term -> inOrder.next().await());
    }

    /** The embeddings of labels, float[dimension] each, of unit length; recent ones are remembered. */
    List<float[]> encodeLabels(List<String> labels, Generation generation, Deadline deadline) {
        List<Embedding> embeddings = new ArrayList<>();
        for (String label : labels) {
            deadline.requireTimeFor("encoding the labels");
            embeddings.add(embedding(new Term.Text(label, 1), generation, deadline));
        }
        return embeddings.stream()
                .map(embedding -> QueryVector.normalised(embedding.await()))
                .toList();
    }

    private Embedding embedding(Term term, Generation generation, Deadline deadline) {
        if (term instanceof Term.Text text) {
            float[] known = recentTexts.getIfPresent(text.text());
            return known == null ? texts.submit(text.text(), deadline) : () -> known;
        } else if (term instanceof Term.Image image) {
            return images.submit(
                    pictures.decode(image.bytes(), deadline, (Picture picture) -> preprocessor.apply(picture)),
                    deadline);
        } else if (term instanceof Term.Indexed indexed) {
            float[] stored = generation
                    .vector(indexed.id())
                    .orElseThrow(() -> RequestException.of(
                            Problem.NOT_FOUND, "there is no picture with id %d in the index", indexed.id()));
            return () -> stored;
        }
        float[] given = ((Term.Vector) term).values();
        return () -> given;
    }

    /** Ends the runs of the models; what waits for one is refused. */
    @Override
    public void close() {
        texts.close();
        images.close();
    }
}
