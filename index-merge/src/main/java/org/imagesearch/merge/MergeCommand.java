package org.imagesearch.merge;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.program.Programs;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.faiss.FaissLibrary;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code bin/merge}: builds an index from a dataset of embeddings. Exit status 0 done, 1 failed, 2 wrong usage, told in one
 * line.
 */
@Command(
        name = "merge",
        description = "Builds a generation of an index from a dataset of embeddings and publishes it.",
        mixinStandardHelpOptions = true,
        version = "imagesearch merge 0.1.0",
        sortOptions = false,
        usageHelpAutoWidth = true,
        synopsisSubcommandLabel = "[COMMAND]",
        commandListHeading = "%nCommands:%n",
        subcommands = {
            CompactCommand.class,
            GenerationsCommand.class,
            VerifyCommand.class,
            RollbackCommand.class,
            PruneCommand.class,
            PlanCommand.class
        })
public final class MergeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(MergeCommand.class);

    @Spec
    private CommandSpec spec;

    // Not "required" for picocli, which would ask for them in front of a subcommand, too.
    @Option(names = "--embeddings", paramLabel = "DIR", description = "dataset that bin/embed wrote (required)")
    private String embeddings;

    @Option(
            names = "--index",
            paramLabel = "DIR",
            description =
                    "index to write: a directory that this machine and all executors see at the same path (required)")
    private String index;

    @Option(names = "--shards", paramLabel = "N", description = "shards to build (default: a million pictures each)")
    private Integer shards;

    @Option(
            names = "--nlist",
            paramLabel = "N",
            description = "inverted lists; auto chooses by the number of pictures (default: auto)")
    private String nlist;

    @Option(
            names = "--factory",
            paramLabel = "S",
            description =
                    "what the index holds, as a Faiss factory string: IVF<nlist>,Flat (default), or SQfp16, SQ8, PQ<m> in place of Flat, and ,RFlat or ,Refine(SQfp16) behind these to compare hits again; without a number, nlist is auto")
    private String factory;

    @Option(
            names = "--target-recall",
            paramLabel = "R",
            description = "recall@10 that the default nprobe reaches, 0 to 1 (default: 0.95)")
    private Double targetRecall;

    @Option(
            names = "--add",
            description = "keep the published shards and add new pictures as new shards under the same centroids")
    private boolean add;

    @Option(names = "--seed", paramLabel = "N", description = "seed of samples and training (default: 1)")
    private Integer seed;

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
        return Programs.endingInOneLine(new CommandLine(new MergeCommand())).execute(arguments);
    }

    @Override
    public Integer call() {
        requireGiven("--embeddings", embeddings);
        requireGiven("--index", index);
        PrintWriter out = spec.commandLine().getOut();
        long begin = System.nanoTime();
        Settings settings = Settings.load("merge", Optional.ofNullable(conf), System.getenv(), commandLineSettings());
        MergeRequest request = new MergeRequest(
                embeddings, IndexOption.localDirectory(index), add, settings.bind(MergeSettings.class));
        LOG.info("settings={}", settings.render());
        // Before anything is read: the driver trains.
        FaissLibrary.require();
        try (SparkSession session = SparkSessions.open(Optional.ofNullable(master))) {
            JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
            MergeSummary summary = new MergeJob(spark, request, (step, message) -> {
                        out.printf(Locale.ROOT, "[%6.1f s] %s%n", secondsSince(begin), message);
                        out.flush();
                    })
                    .run();
            out.println(describe(summary, request, secondsSince(begin)));
            out.flush();
        }
        return CommandLine.ExitCode.OK;
    }

    private Map<String, String> commandLineSettings() {
        Map<String, String> given = new HashMap<>();
        BiConsumer<String, Object> put = (key, value) -> {
            if (value != null) {
                given.put(key, value.toString());
            }
        };
        put.accept("shards", shards);
        put.accept("target-recall", targetRecall);
        put.accept("seed", seed);
        put.accept("nlist", nlist == null ? null : IndexSize.nlistGiven(nlist));
        put.accept("factory", factory);
        if (shards != null && shards <= 0) {
            throw ImageSearchException.input("--shards is %d, expected 1 or more", shards);
        }
        return given;
    }

    private void requireGiven(String name, String value) {
        if (value == null) {
            OptionSpec option = spec.findOption(name);
            throw new MissingParameterException(
                    spec.commandLine(), option, "Missing required option: '" + name + "=" + option.paramLabel() + "'");
        }
    }

    private static String describe(MergeSummary summary, MergeRequest request, double seconds) {
        if (summary.manifest().isEmpty()) {
            return "nothing to add: every picture of the dataset is in " + request.index() + " or taken down";
        }
        IndexManifest manifest = summary.manifest().get();
        return String.format(
                Locale.ROOT,
                "%s: %,d pictures (%,d new) in %d shards, nlist %d, default nprobe %d, %.1f s",
                manifest.generation(),
                manifest.count(),
                summary.added(),
                manifest.shards().size(),
                manifest.nlist(),
                manifest.defaultNprobe(),
                seconds);
    }

    private static double secondsSince(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }
}
