package org.imagesearch.embed;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
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

    ExecutorModel(BatchingEncoder images, Preprocessor preprocessor) {
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
            ImageEncoder encoder = ImageEncoder.open(bundle, settings.encoder(deviceOfTask()));
            return new ExecutorModel(
                    BatchingEncoder.over(encoder, settings.lingerNanos()), new Preprocessor(bundle.image()));
        });
    }

    /** A text encoder of the caller's own. */
    static TextEncoder texts(Location location, TaskSettings settings) {
        return TextEncoder.open(location.open(), settings.encoder(deviceOfTask()));
    }

    private static int deviceOfTask() {
        TaskContext task = TaskContext.get();
        return task == null ? 0 : device(task.resourcesJMap());
    }

    /**
     * The number of the GPU that Spark gave to the executor ({@code spark.executor.resource.gpu.amount}): several executors on one
     * host must not share the first one. 0 where Spark does not count GPUs, or names them otherwise than by numbers.
     */
    static int device(Map<String, ResourceInformation> resources) {
        ResourceInformation gpu = resources.get("gpu");
        boolean numbered = gpu != null && gpu.addresses().length > 0 && gpu.addresses()[0].matches("\\d{1,4}");
        return numbered ? Integer.parseInt(gpu.addresses()[0]) : 0;
    }

    BatchingEncoder encoder() {
        return images;
    }

    Preprocessor preprocessor() {
        return preprocessor;
    }
}
