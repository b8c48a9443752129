package org.imagesearch.embed;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.dataset.ExportLayout;
import org.imagesearch.core.program.Programs;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.embed.EmbedSettings.IdSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code bin/import-embeddings}: turns embeddings that clip-retrieval or {@code bin/export} wrote into a dataset. Exit status 0
 * done, 1 failed, 2 wrong usage, told in one line.
 */
@Command(
        name = "import-embeddings",
        description =
                "Turns embeddings of clip-retrieval (folders img_emb and metadata), or of bin/export, into a dataset as bin/embed"
                        + " leaves one. Run again, it goes on where it stopped.",
        mixinStandardHelpOptions = true,
        version = "imagesearch import-embeddings 0.1.0",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class ImportCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ImportCommand.class);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "DIR",
            description = "folder with img_emb/*.npy and metadata/*.parquet")
    private String input;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "dataset to write or to go on with")
    private String output;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "BUNDLE",
            description =
                    "bundle of the model that made the embeddings, and that will encode queries. Files of clip-retrieval do not"
                            + " name theirs: no more than the dimension is compared")
    private Path model;

    @Option(
            names = "--uri-column",
            paramLabel = "NAME",
            defaultValue = ExportLayout.IMAGE_PATH,
            description =
                    "column of the metadata that says where pictures are (default: ${DEFAULT-VALUE}); url for pictures that"
                            + " img2dataset fetched")
    private String uriColumn;

    @Option(
            names = "--ids",
            paramLabel = "HOW",
            description =
                    "ids of new pictures: sequence, filename, or column: the column id (default: column for what bin/export"
                            + " wrote, else sequence)")
    private String ids;

    @Option(
            names = "--wave-size",
            paramLabel = "N",
            description = "pictures per atomic commit (default: 20000); more are faster")
    private Integer waveSize;

    @Option(
            names = "--max-failures",
            paramLabel = "N|N%",
            description = "end early once so many embeddings, or so great a share, cannot be taken (default: off)")
    private String maxFailures;

    @Option(
            names = "--master",
            paramLabel = "URL",
            description = "Spark master (default: spark-submit's, else local[*])")
    private String master;

    @Option(names = "--conf", paramLabel = "FILE", description = "settings of bin/embed, HOCON")
    private Path conf;

    /** The program. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Runs the program without ending the process and returns its exit status. */
    static int execute(String... arguments) {
        return Programs.endingInOneLine(new CommandLine(new ImportCommand())).execute(arguments);
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        long begin = System.nanoTime();
        Settings settings = Settings.load("embed", Optional.ofNullable(conf), System.getenv(), commandLineSettings());
        EmbedSettings bound = settings.bind(EmbedSettings.class);
        ModelBundle bundle = ModelBundle.open(model.toAbsolutePath());
        EmbedCommand.requireUsable(bundle, bound);
        LOG.info("settings={}", settings.render());
        try (SparkSession spark = SparkSessions.start("imagesearch import-embeddings", Optional.ofNullable(master))) {
            ImportedFolder folder = ImportedFolder.open(
                    input, bundle.dimension(), spark.sparkContext().hadoopConfiguration());
            requireSameModel(folder, bundle, out);
            EmbedSettings used = folder.export().isPresent() && ids == null ? bound.withIds(IdSource.COLUMN) : bound;
            EmbedJob job = new EmbedJob(
                    spark, used, bundle, EmbedCommand.location(spark, bundle), source(bundle), output, out);
            ImportedPictures pictures = new ImportedPictures(spark, used, folder, uriColumn);
            describe(job.run(pictures::find, false), (System.nanoTime() - begin) / 1e9, out);
        }
        return CommandLine.ExitCode.OK;
    }

    private Map<String, String> commandLineSettings() {
        Map<String, String> given = new HashMap<>();
        if (ids != null) {
            given.put("ids", ids);
        }
        if (waveSize != null) {
            given.put("wave-size", waveSize.toString());
        }
        if (maxFailures != null) {
            given.put("max-failures", maxFailures);
        }
        return given;
    }

    private static TaskRows.Source source(ModelBundle bundle) {
        int dimension = bundle.dimension();
        return (pictures, configuration, done, failures) ->
                new ImportedRows(pictures, dimension, configuration, done, failures);
    }

    private void requireSameModel(ImportedFolder folder, ModelBundle bundle, PrintWriter out) {
        if (folder.export().isPresent()) {
            folder.export()
                    .get()
                    .model()
                    .requireSame("the export " + input, bundle.fingerprint(), "the model " + bundle.directory());
            return;
        }
        out.printf(
                Locale.ROOT,
                "taken for embeddings of %s, for they have %d floats: nothing in the files says by which model they were made%n",
                bundle.name(),
                bundle.dimension());
    }

    private static void describe(EmbedJob.Summary summary, double seconds, PrintWriter out) {
        DatasetManifest manifest = summary.manifest();
        long failed =
                summary.errors().values().stream().mapToLong(Long::longValue).sum();
        out.printf(
                Locale.ROOT,
                "%,d embeddings imported, %,d failed, %.1f s, %.0f/s%n",
                summary.embedded(),
                failed,
                seconds,
                (summary.embedded() + failed) / seconds);
        out.printf(
                Locale.ROOT,
                "dataset: %,d listed, %,d embedded, %,d failed%n",
                manifest.listed(),
                manifest.embedded(),
                manifest.failed());
        if (failed > 0) {
            out.println("bin/embed --retry-failed embeds the pictures of those that failed, where it can reach them");
        }
        out.flush();
    }
}
