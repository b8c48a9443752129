package org.imagesearch.server.search;

import java.util.ArrayList;
import java.util.List;
import org.imagesearch.faiss.AlikeVectors;
import org.imagesearch.server.search.Answer.Hit;

/** Hits that show as good as the same picture. */
public final class NearDuplicates {
    private NearDuplicates() {}

    /**
     * Keeps the best hit of each group of near duplicates, pictures joined by chains of pairs that are at least so near; it names
     * the others.
     *
     * @param hits with their embeddings, best first, at most {@link AlikeVectors#MOST}
     * @param least inner product of two embeddings
     */
    public static List<Hit> grouped(List<Hit> hits, double least) {
        if (hits.isEmpty()) {
            return hits;
        }
        int dimension = vector(hits.get(0)).length;
        float[] vectors = new float[hits.size() * dimension];
        for (int i = 0; i < hits.size(); i++) {
            System.arraycopy(vector(hits.get(i)), 0, vectors, i * dimension, dimension);
        }
        int[] first = AlikeVectors.groups(vectors, hits.size(), dimension, (float) least);
        List<List<Long>> others = new ArrayList<>();
        for (int i = 0; i < first.length; i++) {
            others.add(new ArrayList<>());
            if (first[i] != i) {
                others.get(first[i]).add(hits.get(i).id());
            }
        }
        List<Hit> best = new ArrayList<>();
        for (int i = 0; i < first.length; i++) {
            if (first[i] == i) {
                best.add(hits.get(i).withDuplicates(others.get(i)));
            }
        }
        return best;
    }

    private static float[] vector(Hit hit) {
        return hit.vector().orElseThrow(() -> new IllegalArgumentException("hit " + hit.id() + " has no embedding"));
    }
}
