package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * How large the parts of an index are, chosen by the number of pictures where the user does not say.
 *
 * @param shards shards to build
 * @param nlist inverted lists
 * @param trainingPoints vectors that the centroids are trained on
 * @param heldOut pictures used as queries and not for training; 0 if there are too few pictures to spare any
 */
record IndexSize(int shards, int nlist, int trainingPoints, int heldOut) {
    private static final Pattern FACTORY = Pattern.compile("IVF(\\d+),Flat");

    /** Below this many training vectors per centroid Faiss warns that centroids become arbitrary. */
    private static final int LEAST_POINTS_PER_CENTROID = 39;

    private static final int LARGEST_AUTOMATIC_NLIST = 1 << 17;

    /**
     * @param pictures pictures of the dataset
     * @param dimension floats per embedding
     * @throws ImageSearchException (input) if there are more lists or shards than pictures, or more centroids than the
     *     memory for training vectors holds
     */
    static IndexSize choose(long pictures, int dimension, MergeSettings settings) {
        int nlist = settings.nlist() > 0 ? settings.nlist() : automaticNlist(pictures);
        if (nlist > pictures) {
            throw ImageSearchException.input("nlist is %d, but there are only %d pictures", nlist, pictures);
        }
        int shards = shards(pictures, settings);
        long inMemory =
                Math.min(settings.training().memory().count() / (4L * dimension), Integer.MAX_VALUE / dimension);
        if (nlist > inMemory) {
            throw ImageSearchException.input(
                    "training %d centroids takes at least as many vectors, but training.memory (%d bytes) holds %d",
                    nlist, settings.training().memory().count(), inMemory);
        }
        int heldOut = heldOut(pictures, nlist, settings);
        long wanted = Math.min((long) nlist * settings.training().pointsPerCentroid(), pictures - heldOut);
        return new IndexSize(shards, nlist, Math.toIntExact(Math.min(Math.max(wanted, nlist), inMemory)), heldOut);
    }

    /** Shards for a number of pictures, new ones or all. */
    static int shards(long pictures, MergeSettings settings) {
        if (settings.shards() > pictures) {
            throw ImageSearchException.input("there are %d pictures for %d shards", pictures, settings.shards());
        }
        if (settings.shards() > 0) {
            return settings.shards();
        }
        return Math.toIntExact((pictures + settings.picturesPerShard() - 1) / settings.picturesPerShard());
    }

    /**
     * About 6 * sqrt(pictures), the power of two nearest to it, with at least 39 pictures per list.
     *
     * <p>A query is compared with all centroids and with the vectors of the lists it probes: more lists make the first more, the
     * second fewer. For recall@10 0.95, pictures or captions, whichever cost more, it took on CLIP-like vectors of 512 floats
     *
     * <pre>
     * nlist                 512     1,024   2,048   4,096   8,192
     * of 100,000 pictures   12,397   8,897   6,798   5,846           comparisons
     * of 300,000            20,795  13,886  10,037   8,935  11,045
     * </pre>
     *
     * <p>4 * sqrt would take a half more at 100,000 and an eighth at 300,000. Past the least, more lists gain little and cost training,
     * and the made-up vectors have 4,096 clusters, which favours that many.
     */
    static int automaticNlist(long pictures) {
        double wanted = Math.min(6 * Math.sqrt((double) pictures), LARGEST_AUTOMATIC_NLIST);
        int nlist = 1 << Math.round(Math.log(wanted) / Math.log(2));
        while (nlist > 1 && (long) nlist * LEAST_POINTS_PER_CENTROID > pictures) {
            nlist /= 2;
        }
        return nlist;
    }

    /**
     * What {@code --nlist} says: a number, or 0 for {@code auto}.
     *
     * @throws ImageSearchException (input) if it is neither
     */
    static int nlistGiven(String text) {
        if (text.equals("auto")) {
            return 0;
        }
        if (!text.matches("[0-9]{1,7}") || Integer.parseInt(text) == 0) {
            throw ImageSearchException.input("--nlist is '%s', expected auto, or 1 or more", text);
        }
        return Integer.parseInt(text);
    }

    /**
     * The nlist of a Faiss factory string.
     *
     * @throws ImageSearchException (input) if it is not {@code IVF<nlist>,Flat}
     */
    static int nlistOf(String factory) {
        Matcher matcher = FACTORY.matcher(factory);
        if (!matcher.matches() || matcher.group(1).length() > 7 || Integer.parseInt(matcher.group(1)) == 0) {
            throw ImageSearchException.input(
                    "factory '%s' is not supported: expected IVF<nlist>,Flat, for example IVF1024,Flat", factory);
        }
        return Integer.parseInt(matcher.group(1));
    }

    static String factory(int nlist) {
        return "IVF" + nlist + ",Flat";
    }

    /** Held-out pictures as far as a tenth of the dataset allows; those who are too few to be representative, not at all. */
    private static int heldOut(long pictures, int nlist, MergeSettings settings) {
        long spare = Math.min(pictures / 10, pictures - nlist);
        int heldOut = (int) Math.min(settings.measuring().pictures(), spare);
        return heldOut < 10 ? 0 : heldOut;
    }

    /** Pictures used as queries: the held-out ones, or where there are none as many others. */
    int queries(long pictures, MergeSettings settings) {
        return heldOut > 0 ? heldOut : (int) Math.min(settings.measuring().pictures(), pictures);
    }

    /** What the person who merges should know, a line each. */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        if (heldOut == 0) {
            warnings.add("too few pictures to hold any out: recall is measured on pictures that were trained on");
        }
        if (trainingPoints < (long) LEAST_POINTS_PER_CENTROID * nlist) {
            warnings.add(String.format(
                    "%,d training vectors are fewer than %d for each of %,d centroids: a larger training.memory, where there are"
                            + " more pictures, or fewer lists make better ones",
                    trainingPoints, LEAST_POINTS_PER_CENTROID, nlist));
        }
        return warnings;
    }
}
