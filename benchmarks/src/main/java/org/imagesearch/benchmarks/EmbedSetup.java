package org.imagesearch.benchmarks;

import java.nio.file.Path;
import org.imagesearch.clip.ModelBundle;

/**
 * What every case of the embed benchmark works with.
 *
 * @param checkpoint that the bundle was imported from; null if it is not known
 * @param pictures folder of JPEG files
 * @param count files in it
 * @param size of each, for people
 * @param repeats runs of each side, of which the median counts
 * @param seconds that a rate is measured for, where a side can run as long as one likes
 */
record EmbedSetup(
        WorkFolder folder,
        Report report,
        ModelBundle bundle,
        Path checkpoint,
        Path pictures,
        int count,
        String size,
        int repeats,
        int seconds) {
    /** Pictures in a run of the model, as in bin/embed's own defaults. */
    static final int BATCH = 32;

    EmbedProgram program() {
        return new EmbedProgram(folder, pictures, bundle.directory(), report);
    }

    void figure(String variant, double ours, String other, double theirs) {
        report.figure(Figure.of("embed", bundle.name() + ", " + variant, "pictures/s", ours, other, theirs));
    }
}
