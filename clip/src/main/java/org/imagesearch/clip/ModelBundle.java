package org.imagesearch.clip;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.imagesearch.core.Checksums;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * A model as a directory: {@code bundle.json}, an image model, a text model and a tokenizer.
 *
 * <pre>
 * {"formatVersion": 1, "name": "emoji-clip", "version": "1", "dimension": 192,
 *  "image": {"model": "image.onnx", "input": "pixels", "output": "embedding", "size": 128,
 *            "resize": "shortest-edge-bicubic", "mean": [3 floats], "std": [3 floats], "pixels": "uint8-nhwc"},
 *  "text": {"model": "text.onnx", "inputIds": "input_ids", "attentionMask": "attention_mask", "output": "embedding",
 *           "tokenizer": "tokenizer.json", "maxLength": 48, "pooling": "in-graph", "lowercase": true}}
 * </pre>
 *
 * <p>Normalisation, pooling and scaling to unit length are part of the graphs; {@code mean}, {@code std} and
 * {@code lowercase} tell a reader what the graphs and the tokenizer do. Immutable and thread-safe.
 */
public final class ModelBundle {
    /** The file that makes a directory a bundle. */
    public static final String MANIFEST = "bundle.json";

    private static final int FORMAT_VERSION = 1;
    private static final int MAX_MANIFEST_BYTES = 1 << 20;
    private static final int MAX_DIMENSION = 8192;
    private static final int MAX_IMAGE_SIZE = 1024;
    private static final int MAX_TEXT_LENGTH = 4096;

    private final Path directory;
    private final String name;
    private final int dimension;
    private final ImageSpec image;
    private final TextSpec text;
    private final Fingerprint fingerprint;

    private ModelBundle(Path directory, JsonNode manifest) {
        this.directory = directory;
        Section root = new Section("", manifest);
        root.requireInt("formatVersion", FORMAT_VERSION, FORMAT_VERSION);
        this.name = root.text("name");
        this.dimension = root.requireInt("dimension", 1, MAX_DIMENSION);
        Section imageSection = root.section("image");
        imageSection.requireText("resize", "shortest-edge-bicubic");
        imageSection.requireText("pixels", "uint8-nhwc");
        this.image = new ImageSpec(
                imageSection.file("model"),
                imageSection.text("input"),
                imageSection.text("output"),
                imageSection.requireInt("size", 1, MAX_IMAGE_SIZE));
        Section textSection = root.section("text");
        textSection.requireText("pooling", "in-graph");
        this.text = new TextSpec(
                textSection.file("model"),
                textSection.text("inputIds"),
                textSection.text("attentionMask"),
                textSection.text("output"),
                textSection.file("tokenizer"),
                textSection.requireInt("maxLength", 3, MAX_TEXT_LENGTH));
        this.fingerprint = fingerprint(manifest);
    }

    /**
     * Opens a bundle and reads all of its files once, for the fingerprint.
     *
     * @throws ImageSearchException (input) if there is no bundle; (data) naming the file and the field, if it is not valid
     */
    public static ModelBundle open(Path given) {
        Path directory = given.toAbsolutePath().normalize();
        Path file = directory.resolve(MANIFEST);
        if (!Files.isRegularFile(file)) {
            throw ImageSearchException.input("%s is not a model bundle: it has no %s", directory, MANIFEST);
        }
        try {
            if (Files.size(file) > MAX_MANIFEST_BYTES) {
                throw ImageSearchException.data("%s is larger than %d bytes", file, MAX_MANIFEST_BYTES);
            }
            return new ModelBundle(directory, Json.read(Files.readAllBytes(file), JsonNode.class, file.toString()));
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read the model bundle " + directory + ": " + e, e);
        }
    }

    /** Absolute. */
    public Path directory() {
        return directory;
    }

    /** The bundle's name, for people. */
    public String name() {
        return name;
    }

    /** Floats per embedding. */
    public int dimension() {
        return dimension;
    }

    public ImageSpec image() {
        return image;
    }

    public TextSpec text() {
        return text;
    }

    /** Over {@code bundle.json} without its formatting, and over every byte of the files that it names. */
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    private Fingerprint fingerprint(JsonNode manifest) {
        MessageDigest digest = Checksums.newDigest();
        digest.update(manifest.toString().getBytes(StandardCharsets.UTF_8));
        for (Path file : List.of(image.model(), text.model(), text.tokenizer())) {
            for (Path part : withExternalData(file)) {
                String name = file.getParent().relativize(part).toString();
                digest.update((name + "=" + Checksums.of(part) + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
        return new Fingerprint("sha256:" + Checksums.hex(digest));
    }

    /**
     * A file, the files beside it whose names begin with its name, and those that a model says hold its weights: models over 2
     * GB keep them so.
     */
    private NavigableSet<Path> withExternalData(Path file) {
        String name = file.getFileName().toString();
        NavigableSet<Path> parts = new TreeSet<>();
        try (Stream<Path> siblings = Files.list(file.getParent())) {
            siblings.filter(Files::isRegularFile)
                    .filter(path -> path.getFileName().toString().startsWith(name))
                    .forEach(parts::add);
            for (String location : ExternalWeights.of(file)) {
                Path part = inside(file.getParent(), location)
                        .filter(path -> path.startsWith(directory) && Files.isRegularFile(path))
                        .orElseThrow(() -> ImageSearchException.data(
                                "%s keeps weights in %s, expected a file inside the bundle", file, location));
                parts.add(part);
            }
            return parts;
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot list " + file.getParent() + ": " + e, e);
        }
    }

    /** A file by its name relative to a folder; nothing if the name leads out of it or is none. */
    private static Optional<Path> inside(Path folder, String name) {
        try {
            Path file = folder.resolve(name).normalize();
            return file.startsWith(folder) && !name.startsWith("/") ? Optional.of(file) : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** A part of bundle.json, read with messages that name the field. */
    private final class Section {
        private final String prefix;
        private final JsonNode node;

        Section(String prefix, JsonNode node) {
            this.prefix = prefix;
            this.node = node;
        }

        Section section(String field) {
            if (!node.path(field).isObject()) {
                throw wrong(field, "an object");
            }
            return new Section(prefix + field + ".", node.get(field));
        }

        String text(String field) {
            String value = node.path(field).textValue();
            if (value == null || value.isBlank()) {
                throw wrong(field, "a text");
            }
            return value;
        }

        void requireText(String field, String expected) {
            if (!text(field).equals(expected)) {
                throw wrong(field, "\"" + expected + "\"");
            }
        }

        int requireInt(String field, int least, int most) {
            JsonNode value = node.path(field);
            if (!value.isInt() || value.intValue() < least || value.intValue() > most) {
                throw wrong(field, least == most ? Integer.toString(least) : "a whole number " + least + " to " + most);
            }
            return value.intValue();
        }

        Path file(String field) {
            String value = text(field);
            Path file = inside(directory, value).orElseThrow(() -> wrong(field, "a file inside the bundle"));
            if (!Files.isRegularFile(file)) {
                throw ImageSearchException.data(
                        "%s names a file that is not there: %s%s is %s",
                        directory.resolve(MANIFEST), prefix, field, value);
            }
            return file;
        }

        private ImageSearchException wrong(String field, String expected) {
            JsonNode value = node.path(field);
            return ImageSearchException.data(
                    "%s: %s%s is %s, expected %s",
                    directory.resolve(MANIFEST), prefix, field, value.isMissingNode() ? "missing" : value, expected);
        }
    }
}
