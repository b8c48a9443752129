package org.imagesearch.clip;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A small bundle on disk, to be broken; its models are made by {@code src/test/python/make_models.py}. */
final class TestBundle {
    static final Path MODELS = Path.of("src/test/resources/models");
    private static final ObjectMapper JSON = new ObjectMapper();

    final Path directory;

    /** A right one. */
    TestBundle(Path directory) {
        this.directory = directory;
        put("image.onnx", "image.onnx");
        put("text.onnx", "text.onnx");
        copy(Path.of("src/test/resources/tokens/tokenizer.json"), directory.resolve("tokenizer.json"));
        write(manifest());
    }

    static ObjectNode manifest() {
        ObjectNode manifest = JSON.createObjectNode();
        manifest.put("formatVersion", 1).put("name", "tiny").put("version", "1").put("dimension", 3);
        ObjectNode image = manifest.putObject("image");
        image.put("model", "image.onnx").put("input", "pixels").put("output", "embedding");
        image.put("size", 4).put("resize", "shortest-edge-bicubic").put("pixels", "uint8-nhwc");
        image.putArray("mean").add(0.5).add(0.25).add(0.125);
        ObjectNode text = manifest.putObject("text");
        text.put("model", "text.onnx").put("inputIds", "input_ids").put("attentionMask", "attention_mask");
        text.put("output", "embedding").put("tokenizer", "tokenizer.json").put("maxLength", 16);
        text.put("pooling", "in-graph").put("lowercase", true);
        return manifest;
    }

    /** Puts one of the models into the bundle. */
    TestBundle put(String model, String as) {
        copy(MODELS.resolve(model), directory.resolve(as));
        return this;
    }

    /** Writes another manifest. */
    TestBundle with(Consumer<ObjectNode> change) {
        ObjectNode manifest = manifest();
        change.accept(manifest);
        write(manifest);
        return this;
    }

    TestBundle write(ObjectNode manifest) {
        return write(manifest.toPrettyString());
    }

    TestBundle write(String manifest) {
        try {
            Files.writeString(directory.resolve(ModelBundle.MANIFEST), manifest);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ModelBundle open() {
        return ModelBundle.open(directory);
    }

    private static void copy(Path from, Path to) {
        try {
            Files.createDirectories(to.getParent());
            Files.write(to, Files.readAllBytes(from));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
