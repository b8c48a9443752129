package org.imagesearch.clip;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.imagesearch.clip.ImageSpec.PixelLayout;
import org.imagesearch.clip.ImageSpec.Resize;
import org.imagesearch.clip.TextSpec.Padding;
import org.imagesearch.clip.TextSpec.Pooling;
import org.imagesearch.core.ImageSearchException;

/** What {@code bundle.json} says, checked field by field; every refusal names the file, the field, what is there and what may be. */
final class BundleManifest {
    private static final int FORMAT_VERSION = 1;
    private static final int MAX_DIMENSION = 8192;
    private static final int MAX_IMAGE_SIZE = 1024;
    private static final int MAX_TEXT_LENGTH = 4096;
    private static final int CHANNELS = 3;

    /** Training of CLIP bounds it so, and ends there. */
    private static final double CLIP_LOGIT_SCALE = 100;

    private final Path directory;
    private final JsonNode root;

    /** @param directory absolute and normal */
    BundleManifest(Path directory, JsonNode root) {
        this.directory = directory;
        this.root = root;
        new Section("", root).requireInt("formatVersion", FORMAT_VERSION, FORMAT_VERSION);
    }

    String name() {
        return new Section("", root).text("name");
    }

    int dimension() {
        return new Section("", root).requireInt("dimension", 1, MAX_DIMENSION);
    }

    double logitScale() {
        return new Section("", root).optionalNumber("logitScale", 0.1, 1000, CLIP_LOGIT_SCALE);
    }

    Optional<Path> golden() {
        return new Section("", root).optionalFile("golden");
    }

    ImageSpec image() {
        Section section = new Section("", root).section("image");
        PixelLayout pixels = section.oneOf("pixels", PixelLayout.class);
        boolean normalisedByUs = pixels == PixelLayout.FLOAT32_NCHW;
        return new ImageSpec(
                section.file("model"),
                section.optionalText("input"),
                section.optionalText("output"),
                section.requireInt("size", 1, MAX_IMAGE_SIZE),
                section.oneOf("resize", Resize.class),
                pixels,
                normalisedByUs ? section.channels("mean", -10) : List.of(),
                // A divisor.
                normalisedByUs ? section.channels("std", Float.MIN_NORMAL) : List.of(),
                section.optionalTruth("normalised", true));
    }

    TextSpec text() {
        Section section = new Section("", root).section("text");
        Pooling pooling = section.oneOf("pooling", Pooling.class);
        if (pooling == Pooling.IN_GRAPH && section.optionalText("dense").isPresent()) {
            throw section.wrong("dense", "nothing, for pooling is \"in-graph\"");
        }
        return new TextSpec(
                section.file("model"),
                section.optionalText("inputIds"),
                section.optionalText("attentionMask"),
                section.optionalText("output"),
                section.file("tokenizer"),
                section.requireInt("maxLength", 3, MAX_TEXT_LENGTH),
                section.has("padding") ? section.oneOf("padding", Padding.class) : Padding.LONGEST,
                pooling,
                section.optionalFile("dense"),
                section.optionalTruth("normalised", true));
    }

    /** A file by its name relative to a folder; nothing if the name leads out of it or is none. */
    static Optional<Path> inside(Path folder, String name) {
        try {
            Path file = folder.resolve(name).normalize();
            return file.startsWith(folder) && !name.startsWith("/") ? Optional.of(file) : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** An object of the manifest. */
    private final class Section {
        private final String prefix;
        private final JsonNode node;

        Section(String prefix, JsonNode node) {
            this.prefix = prefix;
            this.node = node;
        }

        boolean has(String field) {
            return node.has(field);
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

        Optional<String> optionalText(String field) {
            return has(field) ? Optional.of(text(field)) : Optional.empty();
        }

        boolean optionalTruth(String field, boolean otherwise) {
            if (has(field) && !node.get(field).isBoolean()) {
                throw wrong(field, "true or false");
            }
            return node.path(field).asBoolean(otherwise);
        }

        /** A constant by its name in lower case with dashes. */
        <E extends Enum<E>> E oneOf(String field, Class<E> type) {
            String value = text(field);
            for (E constant : type.getEnumConstants()) {
                if (written(constant).equals(value)) {
                    return constant;
                }
            }
            throw wrong(
                    field,
                    Stream.of(type.getEnumConstants())
                            .map(constant -> "\"" + written(constant) + "\"")
                            .collect(Collectors.joining(" or ")));
        }

        private String written(Enum<?> constant) {
            return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        int requireInt(String field, int least, int most) {
            JsonNode value = node.path(field);
            if (!value.isInt() || value.intValue() < least || value.intValue() > most) {
                throw wrong(field, least == most ? Integer.toString(least) : "a whole number " + least + " to " + most);
            }
            return value.intValue();
        }

        double optionalNumber(String field, double least, double most, double otherwise) {
            JsonNode value = node.path(field);
            if (value.isMissingNode()) {
                return otherwise;
            }
            if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
                throw wrong(field, "a number " + least + " to " + most);
            }
            return value.doubleValue();
        }

        /** One number per channel. */
        List<Float> channels(String field, float least) {
            List<Float> values = new ArrayList<>();
            for (JsonNode value : node.path(field)) {
                if (value.isNumber() && value.floatValue() >= least && value.floatValue() <= 10) {
                    values.add(value.floatValue());
                }
            }
            if (values.size() != CHANNELS || node.get(field).size() != CHANNELS) {
                throw wrong(field, CHANNELS + " numbers of a channel's " + field);
            }
            return List.copyOf(values);
        }

        Optional<Path> optionalFile(String field) {
            return has(field) ? Optional.of(file(field)) : Optional.empty();
        }

        Path file(String field) {
            String value = text(field);
            Path file = inside(directory, value).orElseThrow(() -> wrong(field, "a file inside the bundle"));
            if (!Files.isRegularFile(file)) {
                throw ImageSearchException.data(
                        "%s names a file that is not there: %s%s is %s",
                        directory.resolve(ModelBundle.MANIFEST), prefix, field, value);
            }
            return file;
        }

        ImageSearchException wrong(String field, String expected) {
            JsonNode value = node.path(field);
            return ImageSearchException.data(
                    "%s: %s%s is %s, expected %s",
                    directory.resolve(ModelBundle.MANIFEST),
                    prefix,
                    field,
                    value.isMissingNode() ? "missing" : value,
                    expected);
        }
    }
}
