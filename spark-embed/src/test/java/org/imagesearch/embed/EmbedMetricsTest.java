package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of a run, as Spark's own servlets have it with the settings of {@code conf}. */
class EmbedMetricsTest {
    private static final String OURS = "plugin.org.imagesearch.embed.EmbedMetrics.";
    private static final long PATIENCE_NANOS = 50_000_000_000L;

    private final Map<String, String> settings = new HashMap<>();
    private SparkSession spark;

    @TempDir
    Path folder;

    /** A session of its own: what other tests use has no UI. */
    @BeforeEach
    void start() throws IOException {
        LocalSpark.session().close();
        Properties given = new Properties();
        try (var in = Files.newInputStream(Path.of("../conf/spark-defaults.conf"))) {
            given.load(in);
        }
        given.forEach((key, value) -> settings.put(key.toString(), value.toString()));
        settings.put("spark.ui.enabled", "true");
        settings.put("spark.ui.port", "0");
        settings.forEach(System::setProperty);
        spark = SparkSessions.start("metrics", Optional.of("local[2]"), Optional.of(EmbedMetrics.class));
    }

    @AfterEach
    void stop() {
        spark.close();
        settings.keySet().forEach(System::clearProperty);
    }

    @Test
    void sparksServletsTellWhatTheJobDid() throws Exception {
        long bytes = 0;
        for (int i = 0; i < 9; i++) {
            Path picture = folder.resolve("pictures/" + i + ".jpg");
            DrawnPictures.draw(picture, i);
            bytes += Files.size(picture);
        }
        DrawnPictures.write(folder.resolve("pictures/empty.jpg"), new byte[0]);
        DrawnPictures.write(folder.resolve("pictures/noise.png"), new byte[] {1, 2, 3});
        double embeddedBefore = json("executor.pictures_embedded");
        double failedBefore = json("executor.pictures_failed_decode");
        double bytesBefore = json("executor.bytes_read");
        double picturesBefore = json("executor.model_pictures");

        DatasetUnderTest.in(folder.resolve("out")).embed(folder.resolve("pictures"));

        assertThat(json("executor.pictures_embedded") - embeddedBefore).isEqualTo(9);
        assertThat(json("executor.pictures_failed_decode") - failedBefore).isEqualTo(2);
        assertThat(json("executor.bytes_read") - bytesBefore).isEqualTo((double) (bytes + 3));
        assertThat(json("executor.model_pictures") - picturesBefore).isEqualTo(9);
        assertThat(json("executor.model_places"))
                .isGreaterThanOrEqualTo(json("executor.model_pictures"))
                .isGreaterThanOrEqualTo(8 * json("executor.model_runs"));
        for (String stage : new String[] {"read", "decode", "encode"}) {
            assertThat(json("executor." + stage + "_seconds")).as(stage).isBetween(1e-6, 600.0);
        }
        // The executor tells its driver every few seconds.
        awaitTold("job.pictures_embedded", json("executor.pictures_embedded"));
        awaitTold("job.pictures_failed_decode", json("executor.pictures_failed_decode"));
        assertThat(get("/metrics/prometheus"))
                .contains("metrics_imagesearch_driver_plugin_org_imagesearch_embed_EmbedMetrics_job_bytes_read_Value");
    }

    private void awaitTold(String name, double value) throws Exception {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (prometheus(name) != value) {
            assertThat(System.nanoTime()).as(name).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private double json(String name) throws Exception {
        JsonNode gauge = new ObjectMapper()
                .readTree(get("/metrics/json"))
                .path("gauges")
                .path("imagesearch.driver." + OURS + name)
                .path("value");
        assertThat(gauge.isNumber()).as(name).isTrue();
        return gauge.asDouble();
    }

    private double prometheus(String name) throws Exception {
        String key = ("metrics_imagesearch_driver_" + OURS + name).replace('.', '_') + "_Value";
        Matcher line = Pattern.compile("(?m)^" + key + "\\{[^}]*} (\\S+)$").matcher(get("/metrics/prometheus"));
        assertThat(line.find()).as(key).isTrue();
        return Double.parseDouble(line.group(1));
    }

    private String get(String path) throws Exception {
        URI address = URI.create(spark.sparkContext().uiWebUrl().get() + path + "/");
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString())
                .body();
    }
}
