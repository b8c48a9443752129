package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;

/**
 * What memory a task takes that writes a large shard, beside everything that does not depend on the size of the shard.
 * {@code bin/merge --add} writes one to an index that is there, on one core and without training; the same of a few pictures has Spark,
 * the classes and the centroids in it too, and is taken off. Memory is what is not backed by files: those that are mapped, and
 * the page cache, are the kernel's to take back.
 */
final class MergeMemory {
    /**
     * A heap that grows when what is in use needs it. The usual collector takes all that it may have before it collects, and what
     * it happens to hold says nothing.
     */
    private static final String HEAP =
            "-XX:+UseSerialGC -Xms64m -Xmn16m -XX:MinHeapFreeRatio=5 -XX:MaxHeapFreeRatio=10 -XX:-ShrinkHeapInSteps";

    private static final int FEW = 2_000;
    private static final double MEBIBYTE = 1 << 20;

    private final WorkFolder folder;
    private final ClipLikeVectors vectors;
    private final int nlist;

    MergeMemory(WorkFolder folder, ClipLikeVectors vectors, int nlist) {
        this.folder = folder;
        this.vectors = vectors;
        this.nlist = nlist;
    }

    /** @param dataset whose pictures 0 to count - 1 have these vectors; all but the first are added to an index of the first */
    void report(Path dataset, long count, Report report) throws IOException, InterruptedException {
        long first = 2L * nlist;
        if (count <= first + FEW) {
            throw ImageSearchException.input(
                    "--count is %d: case memory builds an index of %d first, and adds more than %d", count, first, FEW);
        }
        Path index = folder.resolve("memory-index");
        merge(write("memory-first", first, report), index, false);
        long few = 0;
        for (int round = 0; round < 3; round++) {
            // Each round adds a few more than the last; the least is the base that garbage does not blur.
            Path more = write("memory-few-" + round, first + (round + 1L) * FEW, report);
            MemorySamples samples = merge(more, index, true);
            few = round == 0 ? samples.mostMebibytes() : Math.min(few, samples.mostMebibytes());
            report.note("added %d pictures: %d MiB at most", FEW, samples.mostMebibytes());
        }
        MemorySamples all = merge(dataset, index, true);
        double shard = lastShardBytes(index) / MEBIBYTE;
        report.note("added a shard of %.0f MiB: %d MiB at most", shard, all.mostMebibytes());
        report.figure(Figure.of(
                "merge",
                "memory of the task that writes a shard, less is better",
                "MiB",
                (double) (all.mostMebibytes() - few),
                "the shard",
                shard));
    }

    private Path write(String name, long count, Report report) throws IOException {
        Path dataset = Files.createDirectories(folder.resolve(name));
        new VectorDataset(vectors, count, 0, 100_000).write(dataset, report);
        return dataset;
    }

    private MemorySamples merge(Path dataset, Path index, boolean add) throws IOException, InterruptedException {
        MemorySamples samples = MemorySamples.withoutFiles();
        List<String> command = List.of(
                "env",
                "JAVA_TOOL_OPTIONS=" + HEAP,
                Program.file("bin/merge").toString(),
                "--embeddings",
                dataset.toString(),
                "--index",
                index.toString(),
                "--shards",
                "1",
                "--master",
                "local[1]");
        Program.run(
                folder.resolve("memory.log"),
                add ? append(command, "--add") : append(command, "--nlist", Integer.toString(nlist)),
                samples::watch);
        return samples;
    }

    private static List<String> append(List<String> command, String... more) {
        return Stream.concat(command.stream(), Arrays.stream(more)).toList();
    }

    private static long lastShardBytes(Path index) {
        IndexDirectory directory = new IndexDirectory(index);
        IndexManifest manifest = directory.readManifest(directory.currentGeneration());
        ShardEntry last = manifest.shards().get(manifest.shards().size() - 1);
        return last.index().bytes();
    }
}
