package org.imagesearch.clip;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
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
 * A model as a directory: {@code bundle.json}, an image model, a text model, a tokenizer, and golden vectors.
 *
 * <pre>
 * {"formatVersion": 1, "name": "emoji-clip", "version": "1", "dimension": 192,
 *  "image": {"model": "image.onnx", "input": "pixels", "output": "embedding", "size": 128,
 *            "resize": "shortest-edge-bicubic", "mean": [3 floats], "std": [3 floats], "pixels": "uint8-nhwc"},
 *  "text": {"model": "text.onnx", "inputIds": "input_ids", "attentionMask": "attention_mask", "output": "embedding",
 *           "tokenizer": "tokenizer.json", "maxLength": 48, "pooling": "in-graph", "lowercase": true},
 *  "golden": "golden.json"}
 * </pre>
 *
 * <p>In bundles of our own making, normalisation, pooling and scaling to unit length are part of the graphs. Others may leave
 * them to us: {@link ImageSpec} and {@link TextSpec} have what a bundle can say. Immutable and thread-safe.
 */
public final class ModelBundle {
    /** The file that makes a directory a bundle. */
    public static final String MANIFEST = "bundle.json";

    private static final int MAX_MANIFEST_BYTES = 1 << 20;

    private final Path directory;
    private final String name;
    private final int dimension;
    private final double logitScale;
    private final ImageSpec image;
    private final TextSpec text;
    private final Optional<Path> golden;
    private final Fingerprint fingerprint;

    private ModelBundle(Path directory, JsonNode manifest) {
        this.directory = directory;
        BundleManifest checked = new BundleManifest(directory, manifest);
        this.name = checked.name();
        this.dimension = checked.dimension();
        this.logitScale = checked.logitScale();
        this.image = checked.image();
        this.text = checked.text();
        this.golden = checked.golden();
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

    /** What the model was trained to multiply inner products with before a softmax; CLIP's own, 100, where the bundle does not say. */
    public double logitScale() {
        return logitScale;
    }

    public ImageSpec image() {
        return image;
    }

    public TextSpec text() {
        return text;
    }

    /** Where the golden vectors of the bundle are, if it has any. */
    Optional<Path> golden() {
        return golden;
    }

    /** Over {@code bundle.json} without its formatting, and over every byte of the files that it names. */
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    private Fingerprint fingerprint(JsonNode manifest) {
        MessageDigest digest = Checksums.newDigest();
        digest.update(manifest.toString().getBytes(StandardCharsets.UTF_8));
        List<Path> files = new ArrayList<>(List.of(image.model(), text.model(), text.tokenizer()));
        text.dense().ifPresent(files::add);
        for (Path file : files) {
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
                Path part = BundleManifest.inside(file.getParent(), location)
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
}
