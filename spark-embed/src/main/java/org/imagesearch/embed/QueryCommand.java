package org.imagesearch.embed;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.program.Programs;
import org.imagesearch.core.query.Query;
import org.imagesearch.core.query.QueryLimits;
import org.imagesearch.core.query.QueryParser;
import org.imagesearch.core.settings.Settings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code bin/query}: answers queries of the server's JSON by comparing them with every embedding of a dataset. Exit status 0 done, 1
 * failed, 2 wrong usage, told in one line.
 */
@Command(
        name = "query",
        description =
                "Compares queries, in the JSON that the server takes, with every embedding of a dataset and writes the hits as Parquet:"
                        + " as many as are wanted, or all above minScore.",
        mixinStandardHelpOptions = true,
        version = "imagesearch query 0.1.0",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class QueryCommand implements Callable<Integer> {
    private static final int MAX_QUERIES = 1000;
    private static final int MAX_BYTES = 64 << 20;
    private static final int MAX_TERMS = 1000;
    private static final int MAX_TEXT_LENGTH = 100_000;
    private static final int DEFAULT_K = 20;

    /** So that what a query does not say shows. */
    private static final int UNSAID = Integer.MAX_VALUE;

    @Spec
    private CommandSpec spec;

    @Option(names = "--embeddings", required = true, paramLabel = "DIR", description = "dataset of bin/embed")
    private String embeddings;

    @Option(names = "--model", required = true, paramLabel = "BUNDLE", description = "model bundle that made it")
    private Path model;

    @Option(
            names = "--query",
            required = true,
            paramLabel = "FILE|JSON",
            description =
                    "a query as POST /search takes it, or {\"queries\": [...]}: a file, or the JSON itself. Without k,"
                            + " everything at or above minScore is a hit; without both, k is 20")
    private String query;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "folder to write, not there yet")
    private String output;

    @Option(names = "--index", paramLabel = "DIR", description = "leave out pictures that are taken down in this index")
    private Path index;

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
        return Programs.endingInOneLine(new CommandLine(new QueryCommand())).execute(arguments);
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        long begin = System.nanoTime();
        EmbedSettings settings = Settings.load("embed", Optional.ofNullable(conf), System.getenv(), Map.of())
                .bind(EmbedSettings.class);
        byte[] json = json();
        ModelBundle bundle = ModelBundle.open(model.toAbsolutePath());
        List<Query> queries = queries(json, bundle.dimension());
        long[] down = index == null ? new long[0] : Takedowns.read(index);
        try (SparkSession spark = SparkSessions.start("imagesearch query", Optional.ofNullable(master))) {
            DatasetFolder folder =
                    DatasetFolder.open(embeddings, spark.sparkContext().hadoopConfiguration());
            DatasetManifest manifest = QueryJob.manifest(folder);
            manifest.model()
                    .requireSame(
                            "the dataset " + folder.root(), bundle.fingerprint(), "the model " + bundle.directory());
            org.apache.hadoop.fs.Path target = target(spark);
            QueryJob job = new QueryJob(spark, folder, manifest, out);
            requireFiltersFit(queries, job);
            List<float[]> vectors =
                    new QueryTerms(bundle, settings).encode(queries, job.embeddings(QueryTerms.ids(queries)));
            List<QueryScan.Asked> asked = new ArrayList<>();
            for (int i = 0; i < queries.size(); i++) {
                Query one = queries.get(i);
                asked.add(new QueryScan.Asked(
                        vectors.get(i),
                        one.k(),
                        one.minScore().orElse(Double.NEGATIVE_INFINITY),
                        one.filter().map(Filter::text).orElse("")));
            }
            boolean withVectors = queries.stream().anyMatch(Query::withVectors);
            long hits = job.run(asked, down, withVectors, target);
            out.printf(
                    Locale.ROOT,
                    "%,d hits of %d %s written to %s, %.1f s%n",
                    hits,
                    queries.size(),
                    queries.size() == 1 ? "query" : "queries",
                    output,
                    (System.nanoTime() - begin) / 1e9);
            out.flush();
        }
        return CommandLine.ExitCode.OK;
    }

    private static void requireFiltersFit(List<Query> queries, QueryJob job) throws IOException {
        List<Filter> filters =
                queries.stream().flatMap(one -> one.filter().stream()).toList();
        if (!filters.isEmpty()) {
            Columns columns = job.columns();
            filters.forEach(filter -> filter.requireFits(columns));
        }
    }

    /** Before anything is read: hours would be lost. */
    private org.apache.hadoop.fs.Path target(SparkSession spark) throws IOException {
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(output);
        if (path.getFileSystem(spark.sparkContext().hadoopConfiguration()).exists(path)) {
            throw ImageSearchException.input("--output %s is there already", output);
        }
        return path;
    }

    private byte[] json() {
        if (query.strip().startsWith("{")) {
            return query.getBytes(StandardCharsets.UTF_8);
        }
        Path file = Path.of(query);
        if (!Files.isRegularFile(file)) {
            throw ImageSearchException.input("--query %s is neither a file nor a JSON object", query);
        }
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw ImageSearchException.input("--query %s is larger than %d bytes", query, MAX_BYTES);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "cannot read --query " + query + ": " + e, e);
        }
    }

    private static List<Query> queries(byte[] json, int dimension) {
        QueryParser parser =
                new QueryParser(new QueryLimits(UNSAID, dimension, MAX_TERMS, MAX_TEXT_LENGTH, MAX_TERMS, MAX_BYTES));
        List<Query> queries = new ArrayList<>();
        for (JsonNode one : parser.oneOrMoreFromJson(json, MAX_QUERIES)) {
            queries.add(supported(parser.fromJson(one)));
        }
        return queries;
    }

    /** What stands for less than every picture counts for nothing here; what only a server can answer is refused. */
    private static Query supported(Query query) {
        Map<String, Boolean> unsupported = Map.of(
                "nearDuplicates", query.nearDuplicates().isPresent(),
                "calibrated, cutoff and minPercentile", query.standing().isAsked(),
                "facets", !query.facets().isEmpty(),
                "cursor", query.cursor().isPresent());
        unsupported.forEach((name, asked) -> {
            if (asked) {
                throw ImageSearchException.input("%s cannot be asked of a whole dataset, but of a server alone", name);
            }
        });
        if (query.k() < 1) {
            throw ImageSearchException.input("k is %d, expected 1 or more", query.k());
        }
        boolean bounded = query.k() != UNSAID || query.minScore().isPresent();
        return bounded ? query : query.withK(DEFAULT_K);
    }
}
