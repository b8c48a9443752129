package org.imagesearch.embed;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.SparkFiles;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.embed.EmbedSettings.TaskSettings;

/**
 * The model bundle on an executor: opened by the first task that needs it, shared by all, kept until the executor ends, because
 * a session costs seconds and a GPU's memory.
 */
final class ExecutorModel {
    private static final Map<String, ExecutorModel> OPEN = new HashMap<>();

    private final BatchingEncoder images;
    private final Preprocessor preprocessor;

    private ExecutorModel(BatchingEncoder images, Preprocessor preprocessor) {
        this.images = images;
        this.preprocessor = preprocessor;
    }

    /**
     * Where executors find the bundle.
     *
     * @param path a path that they see, or the name of a folder that Spark brings them
     * @param shipped whether Spark brings it
     * @param fingerprint what it must have
     */
    record Location(String path, boolean shipped, String fingerprint) implements Serializable {
        ModelBundle open() {
            ModelBundle bundle = ModelBundle.open(Path.of(shipped ? SparkFiles.get(path) : path));
            new Fingerprint(fingerprint)
                    .requireSame("the driver's bundle", bundle.fingerprint(), "the bundle of this executor");
            return bundle;
        }
    }

    /** The model of this executor, opened if need be. */
    static synchronized ExecutorModel images(Location location, TaskSettings settings) {
        return OPEN.computeIfAbsent(location.fingerprint() + settings, key -> {
            ModelBundle bundle = location.open();
            ImageEncoder encoder = ImageEncoder.open(bundle, settings.encoder());
            return new ExecutorModel(
                    new BatchingEncoder(encoder, settings.lingerNanos()), new Preprocessor(bundle.image()));
        });
    }

    /** A text encoder of the caller's own. */
    static TextEncoder texts(Location location, EncoderSettings settings) {
        return TextEncoder.open(location.open(), settings);
    }

    BatchingEncoder encoder() {
        return images;
    }

    Preprocessor preprocessor() {
        return preprocessor;
    }
}
