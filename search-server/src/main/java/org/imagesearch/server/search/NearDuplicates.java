package org.imagesearch.server.search;

import java.util.List;
import java.util.stream.IntStream;
import org.imagesearch.faiss.AlikeVectors;
import org.imagesearch.server.search.Answer.Hit;

/** Hits that show as good as the same picture. */
public final class NearDuplicates {
    private NearDuplicates() {}

    /**
     * Keeps the best hit of each group of near duplicates: pictures joined by chains of pairs that are at least so near.
     *
     * @param hits with their embeddings, best first, at most {@link AlikeVectors#MOST}
     * @param least inner product of two embeddings
     */
    public static List<Hit> bestOfEach(List<Hit> hits, double least) {
        if (hits.size() < 2) {
            return hits;
        }
        int dimension = vector(hits.get(0)).length;
        float[] vectors = new float[hits.size() * dimension];
        for (int i = 0; i < hits.size(); i++) {
            System.arraycopy(vector(hits.get(i)), 0, vectors, i * dimension, dimension);
        }
        int[] first = AlikeVectors.groups(vectors, hits.size(), dimension, (float) least);
        return IntStream.range(0, hits.size())
                .filter(i -> first[i] == i)
                .mapToObj(hits::get)
                .toList();
    }

    private static float[] vector(Hit hit) {
        return hit.vector().orElseThrow(() -> new IllegalArgumentException("hit " + hit.id() + " has no embedding"));
    }
}
