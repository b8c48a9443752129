package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.index.CalibrationEntry;
import org.imagesearch.core.index.CalibrationEntry.Cutoff;

/** Measures from where on hits stand out, for words and for pictures, with captions whose pictures are known. */
final class Cutoffs {
    private static final String BY_CAPTIONS = "captions";
    private static final String BY_NEAREST = "nearest";

    private Cutoffs() {}

    /** Pictures with one and the same caption: each is a match of the caption, and of the others. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Captioned(float[] caption, Set<Long> ids, List<float[]> pictures) {}

    /**
     * @param words captions, with the ids of their pictures
     * @param pictures embeddings of pictures of the index, among them those of the captions
     */
    static Optional<Cutoff> ofWords(BackgroundSample sample, VectorBlock words, VectorBlock pictures) {
        Separation separation = new Separation(sample);
        for (Captioned same : captioned(words, pictures)) {
            separation.add(same.caption(), same.pictures(), same.ids()::contains);
        }
        return separation.best(BY_CAPTIONS);
    }

    /**
     * Where too few pictures have a caption together, the nearest of the sample is taken for the match of a picture.
     *
     * @param heldOut pictures as queries
     */
    static Optional<Cutoff> ofPictures(
            BackgroundSample sample, VectorBlock words, VectorBlock pictures, VectorBlock heldOut) {
        Separation byCaptions = new Separation(sample);
        for (Captioned same : captioned(words, pictures)) {
            for (int i = 0; i < same.pictures().size() && same.pictures().size() > 1; i++) {
                List<float[]> others = new ArrayList<>(same.pictures());
                float[] query = others.remove(i);
                byCaptions.add(query, others, same.ids()::contains);
            }
        }
        return byCaptions.best(BY_CAPTIONS).or(() -> byNearest(sample, heldOut));
    }

    private static Optional<Cutoff> byNearest(BackgroundSample sample, VectorBlock heldOut) {
        Separation separation = new Separation(sample);
        for (int row = 0; row < heldOut.size(); row++) {
            float[] query = heldOut.vector(row);
            long self = heldOut.id(row);
            float[] scores = sample.scores(query);
            int nearest = -1;
            for (int i = 0; i < scores.length; i++) {
                if (sample.id(i) != self && (nearest < 0 || scores[i] > scores[nearest])) {
                    nearest = i;
                }
            }
            if (nearest >= 0) {
                long match = sample.id(nearest);
                separation.add(query, List.of(sample.vector(nearest)), id -> id == self || id == match);
            }
        }
        return separation.best(BY_NEAREST);
    }

    /** Captions are the same where their embeddings are: they went through one model. */
    private static List<Captioned> captioned(VectorBlock words, VectorBlock pictures) {
        Map<Long, Integer> rows = new HashMap<>();
        for (int row = 0; row < pictures.size(); row++) {
            rows.put(pictures.id(row), row);
        }
        Map<Integer, List<Captioned>> byHash = new LinkedHashMap<>();
        List<Captioned> all = new ArrayList<>();
        for (int row = 0; row < words.size(); row++) {
            Integer picture = rows.get(words.id(row));
            if (picture == null) {
                continue;
            }
            float[] caption = words.vector(row);
            List<Captioned> alike = byHash.computeIfAbsent(Arrays.hashCode(caption), hash -> new ArrayList<>());
            Captioned same = alike.stream()
                    .filter(other -> Arrays.equals(other.caption(), caption))
                    .findFirst()
                    .orElse(null);
            if (same == null) {
                same = new Captioned(caption, new HashSet<>(), new ArrayList<>());
                alike.add(same);
                all.add(same);
            }
            if (same.ids().add(words.id(row))) {
                same.pictures().add(pictures.vector(picture));
            }
        }
        return all;
    }

    /** What was measured, a line per kind of query. */
    static String text(CalibrationEntry entry) {
        return String.format(
                Locale.ROOT,
                "cutoffs, against %,d random pictures:%n  words     %s%n  pictures  %s",
                entry.count(),
                text(entry.words()),
                text(entry.pictures()));
    }

    private static String text(Optional<Cutoff> cutoff) {
        return cutoff.map(found -> String.format(
                        Locale.ROOT,
                        "%.2f deviations above the mean keep %.0f%% of matches and %.4f%% of random pictures (%d queries, by %s)",
                        found.standing(),
                        100 * found.kept(),
                        100 * found.falseShare(),
                        found.queries(),
                        found.by()))
                .orElse("not measured: too few queries whose matches are known");
    }
}
