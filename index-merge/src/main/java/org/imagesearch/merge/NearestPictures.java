package org.imagesearch.merge;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The exact nearest pictures of every query among those seen so far, best first, equal scores by id, each with the inverted
 * list it is in. One thread at a time.
 */
final class NearestPictures implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int k;
    private final int[] found;
    private final long[] ids;
    private final float[] scores;
    private final int[] lists;

    /**
     * @param queries number of queries
     * @param k pictures kept per query
     */
    NearestPictures(int queries, int k) {
        this.k = k;
        this.found = new int[queries];
        this.ids = new long[queries * k];
        this.scores = new float[queries * k];
        this.lists = new int[queries * k];
        Arrays.fill(ids, -1);
    }

    int k() {
        return k;
    }

    int queries() {
        return found.length;
    }

    /** Pictures found for a query, at most {@code k}. */
    int found(int query) {
        return found[query];
    }

    long id(int query, int place) {
        return ids[query * k + place];
    }

    float score(int query, int place) {
        return scores[query * k + place];
    }

    int list(int query, int place) {
        return lists[query * k + place];
    }

    void offer(int query, long id, float score, int list) {
        int begin = query * k;
        int place = begin + found[query];
        while (place > begin && isBetter(score, id, place - 1)) {
            place--;
        }
        if (place == begin + k) {
            return;
        }
        if (found[query] < k) {
            found[query]++;
        }
        int moved = begin + found[query] - 1 - place;
        System.arraycopy(ids, place, ids, place + 1, moved);
        System.arraycopy(scores, place, scores, place + 1, moved);
        System.arraycopy(lists, place, lists, place + 1, moved);
        ids[place] = id;
        scores[place] = score;
        lists[place] = list;
    }

    /** Takes in what was found elsewhere for the same queries. */
    void merge(NearestPictures other) {
        for (int query = 0; query < found.length; query++) {
            for (int place = 0; place < other.found[query]; place++) {
                offer(query, other.id(query, place), other.score(query, place), other.list(query, place));
            }
        }
    }

    private boolean isBetter(float score, long id, int than) {
        return score > scores[than] || (score == scores[than] && id < ids[than]);
    }
}
