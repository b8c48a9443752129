package org.imagesearch.embed;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.program.Programs;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.embed.EmbedSettings.TaskSettings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * How fast this host feeds a model: the pipeline of an executor from files to full batches, with a stand-in for the model that
 * uses no processor. Tells how many processors an accelerator needs beside it, without having one.
 */
@Command(
        name = "feed",
        description =
                "Reads and decodes pictures as an executor does, over and over, for a model that is only waited for.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class FeedCommand implements Callable<Integer> {
    private static final long LOOK_MILLIS = 200;

    @Spec
    private CommandSpec spec;

    @Option(names = "--input", required = true, paramLabel = "DIR", description = "folder of pictures")
    private Path input;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "BUNDLE",
            description = "bundle that says the square's size")
    private Path model;

    @Option(
            names = "--accelerator",
            paramLabel = "N",
            defaultValue = "0",
            description = "pictures/s of the stand-in; 0 for one that takes no time (default)")
    private double accelerator;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "10",
            description = "after as long to warm up (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--decoders",
            paramLabel = "N",
            defaultValue = "0",
            description = "threads (default: one per processor)")
    private int decoders;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "32",
            description = "pictures (default: ${DEFAULT-VALUE})")
    private int batch;

    @Option(names = "--fast-decode", description = "decode large JPEGs at a smaller scale")
    private boolean fastDecode;

    /** The program. */
    public static void main(String[] arguments) {
        System.exit(Programs.endingInOneLine(new CommandLine(new FeedCommand())).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        ModelBundle bundle = ModelBundle.open(model.toAbsolutePath());
        Map<String, String> given = new HashMap<>(Map.of(
                "pipeline.decoders", Integer.toString(decoders),
                "model.batch", Integer.toString(batch),
                "picture.fast-decode", Boolean.toString(fastDecode)));
        TaskSettings settings = Settings.load("embed", Optional.empty(), Map.of(), given)
                .bind(EmbedSettings.class)
                .forTasks();
        List<ListedPicture> pictures = list();
        PictureContents contents = new PictureContents(settings, new Configuration());
        BatchingEncoder.Run standIn = accelerator > 0
                ? new StandIn(accelerator, bundle.dimension())::encode
                : (pixels, n) -> new float[n * bundle.dimension()];
        try (PicturePipeline pipeline = ExecutorModel.pipeline(bundle, settings, batch, standIn);
                PicturePipeline.Share share = pipeline.share()) {
            Feed feed = new Feed(share, pictures, contents);
            feed.run(seconds);
            double rate = feed.run(seconds);
            spec.commandLine().getOut().printf(Locale.ROOT, "{\"pictures/s\":%.2f}%n", rate);
        }
        return CommandLine.ExitCode.OK;
    }

    private List<ListedPicture> list() throws IOException {
        try (Stream<Path> files = Files.walk(input)) {
            List<ListedPicture> pictures = files.filter(Files::isRegularFile)
                    .sorted()
                    .map(file -> new ListedPicture(0, file.toUri().toString(), null, 0))
                    .toList();
            if (pictures.isEmpty()) {
                throw ImageSearchException.input("--input %s: there are no files there", input);
            }
            return pictures;
        }
    }

    /** One task that never ends. */
    private static final class Feed {
        private final PicturePipeline.Share share;
        private final List<ListedPicture> pictures;
        private final PictureContents contents;
        private final Deque<PictureOnItsWay> inFlight = new ArrayDeque<>();
        private int next;

        Feed(PicturePipeline.Share share, List<ListedPicture> pictures, PictureContents contents) {
            this.share = share;
            this.pictures = pictures;
            this.contents = contents;
        }

        /** Pictures per second. */
        double run(int seconds) throws InterruptedException, ExecutionException {
            long begin = System.nanoTime();
            long end = begin + TimeUnit.SECONDS.toNanos(seconds);
            long fed = 0;
            while (System.nanoTime() < end) {
                handIn();
                if (inFlight.removeFirst().outcome().get() instanceof PictureOutcome.Failed failed) {
                    throw ImageSearchException.data("a picture failed: %s", failed);
                }
                fed++;
            }
            return fed * 1e9 / (System.nanoTime() - begin);
        }

        private void handIn() throws InterruptedException {
            while (inFlight.size() < share.size()) {
                ListedPicture listed = pictures.get(next);
                Optional<PictureOnItsWay> picture =
                        share.submit(contents.of(listed), inFlight.isEmpty() ? LOOK_MILLIS : 0);
                if (picture.isEmpty()) {
                    return;
                }
                inFlight.add(picture.get());
                next = (next + 1) % pictures.size();
            }
        }
    }

    /** Takes as long for a batch as an accelerator of some speed would, and sleeps meanwhile. */
    private static final class StandIn {
        private final double picturesPerSecond;
        private final int dimension;

        StandIn(double picturesPerSecond, int dimension) {
            this.picturesPerSecond = picturesPerSecond;
            this.dimension = dimension;
        }

        synchronized float[] encode(ByteBuffer pixels, int n) {
            long end = System.nanoTime() + (long) (n * 1e9 / picturesPerSecond);
            for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            return new float[n * dimension];
        }
    }
}
