package org.imagesearch.merge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.ShardEntry;

/** Every attempt at a task writes into a folder of its own: a slow twin of a task cannot disturb the one that counts. */
final class AttemptFolders {
    private static final String ATTEMPT = ".attempt-";

    private AttemptFolders() {}

    /** A written shard and the folder that the successful attempt left its files in. */
    record Written(String attempt, ShardEntry shard) {}

    /** The folder of an attempt, empty. */
    static Path create(Path staging, long attempt) {
        Path folder = staging.resolve(ATTEMPT + attempt);
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot create " + folder, e);
        }
    }

    /** Moves the shards of the attempts that count to where they belong, and removes the others. */
    static List<ShardEntry> keep(Path staging, List<Written> results) {
        for (Written written : results) {
            Path attempt = staging.resolve(written.attempt());
            int shard = written.shard().number();
            try {
                for (String name : List.of(IndexLayout.shardIndex(shard), IndexLayout.shardRows(shard))) {
                    Files.move(attempt.resolve(name), staging.resolve(name));
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot move shard " + shard + " out of " + attempt, e);
            }
        }
        try (DirectoryStream<Path> attempts = Files.newDirectoryStream(staging, ATTEMPT + "*")) {
            attempts.forEach(Directories::deleteRecursively);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot clean " + staging, e);
        }
        return results.stream().map(Written::shard).toList();
    }
}
