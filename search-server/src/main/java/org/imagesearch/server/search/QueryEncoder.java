package org.imagesearch.server.search;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.ByteBuffer;
import java.util.ArrayList;
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

/** Turns the terms of a query into one unit vector: the weighted sum of their embeddings. Thread-safe. */
public final class QueryEncoder {
    private final TextEncoder texts;
    private final ImageEncoder images;
    private final Preprocessor preprocessor;
    private final PictureReader pictures;
    private final Cache<String, float[]> recentTexts;

    /**
     * @param texts stays the caller's
     * @param images stays the caller's
     * @param textCache embeddings of texts that are remembered
     */
    public QueryEncoder(
            TextEncoder texts, ImageEncoder images, Preprocessor preprocessor, PictureReader pictures, int textCache) {
        this.texts = texts;
        this.images = images;
        this.preprocessor = preprocessor;
        this.pictures = pictures;
        this.recentTexts = Caffeine.newBuilder().maximumSize(textCache).build();
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
        return QueryVector.of(terms, generation.manifest().dimension(), term -> {
            deadline.requireTimeFor("encoding the query");
            return embedding(term, generation, deadline);
        });
    }

    /** The embeddings of labels, float[dimension] each, of unit length; recent ones are remembered. */
    List<float[]> encodeLabels(List<String> labels, Generation generation, Deadline deadline) {
        List<float[]> embeddings = new ArrayList<>();
        for (String label : labels) {
            deadline.requireTimeFor("encoding the labels");
            embeddings.add(QueryVector.normalised(embedding(new Term.Text(label, 1), generation, deadline)));
        }
        return embeddings;
    }

    private float[] embedding(Term term, Generation generation, Deadline deadline) {
        if (term instanceof Term.Text text) {
            return recentTexts.get(text.text(), missing -> texts.encode(List.of(missing)));
        } else if (term instanceof Term.Image image) {
            return embedding(image, deadline);
        } else if (term instanceof Term.Indexed indexed) {
            return generation
                    .vector(indexed.id())
                    .orElseThrow(() -> RequestException.of(
                            Problem.NOT_FOUND, "there is no picture with id %d in the index", indexed.id()));
        }
        return ((Term.Vector) term).values();
    }

    private float[] embedding(Term.Image image, Deadline deadline) {
        byte[] pixels = pictures.decode(image.bytes(), deadline, (Picture picture) -> preprocessor.apply(picture));
        return images.encode(ByteBuffer.wrap(pixels), 1);
    }
}
