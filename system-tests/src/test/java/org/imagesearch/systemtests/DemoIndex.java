package org.imagesearch.systemtests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.imagesearch.core.Checksums;

/**
 * A real index of demo pictures under the demo model, made by the commands that users run.
 *
 * <p>Made once and kept under {@code system-tests/target}; a change of the model, the picture maker or the two jobs makes
 * another. Every emoji of the collection is shown once per {@value #EMOJI} pictures.
 *
 * @param pictures folder of {@code NNNNNN.jpg}, each with its caption in {@code NNNNNN.txt}
 * @param embeddings the dataset that {@code bin/embed} wrote
 * @param index the index that {@code bin/merge} wrote
 * @param model the bundle of both
 */
public record DemoIndex(Path pictures, Path embeddings, Path index, Path model) {
    /** How many emoji the demo collection has. */
    public static final int EMOJI = 1600;

    private static final int SEED = 20;
    private static final int FRESH_SEED = 77;

    /**
     * The index of so many pictures in so many shards, made now if it is not there.
     *
     * @throws AssertionError if one of the commands fails; the message ends with the last lines that it printed
     */
    public static synchronized DemoIndex of(int pictures, int shards) {
        Path root = Repository.root();
        Path model = root.resolve("demo/model");
        String key = key(root, model);
        Path folder = Repository.target().resolve("demo-%d-%d-%s".formatted(pictures, shards, key.substring(0, 12)));
        DemoIndex made =
                new DemoIndex(folder.resolve("pictures"), folder.resolve("embeddings"), folder.resolve("index"), model);
        Path done = folder.resolve("DONE");
        if (!Files.exists(done)) {
            makePictures(made.pictures, folder.resolve("pictures.log"), pictures, SEED);
            made.embed(folder.resolve("embed.log"));
            made.merge(folder.resolve("merge.log"), shards);
            write(done, key);
        }
        return made;
    }

    /**
     * Pictures of emoji that are drawn anew, so neither the index nor the model's training has seen them.
     *
     * @return their files; {@link #caption} tells what they show
     */
    public List<Path> freshPictures(int count) {
        Path folder = pictures.resolveSibling("fresh-" + count);
        Path done = folder.resolve("DONE");
        if (!Files.exists(done)) {
            makePictures(folder, pictures.resolveSibling("fresh.log"), count, FRESH_SEED);
            write(done, "");
        }
        return IntStream.range(0, count)
                .mapToObj(number -> folder.resolve("%06d.jpg".formatted(number)))
                .toList();
    }

    /** The caption beside a picture. */
    public static String caption(Path picture) {
        String name = picture.getFileName().toString();
        try {
            return Files.readString(picture.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".txt"))
                    .strip();
        } catch (IOException e) {
            throw new UncheckedIOException("no caption beside " + picture, e);
        }
    }

    private static void makePictures(Path folder, Path log, int count, int seed) {
        Command.run(
                log,
                List.of(
                        "/usr/bin/python3",
                        "demo/make_pictures.py",
                        "--output",
                        folder.toString(),
                        "--count",
                        String.valueOf(count),
                        "--seed",
                        String.valueOf(seed)));
    }

    private void embed(Path log) {
        Command.run(
                log,
                List.of(
                        "bin/embed",
                        "--input",
                        pictures.toString(),
                        "--output",
                        embeddings.toString(),
                        "--model",
                        model.toString()));
    }

    private void merge(Path log, int shards) {
        Command.run(
                log,
                List.of(
                        "bin/merge",
                        "--embeddings",
                        embeddings.toString(),
                        "--index",
                        index.toString(),
                        "--shards",
                        String.valueOf(shards)));
    }

    /** Changes with whatever the index is made by. */
    private static String key(Path root, Path model) {
        List<Path> makers = new ArrayList<>(List.of(root.resolve("demo/make_pictures.py")));
        makers.addAll(filesOf(model, ""));
        makers.addAll(programOf(root, "spark-embed"));
        makers.addAll(programOf(root, "index-merge"));
        MessageDigest digest = Checksums.newDigest();
        makers.forEach(maker -> digest.update(Checksums.of(maker).getBytes(StandardCharsets.US_ASCII)));
        return Checksums.hex(digest);
    }

    private static List<Path> programOf(Path root, String module) {
        List<Path> jars = filesOf(root.resolve(module).resolve("target"), "-all.jar");
        if (jars.isEmpty()) {
            throw new AssertionError(module + "/target has no program: run the tests from the root with mvn verify");
        }
        return jars;
    }

    private static List<Path> filesOf(Path folder, String suffix) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.getFileName().toString().endsWith(suffix))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }
}
