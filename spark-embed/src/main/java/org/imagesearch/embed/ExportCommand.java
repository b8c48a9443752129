package org.imagesearch.embed;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.npy.NpyType;
import org.imagesearch.core.program.Programs;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code bin/export}: writes the embeddings of a dataset as numpy arrays with tables beside them. Exit status 0 done, 1 failed, 2
 * wrong usage, told in one line.
 */
@Command(
        name = "export",
        description =
                "Writes the embeddings of a dataset as numpy arrays, with their rows as Parquet and as JSON lines: the folders"
                        + " img_emb and metadata that clip-retrieval and autofaiss read, and rows. Runs on this machine, without"
                        + " Spark.",
        mixinStandardHelpOptions = true,
        version = "imagesearch export 0.1.0",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class ExportCommand implements Callable<Integer> {
    /** What other software can be given. */
    enum Format {
        NPY
    }

    @Spec
    private CommandSpec spec;

    @Option(names = "--embeddings", required = true, paramLabel = "DIR", description = "dataset of bin/embed")
    private String embeddings;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "folder to write: not there yet, or empty")
    private String output;

    @Option(
            names = "--format",
            paramLabel = "WHAT",
            defaultValue = "npy",
            description = "npy (default, and all that there is)")
    private Format format;

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            defaultValue = "float16",
            description = "float16 (default, as clip-retrieval has it) or float32, which keeps every bit")
    private NpyType precision;

    @Option(
            names = "--rows-per-part",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "pictures in a file at most (default: ${DEFAULT-VALUE}, as clip-retrieval has it)")
    private long rowsPerPart;

    /** The program. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Runs the program without ending the process and returns its exit status. */
    static int execute(String... arguments) {
        return Programs.endingInOneLine(new CommandLine(new ExportCommand()).setCaseInsensitiveEnumValuesAllowed(true))
                .execute(arguments);
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        long begin = System.nanoTime();
        if (rowsPerPart < 1) {
            throw ImageSearchException.input("--rows-per-part is %d, expected 1 or more", rowsPerPart);
        }
        Configuration configuration = new Configuration();
        DatasetFolder folder = DatasetFolder.open(embeddings, configuration);
        DatasetManifest manifest = QueryJob.manifest(folder);
        long parts =
                switch (format) {
                    case NPY -> new NpyExport(folder, manifest, precision, rowsPerPart, configuration, out).run(output);
                };
        out.printf(
                Locale.ROOT,
                "%,d embeddings of %d %s exported to %s, %d %s, %.1f s%n",
                manifest.embedded(),
                manifest.dimension(),
                precision == NpyType.FLOAT16 ? "halves" : "floats",
                output,
                parts,
                parts == 1 ? "part" : "parts",
                (System.nanoTime() - begin) / 1e9);
        out.flush();
        return CommandLine.ExitCode.OK;
    }
}
