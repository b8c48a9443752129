package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexLayout;
import picocli.CommandLine.Option;

/**
 * The index and the model that a server under test serves. An index that is named is not touched: its files are linked into a
 * folder of the benchmark's own, where pictures may be taken down and generations published.
 *
 * @param index root of the copy
 * @param pictures picture files for queries
 */
record ServeSubject(Path index, Path model, List<Path> pictures) {
    private static final int MOST_PICTURES = 200;

    /** The options that choose one. */
    static final class Choice {
        @Option(
                names = "--index",
                paramLabel = "DIR",
                description = "index to serve, which is left alone (default: one of demo pictures is made)")
        private Path index;

        @Option(
                names = "--model",
                paramLabel = "BUNDLE",
                description = "model bundle that the index was made with (default: the demo's)")
        private Path model;

        @Option(
                names = "--query-pictures",
                paramLabel = "DIR",
                description = "pictures to search with (default: those of clip's tests, of every format)")
        private Path pictures;

        @Option(
                names = "--index-pictures",
                paramLabel = "N",
                defaultValue = "2000",
                description = "demo pictures in the index that is made (default: ${DEFAULT-VALUE})")
        private int count;

        /** @throws ImageSearchException (input) if one of them is not there; (resource) if one cannot be made */
        ServeSubject in(WorkFolder folder, Report report) throws IOException, InterruptedException {
            Path bundle = model == null ? Program.file("demo/model") : model;
            Path queries = pictures == null ? Program.file("clip/src/test/resources/golden/pictures") : pictures;
            Path root = folder.resolve("index");
            if (index == null) {
                Sizes.requireRange("--index-pictures", count, 100, 1_000_000);
                make(folder, bundle, root, report);
            } else {
                link(index, root);
            }
            return new ServeSubject(root, bundle.toAbsolutePath(), pictureFiles(queries));
        }

        private void make(WorkFolder folder, Path bundle, Path root, Report report)
                throws IOException, InterruptedException {
            report.note("makes an index of %,d demo pictures", count);
            Path made = folder.resolve("pictures");
            Path embeddings = folder.resolve("embeddings");
            run(folder, "/usr/bin/python3", "demo/make_pictures.py", "--output", made, "--count", count, "--seed", 1);
            run(folder, "bin/embed", "--input", made, "--output", embeddings, "--model", bundle);
            run(folder, "bin/merge", "--embeddings", embeddings, "--index", root, "--shards", 4);
        }

        /** Runs a program; names of files of the checkout are made whole. */
        private static void run(WorkFolder folder, Object... command) throws IOException, InterruptedException {
            List<String> words = Stream.of(command)
                    .map(Object::toString)
                    .map(word -> word.startsWith("bin/") || word.startsWith("demo/")
                            ? Program.file(word).toString()
                            : word)
                    .toList();
            Program.run(folder.resolve("making.log"), words);
        }

        private static List<Path> pictureFiles(Path folder) throws IOException {
            try (Stream<Path> files = Files.walk(folder)) {
                List<Path> pictures = files.filter(Files::isRegularFile)
                        .filter(file -> file.toString().matches("(?i).*\\.(jpe?g|png|gif|webp|bmp)"))
                        .sorted()
                        .limit(MOST_PICTURES)
                        .toList();
                if (pictures.isEmpty()) {
                    throw ImageSearchException.input("there is no picture in %s", folder);
                }
                return pictures;
            }
        }
    }

    /** Links the published generation of an index into another root, or copies it to another file system. */
    static void link(Path index, Path root) throws IOException {
        IndexDirectory directory = new IndexDirectory(index);
        String generation = directory.currentGeneration();
        copy(directory.generationPath(generation), root.resolve(generation), true);
        publish(root, generation);
    }

    /** Copies a generation, or links its files. */
    static void copy(Path from, Path to, boolean link) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.sorted().toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else if (!link || !isLinked(copy, file)) {
                    Files.copy(file, copy);
                }
            }
        }
    }

    private static boolean isLinked(Path copy, Path file) throws IOException {
        try {
            Files.createLink(copy, file);
            return true;
        } catch (FileSystemException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** Names the generation to serve, by one rename. */
    static void publish(Path root, String generation) throws IOException {
        Path next = root.resolve(IndexLayout.CURRENT + ".next");
        Files.write(next, (generation + "\n").getBytes(StandardCharsets.US_ASCII));
        Files.move(
                next,
                root.resolve(IndexLayout.CURRENT),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }
}
