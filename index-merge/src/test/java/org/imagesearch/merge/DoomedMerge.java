package org.imagesearch.merge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * A process of its own that merges, adds or compacts, and is killed (SIGKILL: nothing is flushed, closed or cleaned up) at a
 * step, or when a file appears.
 */
final class DoomedMerge {
    private DoomedMerge() {}

    /**
     * @param arguments what to do ({@code build}, {@code add}, {@code compact}), the dataset, the index, and when to die:
     *     {@code step:NAME}, or {@code file:REGEX} of a path below the index with something in it
     */
    public static void main(String[] arguments) {
        Path index = Path.of(arguments[2]);
        String when = arguments[3];
        Progress progress = (step, message) -> {
            System.out.println(step + ": " + message);
            if (when.equals("step:" + step)) {
                die();
            }
        };
        if (when.startsWith("file:")) {
            Pattern file = Pattern.compile(when.substring("file:".length()));
            Thread watch = new Thread(() -> awaitFile(index, file), "watch");
            watch.setDaemon(true);
            watch.start();
        }
        try (LazySpark spark = new LazySpark(Optional.of("local[2]"))) {
            if (arguments[0].equals("compact")) {
                new CompactionJob(spark::context, new CompactionRequest(index, OptionalInt.of(1), 1), progress).run();
            } else {
                boolean add = arguments[0].equals("add");
                Map<String, String> settings = add ? Map.of("shards", "1") : Map.of("shards", "1", "nlist", "32");
                MergeRequest request = new MergeRequest(arguments[1], index, add, IndexSizeTest.settings(settings));
                new MergeJob(spark.context(), request, progress).run();
            }
        }
    }

    private static void awaitFile(Path index, Pattern pattern) {
        while (true) {
            try {
                Files.walkFileTree(index, new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        if (attributes.size() > 0
                                && pattern.matcher(index.relativize(file).toString())
                                        .matches()) {
                            die();
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException e) {
                        return FileVisitResult.CONTINUE;
                    }
                });
            } catch (IOException gone) {
                // Folders come and go.
            }
        }
    }

    /** A JVM may not kill itself through its own API. */
    private static void die() {
        try {
            new ProcessBuilder(
                            "kill", "-9", Long.toString(ProcessHandle.current().pid()))
                    .start();
            Thread.sleep(60_000);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
