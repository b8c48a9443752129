package org.imagesearch.benchmarks;

import java.util.List;

/** The benchmarks there are. */
final class Benchmarks {
    private Benchmarks() {}

    /** One of each, in the order in which they are listed. */
    static List<Benchmark> all() {
        return List.of(
                new VectorsBenchmark(),
                new ScanBenchmark(),
                new SizesBenchmark(),
                new TrainBenchmark(),
                new PreprocessBenchmark(),
                new EmbedBenchmark(),
                new MergeBenchmark(),
                new GrowthBenchmark(),
                new FilterBenchmark(),
                new RowsBenchmark(),
                new ServeBenchmark(),
                new FuzzBenchmark(),
                new SoakBenchmark(),
                new SwapBenchmark(),
                new StartBenchmark(),
                new FaultsBenchmark(),
                new HistoryBenchmark());
    }
}
