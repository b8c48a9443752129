package org.imagesearch.merge;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.faiss.FaissLibrary;
import org.imagesearch.faiss.IvfIndex;

/**
 * Compares a generation with its manifest.
 *
 * @param files files that the manifest names
 * @param bytesRead bytes of those that were read to their end
 * @param problems what is wrong, at most one line per file, by file
 */
record IndexVerification(int files, long bytesRead, List<String> problems) {
    IndexVerification {
        problems = List.copyOf(problems);
    }

    /**
     * Every byte against its checksum; then, of shards whose files are what they were, the structure of the Faiss file, its
     * centroids, the counts, and that every vector has its row and every row names its vector's list.
     *
     * @throws ImageSearchException (resource) if Faiss cannot be loaded here, which is no fault of a file
     */
    static IndexVerification whole(IndexDirectory index, String generation) {
        FaissLibrary.require();
        IndexManifest manifest = index.readManifest(generation);
        Map<String, String> problems = new ConcurrentSkipListMap<>();
        List<FileEntry> files = manifest.files().toList();
        files.parallelStream().forEach(file -> problem(() -> {
                    index.verify(generation, file);
                    index.verifyQuickly(generation, file);
                })
                .ifPresent(text -> problems.put(file.name(), text)));
        long bytes = files.stream()
                .filter(file -> !problems.containsKey(file.name()))
                .mapToLong(FileEntry::bytes)
                .sum();
        Map<String, String> structure = new TreeMap<>();
        Path folder = index.generationPath(generation);
        if (!problems.containsKey(manifest.centroids().name())) {
            problem(() -> centroids(folder, manifest))
                    .ifPresent(text -> structure.put(manifest.centroids().name(), text));
            if (structure.isEmpty()) {
                ShardInspection.Task task = ShardInspection.Task.withoutQueries(
                        manifest.nlist(), manifest.dimension(), centroids(folder, manifest));
                for (ShardEntry shard : manifest.shards()) {
                    if (shard.files().noneMatch(file -> problems.containsKey(file.name()))) {
                        problem(() -> ShardInspection.inspect(index, generation, shard, false, task))
                                .ifPresent(text -> structure.put(shard.index().name(), text));
                    }
                }
            }
        }
        structure.putAll(problems);
        return new IndexVerification(files.size(), bytes, List.copyOf(structure.values()));
    }

    /**
     * Sizes and samples of all files, and the structure of the Faiss files: what can be told without reading them to the end.
     *
     * @throws ImageSearchException (data) naming the first file that is wrong
     */
    static void quick(IndexDirectory index, String generation) {
        IndexManifest manifest = index.readManifest(generation);
        manifest.files().toList().parallelStream().forEach(file -> index.verifyQuickly(generation, file));
        Path folder = index.generationPath(generation);
        centroids(folder, manifest);
        for (ShardEntry shard : manifest.shards()) {
            try (IvfIndex vectors = IvfIndex.ofShard(folder, shard, true)) {
                if (vectors.size() != shard.count()) {
                    throw ImageSearchException.data(
                            "%s has %d vectors, index.json says %d",
                            folder.resolve(shard.index().name()), vectors.size(), shard.count());
                }
            }
        }
    }

    private static float[] centroids(Path folder, IndexManifest manifest) {
        Path file = folder.resolve(manifest.centroids().name());
        try (IvfIndex trained = IvfIndex.map(file)) {
            if (trained.nlist() != manifest.nlist()
                    || trained.dimension() != manifest.dimension()
                    || trained.size() != 0) {
                throw ImageSearchException.data(
                        "%s has %d lists of %d dimensions and %d vectors, index.json says %d of %d and none",
                        file,
                        trained.nlist(),
                        trained.dimension(),
                        trained.size(),
                        manifest.nlist(),
                        manifest.dimension());
            }
            return trained.centroids();
        }
    }

    private static Optional<String> problem(Runnable check) {
        try {
            check.run();
            return Optional.empty();
        } catch (ImageSearchException e) {
            return Optional.of(e.getMessage());
        }
    }
}
