package org.imagesearch.benchmarks;

import java.io.IOException;
import org.imagesearch.core.ImageSearchException;

/** One benchmark: a picocli command whose description is its line in the list, and whose options are its sizes. */
interface Benchmark {
    /**
     * Measures and reports.
     *
     * @throws ImageSearchException (input) if the options are wrong; (resource) if what it is compared to cannot be run; (data)
     *     if the two sides do not give the same result, which makes their times worthless
     */
    void run(Report report) throws IOException, InterruptedException;
}
