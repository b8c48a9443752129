package org.imagesearch.embed;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.io.Serializable;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.imagesearch.embed.PipelineCounts.Count;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells Spark's metrics system what the embedding job does. Each executor has {@code executor.*}, for sinks that executors have; it tells
 * the driver every few seconds, which has the sums of all that there are and were, {@code job.*}, for the one place that is asked over
 * HTTP. Spark makes it, by its name in {@code spark.plugins}.
 */
public final class EmbedMetrics implements SparkPlugin {
    private static final Logger LOG = LoggerFactory.getLogger(EmbedMetrics.class);
    private static final long TELL_SECONDS = 2;

    /** What an executor did so far. */
    private record Told(String executor, EnumMap<Count, Long> values) implements Serializable {}

    @Override
    public DriverPlugin driverPlugin() {
        return new OnDriver();
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return new OnExecutor();
    }

    private static void register(MetricRegistry registry, String prefix, ToLongFunction<Count> values) {
        for (Count count : Count.values()) {
            Gauge<Number> gauge = () -> count.told(values.applyAsLong(count));
            registry.register(prefix + "." + count.text(), gauge);
        }
    }

    private static final class OnDriver implements DriverPlugin {
        /** Those that are lost stay, so that sums never fall. As many as the job had executors. */
        private final Map<String, Map<Count, Long>> byExecutor = new ConcurrentHashMap<>();

        @Override
        public Map<String, String> init(SparkContext spark, PluginContext context) {
            return Map.of();
        }

        @Override
        public void registerMetrics(String application, PluginContext context) {
            register(context.metricRegistry(), "job", count -> byExecutor.values().stream()
                    .mapToLong(values -> values.get(count))
                    .sum());
        }

        @Override
        public Object receive(Object message) {
            Told told = (Told) message;
            byExecutor.put(told.executor(), told.values());
            return null;
        }
    }

    private static final class OnExecutor implements ExecutorPlugin {
        private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "embed-metrics");
            thread.setDaemon(true);
            return thread;
        });
        private PluginContext context;
        private EnumMap<Count, Long> before = new EnumMap<>(Count.class);

        @Override
        public void init(PluginContext given, Map<String, String> unused) {
            context = given;
            register(context.metricRegistry(), "executor", PipelineCounts.OF_THIS_PROCESS::value);
            var unusedTimer = timer.scheduleWithFixedDelay(this::tell, TELL_SECONDS, TELL_SECONDS, TimeUnit.SECONDS);
        }

        private void tell() {
            EnumMap<Count, Long> now = PipelineCounts.OF_THIS_PROCESS.values();
            if (now.equals(before)) {
                return;
            }
            try {
                context.send(new Told(context.executorID(), now));
                before = now;
            } catch (IOException | RuntimeException e) {
                // The work goes on without it, and the next time tells it all.
                LOG.debug("event=metrics-not-told", e);
            }
        }

        @Override
        public void shutdown() {
            timer.shutdownNow();
        }
    }
}
