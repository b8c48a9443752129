package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.imagesearch.core.Json;

/** The pipeline of {@code bin/embed} with a stand-in for the model, in a process of its own. */
final class FeedProgram {
    private final EmbedSetup setup;

    FeedProgram(EmbedSetup setup) {
        this.setup = setup;
    }

    /**
     * Pictures/s.
     *
     * @param decoders threads
     * @param accelerator pictures/s of the stand-in; 0 for one that takes no time
     */
    double rate(int decoders, double accelerator) throws IOException, InterruptedException {
        Path log = setup.folder().resolve("feed.log");
        List<String> command = SparkJars.java(
                List.of(SparkJars.embedJar()),
                "org.imagesearch.embed.FeedCommand",
                "--input",
                setup.pictures().toString(),
                "--model",
                setup.bundle().directory().toString(),
                "--decoders",
                Integer.toString(decoders),
                "--seconds",
                Integer.toString(setup.seconds()),
                "--accelerator",
                String.format(Locale.ROOT, "%.0f", accelerator));
        List<String> lines = Program.run(log, command);
        String last = lines.get(lines.size() - 1);
        return Json.read(last.getBytes(StandardCharsets.UTF_8), JsonNode.class, "feed")
                .get("pictures/s")
                .asDouble();
    }
}
