package org.imagesearch.merge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.rows.RowStore;

/**
 * A generation as it lies on disk.
 *
 * @param name its name
 * @param manifest its manifest; empty if that cannot be read
 * @param ownBytes of files that no other generation links to: what removing it alone frees
 * @param sharedBytes of files that others link to
 * @param down taken-down pictures that are still in it; empty if that cannot be told
 */
record GenerationSummary(
        String name, Optional<IndexManifest> manifest, long ownBytes, long sharedBytes, Optional<Long> down) {

    /**
     * All generations of an index, oldest first. Where pictures are taken down, the ids of every row store are read once.
     *
     * @throws ImageSearchException (data) if the index cannot be read
     */
    static List<GenerationSummary> all(IndexDirectory index) {
        long[] down = Takedowns.read(index.root());
        Map<String, List<BasicFileAttributes>> files = new HashMap<>();
        Map<Object, Integer> links = new HashMap<>();
        List<String> names = index.generations();
        for (String name : names) {
            List<BasicFileAttributes> found = files(index.generationPath(name));
            files.put(name, found);
            Set<Object> keys = new HashSet<>();
            found.forEach(file -> keys.add(file.fileKey()));
            keys.forEach(key -> links.merge(key, 1, Integer::sum));
        }
        List<GenerationSummary> summaries = new ArrayList<>();
        for (String name : names) {
            long own = 0;
            long shared = 0;
            for (BasicFileAttributes file : files.get(name)) {
                if (links.get(file.fileKey()) > 1) {
                    shared += file.size();
                } else {
                    own += file.size();
                }
            }
            Optional<IndexManifest> manifest = manifest(index, name);
            summaries.add(new GenerationSummary(
                    name, manifest, own, shared, manifest.flatMap(found -> countDown(index, name, found, down))));
        }
        return summaries;
    }

    private static List<BasicFileAttributes> files(Path folder) {
        List<BasicFileAttributes> found = new ArrayList<>();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
                if (attributes.isRegularFile()) {
                    found.add(attributes);
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    private static Optional<IndexManifest> manifest(IndexDirectory index, String name) {
        try {
            return Optional.of(index.readManifest(name));
        } catch (ImageSearchException damaged) {
            // It is listed all the same: it takes room, and can be removed.
            return Optional.empty();
        }
    }

    private static Optional<Long> countDown(IndexDirectory index, String name, IndexManifest manifest, long[] down) {
        long count = 0;
        for (ShardEntry shard : down.length == 0 ? List.<ShardEntry>of() : manifest.shards()) {
            try (RowStore rows = RowStore.open(index.generationPath(name)
                    .resolve(shard.rows().get(0).name())
                    .getParent())) {
                count += rows.count(down);
            } catch (ImageSearchException damaged) {
                return Optional.empty();
            }
        }
        return Optional.of(count);
    }
}
