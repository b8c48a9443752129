package org.imagesearch.merge;

import java.util.Locale;

/**
 * What an index of a number of pictures will be like and cost, by a {@link CostModel}.
 *
 * @param pictures pictures
 * @param dimension floats per vector
 * @param targetRecall recall@10 that a query shall reach
 * @param size shards, lists and training vectors, as {@code bin/merge} chooses them
 * @param vectorBytes bytes of the Faiss files
 * @param rowBytes bytes of the rows
 * @param machines machines that hold all vectors in memory
 * @param scannedShare share of all vectors that a query is compared with, 0 to 1
 * @param build core seconds of the build
 * @param querySeconds of one core for one query
 * @param trainingBytes memory of the training vectors on the driver
 */
record IndexPlan(
        long pictures,
        int dimension,
        double targetRecall,
        IndexSize size,
        double vectorBytes,
        double rowBytes,
        long machines,
        double scannedShare,
        CostModel.Build build,
        double querySeconds,
        double trainingBytes) {
    /** Of a machine's memory, the rest is for rows, the model and the system. */
    private static final double SHARE_FOR_VECTORS = 0.8;

    /**
     * @param memoryBytes of one machine that serves
     * @param settings of the merge, with the target recall in them
     */
    static IndexPlan of(long pictures, int dimension, long memoryBytes, MergeSettings settings, CostModel model) {
        IndexSize size = IndexSize.choose(pictures, dimension, settings);
        double share = model.scannedShare(pictures, size.nlist(), settings.targetRecall());
        double centroidBytes = (double) size.nlist() * dimension * Float.BYTES;
        // Every shard's file has the centroids in it.
        double vectorBytes =
                pictures * ((double) dimension * Float.BYTES + Long.BYTES) + (double) size.shards() * centroidBytes;
        return new IndexPlan(
                pictures,
                dimension,
                settings.targetRecall(),
                size,
                vectorBytes,
                pictures * model.rowBytes(),
                (long) Math.ceil(vectorBytes / (memoryBytes * SHARE_FOR_VECTORS)),
                share,
                model.build(
                        pictures,
                        dimension,
                        size.nlist(),
                        size.trainingPoints(),
                        settings.training().iterations()),
                model.querySeconds(dimension, size.nlist(), share * pictures),
                (double) size.trainingPoints() * dimension * Float.BYTES);
    }

    /** About how many lists a query probes, were all of them equally long. */
    long nprobe() {
        return Math.max(1, Math.round(scannedShare * size.nlist()));
    }

    /**
     * The plan for people, a line per question.
     *
     * @param memoryBytes of one machine that serves
     * @param cores that build, and of one machine that serves
     */
    String render(long memoryBytes, int cores) {
        StringBuilder text = new StringBuilder();
        line(text, "pictures", "%,d of %d floats, for a recall@10 of %s", pictures, dimension, targetRecall);
        line(text, "nlist", "%,d lists of about %,d pictures", size.nlist(), Math.max(1, pictures / size.nlist()));
        line(
                text,
                "shards",
                "%,d of at most %,d pictures",
                size.shards(),
                (pictures + size.shards() - 1) / size.shards());
        line(
                text,
                "bytes",
                "%s of vectors, %s a shard; %s of rows",
                Sizes.text((long) vectorBytes),
                Sizes.text((long) (vectorBytes / size.shards())),
                Sizes.text((long) rowBytes));
        line(
                text,
                "machines",
                "%s of %s to hold all vectors in %.0f%% of their memory; with mapped shards fewer answer, from disk",
                counted(machines, "machine"),
                Sizes.text(memoryBytes),
                100 * SHARE_FOR_VECTORS);
        line(
                text,
                "training",
                "%,d pictures, %.0f for each list, %s on the driver",
                size.trainingPoints(),
                (double) size.trainingPoints() / size.nlist(),
                Sizes.text((long) trainingBytes));
        line(
                text,
                "build",
                "%s on %s: reading %s, training %s, assigning and writing %s, measuring %s",
                time(build.total() / cores),
                counted(cores, "core"),
                time(build.read() / cores),
                time(build.train() / cores),
                time(build.write() / cores),
                time(build.measure() / cores));
        line(
                text,
                "query",
                "compared with %.3g%% of all vectors (nprobe about %,d): %s of one core, %s where %s of %s share it",
                100 * scannedShare,
                nprobe(),
                time(querySeconds),
                time(querySeconds / machines / cores),
                counted(machines, "machine"),
                counted(cores, "core"));
        size.warnings().forEach(warning -> line(text, "note", "%s", warning));
        return text.toString();
    }

    private static String counted(long number, String noun) {
        return number == 1 ? "1 " + noun : String.format(Locale.ROOT, "%,d %ss", number, noun);
    }

    @SuppressWarnings("AnnotateFormatMethod") // formats are literals, all of them above
    private static void line(StringBuilder text, String question, String format, Object... arguments) {
        text.append(String.format(Locale.ROOT, "%-10s", question))
                .append(String.format(Locale.ROOT, format, arguments))
                .append(System.lineSeparator());
    }

    /** A time for people: {@code 3.4 ms}, {@code 12 min}. */
    static String time(double seconds) {
        if (seconds < 1e-3) {
            return String.format(Locale.ROOT, "%.0f us", seconds * 1e6);
        } else if (seconds < 1) {
            return String.format(Locale.ROOT, "%.1f ms", seconds * 1e3);
        } else if (seconds < 100) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        } else if (seconds < 6000) {
            return String.format(Locale.ROOT, "%.0f min", seconds / 60);
        } else if (seconds < 48 * 3600) {
            return String.format(Locale.ROOT, "%.1f h", seconds / 3600);
        }
        return String.format(Locale.ROOT, "%.1f days", seconds / 86_400);
    }
}
