package org.imagesearch.embed;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.sql.SparkSession;
import org.imagesearch.clip.Device;
import org.imagesearch.clip.GoldenVectors;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ImageSpec;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.PictureSize;
import org.imagesearch.clip.PictureSquares;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.EmbedSettings.TaskSettings;
import org.imagesearch.embed.PipelineCounts.Count;

/**
 * The model bundle on an executor: opened by the first task that needs it, with the pipeline that feeds it; shared by all, and
 * kept until the executor ends, because a session costs seconds and a GPU's memory.
 */
final class ExecutorModel {
    private static final Map<String, PicturePipeline> OPEN = new HashMap<>();

    private ExecutorModel() {}

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

    /** The pipeline of this executor, opened if need be. */
    static synchronized PicturePipeline images(Location location, TaskSettings settings) {
        return OPEN.computeIfAbsent(location.fingerprint() + settings, key -> {
            ModelBundle bundle = location.open();
            ImageEncoder encoder = ImageEncoder.open(bundle, settings.encoder(deviceOfTask(), processors()));
            if (isUntried(location, settings)) {
                verify(bundle, encoder);
            }
            return pipeline(bundle, settings, encoder.maxBatch(), encoder::encode);
        });
    }

    /** Whether executors have another processor than the driver, which tries its own, or a GPU. */
    private static boolean isUntried(Location location, TaskSettings settings) {
        return location.shipped || settings.device() != Device.CPU;
    }

    private static void verify(ModelBundle bundle, ImageEncoder encoder) {
        try {
            GoldenVectors.of(bundle).ifPresent(golden -> {
                var unused = golden.verifyPictures(bundle, encoder, golden.cosine());
            });
        } catch (RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    /** Why an executor cannot run the model. A value: a task that fails is tried again, and told with its stack. */
    private record Refusal(ErrorCode code, String message) implements Serializable {}

    /**
     * Opens the model on executors that the driver's own trial says nothing about, so that what is missing there is told before
     * anything is listed.
     *
     * @throws ImageSearchException the reason of the first executor that cannot run the model
     */
    static void requireUsable(SparkSession spark, Location location, TaskSettings settings) {
        if (!isUntried(location, settings)) {
            return;
        }
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        int tasks = context.defaultParallelism();
        List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
        context.parallelize(numbers, tasks).mapPartitions(unused -> refusal(location, settings)).collect().stream()
                .findFirst()
                .ifPresent(refusal -> {
                    throw new ImageSearchException(refusal.code, refusal.message, null);
                });
    }

    private static Iterator<Refusal> refusal(Location location, TaskSettings settings) {
        try {
            PictureDecoder.requireFormats();
            images(location, settings);
            return Collections.emptyIterator();
        } catch (ImageSearchException e) {
            return List.of(new Refusal(e.code(), e.getMessage())).iterator();
        }
    }

    /** A pipeline that ends with a model. */
    static PicturePipeline pipeline(
            ModelBundle bundle, TaskSettings settings, int maxBatch, BatchingEncoder.Run model) {
        PipelineCounts counts = PipelineCounts.OF_THIS_PROCESS;
        PictureSquares squares = squares(bundle.image(), settings);
        BatchingEncoder encoder = new BatchingEncoder(
                maxBatch,
                squares.squareBytes(),
                bundle.dimension(),
                settings.lingerNanos(),
                settings.runs(),
                System::nanoTime,
                counting(model, maxBatch, counts));
        return new PicturePipeline(
                        settings.limits(processors(), maxBatch), over(squares), encoder, counts, System::nanoTime)
                .watched();
    }

    private static BatchingEncoder.Run counting(BatchingEncoder.Run model, int maxBatch, PipelineCounts counts) {
        return (pixels, n) -> {
            long begin = System.nanoTime();
            try {
                return model.encode(pixels, n);
            } finally {
                counts.add(Count.ENCODE_SECONDS, System.nanoTime() - begin);
                counts.add(Count.MODEL_RUNS, 1);
                counts.add(Count.MODEL_PICTURES, n);
                counts.add(Count.MODEL_PLACES, maxBatch);
            }
        };
    }

    private static PictureSquares squares(ImageSpec spec, TaskSettings settings) {
        return new PictureSquares(spec, settings.decodeLimits(), settings.applyOrientation(), settings.fastDecode());
    }

    private static PicturePipeline.Squares over(PictureSquares squares) {
        return new PicturePipeline.Squares() {
            @Override
            public long claimedPixels(byte[] file) {
                PictureSize size = squares.claimedSize(file);
                return (long) size.width() * size.height();
            }

            @Override
            public PictureSize prepare(byte[] file, ByteBuffer out, int at) {
                return squares.prepare(file, out, at);
            }
        };
    }

    /** A text encoder of the caller's own. */
    static TextEncoder texts(Location location, TaskSettings settings) {
        return TextEncoder.open(location.open(), settings.encoder(deviceOfTask(), processors()));
    }

    /** Processors of this executor: several may share a host. */
    private static int processors() {
        int all = Runtime.getRuntime().availableProcessors();
        SparkEnv spark = SparkEnv.get();
        return spark == null ? all : Math.min(all, spark.conf().getInt("spark.executor.cores", all));
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
}
