package org.imagesearch.merge;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.Growth;
import org.imagesearch.core.settings.Settings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bin/merge plan}: what an index that is not there yet will need. */
@Command(
        name = "plan",
        description = {
            "Tells lists, shards, bytes, machines and times of an index of so many pictures, by a model that is fitted to"
                    + " measured indexes.",
            "docs/SIZING.md says how well it predicts."
        },
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true)
final class PlanCommand implements Callable<Integer> {
    private static final long MOST_PICTURES = 1_000_000_000_000L;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--pictures",
            required = true,
            paramLabel = "N",
            description = "pictures, for example 2000000 or 5e9")
    private String pictures;

    @Option(
            names = "--memory",
            required = true,
            paramLabel = "SIZE",
            description = "memory of a machine that serves, for example 64GiB")
    private String memory;

    @Option(names = "--target-recall", paramLabel = "R", description = "recall@10 of a query, 0 to 1 (default: 0.95)")
    private Double targetRecall;

    @Option(
            names = "--dimension",
            paramLabel = "D",
            defaultValue = "512",
            description = "floats per embedding (default: ${DEFAULT-VALUE})")
    private int dimension;

    @Option(
            names = "--cores",
            paramLabel = "N",
            description = "cores that build, and of a machine that serves (default: this machine's)")
    private Integer cores;

    @Option(names = "--nlist", paramLabel = "N", description = "inverted lists (default: what bin/merge would choose)")
    private Integer nlist;

    @Option(names = "--shards", paramLabel = "N", description = "shards (default: what bin/merge would choose)")
    private Integer shards;

    @Option(
            names = "--growth",
            paramLabel = "FILE",
            description = "measurements of your machine, by bin/bench growth --output FILE (default: ours)")
    private Path growth;

    @Option(names = "--conf", paramLabel = "FILE", description = "settings, HOCON")
    private Path conf;

    @Override
    public Integer call() {
        long count = count(pictures);
        long bytes = bytes(memory);
        requireRange("--dimension", dimension, 1, 8192);
        int building = cores == null ? Runtime.getRuntime().availableProcessors() : cores;
        requireRange("--cores", building, 1, 1_000_000);
        MergeSettings settings = Settings.load("merge", Optional.ofNullable(conf), System.getenv(), given())
                .bind(MergeSettings.class);
        CostModel model = CostModel.fittedTo(measured());
        IndexPlan plan = IndexPlan.of(count, dimension, bytes, settings, model);
        PrintWriter out = spec.commandLine().getOut();
        out.print(plan.render(bytes, building));
        out.print(basis(model, count));
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private Map<String, String> given() {
        Map<String, String> given = new HashMap<>();
        if (targetRecall != null) {
            given.put("target-recall", targetRecall.toString());
        }
        if (nlist != null) {
            requireRange("--nlist", nlist, 1, 1 << 22);
            given.put("nlist", nlist.toString());
        }
        if (shards != null) {
            requireRange("--shards", shards, 1, 100_000);
            given.put("shards", shards.toString());
        }
        return given;
    }

    private Growth measured() {
        if (growth == null) {
            return CostModel.measured();
        }
        try {
            return Growth.fromJson(Files.readAllBytes(growth), growth.toString());
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "cannot read --growth " + growth + ": " + e, e);
        }
    }

    private static String basis(CostModel model, long pictures) {
        long least = model.growth().points().stream()
                .mapToLong(Growth.Point::pictures)
                .min()
                .orElseThrow();
        long most = model.growth().points().stream()
                .mapToLong(Growth.Point::pictures)
                .max()
                .orElseThrow();
        String beyond = pictures > most
                ? String.format(Locale.ROOT, "; this plan goes %.3g times beyond", (double) pictures / most)
                : "";
        return String.format(
                Locale.ROOT,
                "%-10s%s; %d indexes of %,d to %,d made-up pictures, the model is at most %.0f%% off there%s%n",
                "basis",
                model.growth().machine(),
                model.growth().points().size(),
                least,
                most,
                100 * model.worstError(),
                beyond);
    }

    private static long count(String text) {
        try {
            BigDecimal number = new BigDecimal(text.replace("_", ""));
            // Compared before it is written out: 1e999999 has a million digits.
            if (number.signum() > 0 && number.compareTo(BigDecimal.valueOf(MOST_PICTURES)) <= 0) {
                return number.longValueExact();
            }
        } catch (ArithmeticException | NumberFormatException e) {
            // told below
        }
        throw ImageSearchException.input(
                "--pictures is '%s', expected a whole number from 1 to %d, which may be written 5e9",
                text, MOST_PICTURES);
    }

    private static long bytes(String text) {
        try {
            long bytes = ConfigFactory.parseMap(Map.of("memory", text)).getBytes("memory");
            if (bytes >= 1 << 20) {
                return bytes;
            }
        } catch (ConfigException e) {
            // told below
        }
        throw ImageSearchException.input("--memory is '%s', expected a size of 1 MiB or more, for example 64GiB", text);
    }

    private static void requireRange(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw ImageSearchException.input("%s is %d, expected %d to %d", option, value, least, most);
        }
    }
}
