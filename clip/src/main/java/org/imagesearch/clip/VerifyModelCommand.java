package org.imagesearch.clip;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.program.Programs;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code bin/verify-model}: whether a bundle computes on this machine what it should. Exit status 0 it does, 1 it does not, 2
 * wrong usage.
 */
@Command(
        name = "verify-model",
        description = "Computes a bundle's golden pictures and texts and compares the embeddings with those that other"
                + " software got from the same checkpoint.",
        mixinStandardHelpOptions = true,
        version = "imagesearch verify-model 0.1.0",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class VerifyModelCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "BUNDLE", description = "model bundle")
    private Path model;

    @Option(
            names = "--golden",
            paramLabel = "FILE",
            description = "other golden vectors than the bundle's own; the pictures lie beside the file")
    private Path golden;

    @Option(
            names = "--cosine",
            paramLabel = "X",
            description = "least cosine of every item, 0 to 1 (default: what the golden vectors ask for)")
    private Double cosine;

    @Option(names = "--device", paramLabel = "WHAT", defaultValue = "CPU", description = "cpu (default), cuda or auto")
    private Device device;

    /** The program. */
    public static void main(String[] arguments) {
        CommandLine command = new CommandLine(new VerifyModelCommand()).setCaseInsensitiveEnumValuesAllowed(true);
        System.exit(Programs.endingInOneLine(command).execute(arguments));
    }

    @Override
    public Integer call() {
        if (cosine != null && !(cosine > 0 && cosine <= 1)) {
            throw ImageSearchException.input("--cosine is %s, expected 0 to 1", cosine);
        }
        ModelBundle bundle = ModelBundle.open(model);
        GoldenVectors vectors = golden != null
                ? GoldenVectors.read(golden)
                : GoldenVectors.of(bundle)
                        .orElseThrow(() -> ImageSearchException.data(
                                "%s has no golden vectors: nothing to compare with", bundle.directory()));
        double least = cosine != null ? cosine : vectors.cosine();
        int processors = Runtime.getRuntime().availableProcessors();
        EncoderSettings settings =
                new EncoderSettings(device, 0, EncoderSettings.DEFAULT_GPU_MEMORY_BYTES, processors, 8);
        try (ImageEncoder images = ImageEncoder.open(bundle, settings);
                TextEncoder texts = TextEncoder.open(bundle, settings)) {
            tell("pictures", vectors.verifyPictures(bundle, images, least));
            tell("texts", vectors.verifyTexts(bundle, texts, least));
        }
        return CommandLine.ExitCode.OK;
    }

    private void tell(String kind, GoldenVectors.Agreement agreement) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "%s: %d as they should be, cosine %.7f at least, %.7f on average%n",
                kind,
                agreement.count(),
                agreement.least(),
                agreement.mean());
        out.flush();
    }
}
