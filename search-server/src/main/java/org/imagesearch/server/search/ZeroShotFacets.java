package org.imagesearch.server.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.imagesearch.server.search.Answer.FacetCount;
import org.imagesearch.server.search.Answer.Hit;

/**
 * Labels of hits that nobody labelled: each hit gets the label whose embedding is nearest to its own, and how sure that is by the
 * model's own softmax over all labels.
 */
final class ZeroShotFacets {
    private final List<String> labels;
    private final List<float[]> embeddings;
    private final double scale;

    /**
     * @param embeddings of the labels, float[dimension] each, of unit length
     * @param scale what the model multiplies inner products with before the softmax
     */
    ZeroShotFacets(List<String> labels, List<float[]> embeddings, double scale) {
        this.labels = labels;
        this.embeddings = embeddings;
        this.scale = scale;
    }

    /** @param hit with its embedding */
    Hit labelled(Hit hit) {
        float[] vector = hit.vector().orElseThrow();
        double[] logits = new double[labels.size()];
        int best = 0;
        for (int label = 0; label < logits.length; label++) {
            logits[label] = scale * innerProduct(vector, embeddings.get(label));
            best = logits[label] > logits[best] ? label : best;
        }
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit - logits[best]);
        }
        return hit.withFacet(labels.get(best), Math.round(1e4 / sum) / 1e4);
    }

    /** How many hits have each label, in the order of the labels. */
    List<FacetCount> count(List<Hit> labelled) {
        List<FacetCount> counts = new ArrayList<>();
        for (String label : labels) {
            int count = (int) labelled.stream()
                    .filter(hit -> hit.facet().equals(Optional.of(label)))
                    .count();
            counts.add(new FacetCount(
                    label, count, labelled.isEmpty() ? 0 : Math.round(1e4 * count / labelled.size()) / 1e4));
        }
        return counts;
    }

    private static double innerProduct(float[] left, float[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += (double) left[i] * right[i];
        }
        return sum;
    }
}
