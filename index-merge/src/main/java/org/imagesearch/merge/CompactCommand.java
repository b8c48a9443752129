package org.imagesearch.merge;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.settings.Settings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bin/merge compact}: folds small shards together and removes taken-down pictures. */
@Command(
        name = "compact",
        description =
                "Folds small shards together and leaves taken-down pictures out, as a new generation of the index.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true)
final class CompactCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(CompactCommand.class);

    @Spec
    private CommandSpec spec;

    @Mixin
    private IndexOption index;

    @Option(names = "--shards", paramLabel = "N", description = "shards that there shall be, of like size")
    private Integer shards;

    @Option(
            names = "--pictures-per-shard",
            paramLabel = "N",
            description = "without --shards: pictures in a shard at most (default: a million)")
    private Long picturesPerShard;

    @Option(
            names = "--master",
            paramLabel = "URL",
            description = "Spark master (default: spark-submit's, else local[*])")
    private String master;

    @Option(names = "--conf", paramLabel = "FILE", description = "settings, HOCON")
    private Path conf;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        long begin = System.nanoTime();
        CompactionRequest request = request();
        CompactionSummary summary;
        try (LazySpark spark = new LazySpark(Optional.ofNullable(master))) {
            summary = new CompactionJob(spark::context, request, (step, message) -> {
                        out.printf(Locale.ROOT, "[%6.1f s] %s%n", secondsSince(begin), message);
                        out.flush();
                    })
                    .run();
        }
        out.println(describe(summary, request, secondsSince(begin)));
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private CompactionRequest request() {
        if (shards != null && picturesPerShard != null) {
            throw ImageSearchException.input(
                    "--shards and --pictures-per-shard contradict each other: give one of them");
        }
        if (shards != null && shards <= 0) {
            throw ImageSearchException.input("--shards is %d, expected 1 or more", shards);
        }
        Map<String, String> given = new HashMap<>();
        if (picturesPerShard != null) {
            given.put("pictures-per-shard", picturesPerShard.toString());
        }
        Settings settings = Settings.load("merge", Optional.ofNullable(conf), System.getenv(), given);
        LOG.info("settings={}", settings.render());
        return new CompactionRequest(
                index.directory(),
                shards == null ? OptionalInt.empty() : OptionalInt.of(shards),
                settings.bind(MergeSettings.class).picturesPerShard());
    }

    private static String describe(CompactionSummary summary, CompactionRequest request, double seconds) {
        if (summary.manifest().isEmpty()) {
            return "nothing to compact: no taken-down pictures and no small shards in " + request.index();
        }
        IndexManifest manifest = summary.manifest().get();
        return String.format(
                Locale.ROOT,
                "%s: %,d pictures in %d shards (%d written anew, %,d taken-down pictures left out), recall as measured in"
                        + " %s, %.1f s",
                manifest.generation(),
                manifest.count(),
                manifest.shards().size(),
                summary.written(),
                summary.removed(),
                manifest.measured().orElseThrow(),
                seconds);
    }

    private static double secondsSince(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }
}
