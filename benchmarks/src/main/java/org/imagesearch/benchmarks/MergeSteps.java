package org.imagesearch.benchmarks;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * Seconds of the steps of one build of an index.
 *
 * @param read reading and checking; with bin/merge also drawing the sample
 * @param train k-means
 * @param write assigning every vector to its centroid and writing the index; with bin/merge also the
 *     store of rows and checksums
 * @param measure of bin/merge: inspecting the shards and measuring recall; 0 with others
 * @param whole everything; with bin/merge also the start of Spark, reading and checking, measuring recall, checksums, publishing
 */
record MergeSteps(double read, double train, double write, double measure, double whole) {
    private static final Pattern STEP = Pattern.compile("\\[\\s*([\\d.]+) s\\] (.*)");

    /**
     * By the times in what bin/merge printed.
     *
     * @throws ImageSearchException (data) if the lines do not have the steps
     */
    static MergeSteps of(List<String> lines) {
        double begin = 0;
        double read = Double.NaN;
        double train = Double.NaN;
        double write = Double.NaN;
        double measure = Double.NaN;
        double whole = Double.NaN;
        for (String line : lines) {
            Matcher step = STEP.matcher(line);
            if (!step.matches()) {
                continue;
            }
            double end = Double.parseDouble(step.group(1));
            if (step.group(2).startsWith("read and checked ")) {
                read = end - begin;
            } else if (step.group(2).startsWith("trained ")) {
                train = end - begin;
            } else if (step.group(2).startsWith("wrote ")) {
                write = end - begin;
            } else if (step.group(2).startsWith("recall@")) {
                measure = end - begin;
            } else if (step.group(2).startsWith("published ")) {
                whole = end;
            }
            begin = end;
        }
        if (!(read > 0 && train > 0 && write > 0 && measure > 0 && whole > 0)) {
            throw ImageSearchException.data(
                    "bin/merge did not tell how long each step took (too short to be told, perhaps)");
        }
        return new MergeSteps(read, train, write, measure, whole);
    }
}
