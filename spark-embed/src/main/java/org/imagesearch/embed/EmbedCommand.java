package org.imagesearch.embed;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.sql.SparkSession;
import org.imagesearch.clip.Device;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.GoldenVectors;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.program.Programs;
import org.imagesearch.core.settings.Settings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code bin/embed}: turns pictures into a dataset of embeddings. Exit status 0 done, 1 failed, 2 wrong usage, told in one line.
 */
@Command(
        name = "embed",
        description =
                "Turns every picture of an input into a CLIP embedding, written as Parquet. Run again, it goes on where it"
                        + " stopped and takes in new pictures.",
        mixinStandardHelpOptions = true,
        version = "imagesearch embed 0.1.0",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class EmbedCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(EmbedCommand.class);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "X",
            description =
                    "pictures, .tar files (WebDataset) or .parquet files that list or hold pictures: a folder, a glob"
                            + " or a file; may be given several times")
    private List<String> inputs;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "dataset to write or to go on with")
    private String output;

    @Option(names = "--model", required = true, paramLabel = "BUNDLE", description = "model bundle")
    private Path model;

    @Option(
            names = "--ids",
            paramLabel = "HOW",
            description =
                    "ids of new pictures: sequence (default), filename, or column: the column id of a Parquet file")
    private String ids;

    @Option(names = "--allow-http", description = "read pictures from the http and https addresses of a Parquet file")
    private boolean allowHttp;

    @Option(names = "--wave-size", paramLabel = "N", description = "pictures per atomic commit (default: 20000)")
    private Integer waveSize;

    @Option(names = "--retry-failed", description = "try the pictures of failures/ again, too")
    private boolean retryFailed;

    @Option(
            names = "--max-failures",
            paramLabel = "N|N%",
            description =
                    "end early once so many pictures of this run, or so great a share, have failed (default: off)")
    private String maxFailures;

    @Option(
            names = "--fast-decode",
            description = "decode large JPEGs at a smaller scale: faster, but embeddings change slightly")
    private boolean fastDecode;

    @Option(names = "--device", paramLabel = "WHAT", description = "cpu (default), cuda or auto")
    private String device;

    @Option(
            names = "--master",
            paramLabel = "URL",
            description = "Spark master (default: spark-submit's, else local[*])")
    private String master;

    @Option(names = "--conf", paramLabel = "FILE", description = "settings, HOCON")
    private Path conf;

    /** The program. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Runs the program without ending the process and returns its exit status. */
    static int execute(String... arguments) {
        return Programs.endingInOneLine(new CommandLine(new EmbedCommand())).execute(arguments);
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        long begin = System.nanoTime();
        Settings settings = Settings.load("embed", Optional.ofNullable(conf), System.getenv(), commandLineSettings());
        EmbedSettings bound = settings.bind(EmbedSettings.class);
        ModelBundle bundle = ModelBundle.open(model.toAbsolutePath());
        requireUsable(bundle, bound);
        LOG.info("settings={}", settings.render());
        try (SparkSession spark = SparkSessions.start(
                "imagesearch embed", Optional.ofNullable(master), Optional.of(EmbedMetrics.class))) {
            ExecutorModel.Location location = location(spark, bundle);
            ExecutorModel.requireUsable(spark, location, bound.forTasks());
            EmbedJob.Summary summary =
                    new EmbedJob(spark, bound, bundle, location, output, out).run(inputs, retryFailed);
            describe(summary, (System.nanoTime() - begin) / 1e9, out);
        }
        return CommandLine.ExitCode.OK;
    }

    private Map<String, String> commandLineSettings() {
        Map<String, String> given = new HashMap<>();
        if (ids != null) {
            given.put("ids", ids);
        }
        if (allowHttp) {
            given.put("input.allow-http", "true");
        }
        if (waveSize != null) {
            given.put("wave-size", waveSize.toString());
        }
        if (maxFailures != null) {
            given.put("max-failures", maxFailures);
        }
        if (fastDecode) {
            given.put("picture.fast-decode", "true");
        }
        if (device != null) {
            given.put("model.device", device);
        }
        return given;
    }

    /**
     * A model or a device that cannot be used ends the job here, before a picture is touched. Both encoders are tried: captions
     * come last, and hours would be lost.
     */
    static void requireUsable(ModelBundle bundle, EmbedSettings settings) {
        // The driver of a cluster has no GPU of its own: executors check theirs.
        Device device = settings.model().device() == Device.CPU ? Device.CPU : Device.AUTO;
        EncoderSettings one =
                new EncoderSettings(device, 0, settings.model().gpuMemory().count(), 1, 1);
        try (ImageEncoder images = ImageEncoder.open(bundle, one);
                TextEncoder texts = TextEncoder.open(bundle, one)) {
            ByteBuffer stripes = ByteBuffer.allocateDirect(images.pixelBytes());
            for (int i = 0; i < stripes.capacity(); i++) {
                stripes.put(i, (byte) i);
            }
            var unusedPicture = images.encode(stripes, 1);
            var unusedText = texts.encode(List.of("stripes"));
            GoldenVectors.verify(bundle, images, texts);
        }
    }

    /** On one machine the bundle is used where it is; Spark brings it to executors elsewhere. */
    static ExecutorModel.Location location(SparkSession spark, ModelBundle bundle) throws IOException {
        Path directory = bundle.directory().toAbsolutePath().normalize();
        String fingerprint = bundle.fingerprint().value();
        if (SparkSessions.isLocal(spark.sparkContext().getConf())) {
            return new ExecutorModel.Location(directory.toString(), false, fingerprint);
        }
        // Of local folders Spark takes none, but an archive it unpacks on every executor.
        String name = "model-" + fingerprint.substring(fingerprint.length() - 12);
        spark.sparkContext().addArchive(archive(directory).toUri() + "#" + name);
        return new ExecutorModel.Location(name, true, fingerprint);
    }

    /** The folder as a zip file without compression, for weights do not shrink. Deleted when this process ends. */
    private static Path archive(Path directory) throws IOException {
        Path zip = Files.createTempFile("imagesearch-model-", ".zip");
        zip.toFile().deleteOnExit();
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip));
                Stream<Path> all = Files.walk(directory)) {
            out.setLevel(Deflater.NO_COMPRESSION);
            for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
                out.putNextEntry(new ZipEntry(directory.relativize(file).toString()));
                Files.copy(file, out);
                out.closeEntry();
            }
        }
        return zip;
    }

    private void describe(EmbedJob.Summary summary, double seconds, PrintWriter out) {
        var manifest = summary.manifest();
        long failed =
                summary.errors().values().stream().mapToLong(Long::longValue).sum();
        if (summary.embedded() + failed == 0) {
            out.printf(
                    Locale.ROOT, "nothing to do: all %,d listed pictures were dealt with before%n", manifest.listed());
        } else {
            out.printf(
                    Locale.ROOT,
                    "%,d pictures embedded, %,d failed, %.1f s, %.0f pictures/s%n",
                    summary.embedded(),
                    failed,
                    seconds,
                    (summary.embedded() + failed) / seconds);
        }
        if (summary.seconds() > 0) {
            out.printf(
                    Locale.ROOT,
                    "from the first picture to the last: %.1f s, %.1f pictures/s%n",
                    summary.seconds(),
                    (summary.embedded() + failed - 1) / summary.seconds());
        }
        if (failed > 0) {
            out.println("failures: "
                    + summary.errors().entrySet().stream()
                            .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                            .limit(8)
                            .map(error -> error.getKey() + " " + error.getValue())
                            .collect(Collectors.joining(", ")));
        }
        if (summary.ignored() > 0) {
            out.printf(Locale.ROOT, "%,d files are no pictures by their names and were left out%n", summary.ignored());
        }
        if (summary.unnameable() > 0) {
            out.printf(
                    Locale.ROOT,
                    "%,d names cannot be read under this locale and were left out: set LC_ALL=C.UTF-8%n",
                    summary.unnameable());
        }
        out.printf(
                Locale.ROOT,
                "dataset: %,d listed, %,d embedded, %,d failed, coverage %.2f%%%n",
                manifest.listed(),
                manifest.embedded(),
                manifest.failed(),
                100.0 * manifest.embedded() / Math.max(1, manifest.listed()));
        out.flush();
    }
}
