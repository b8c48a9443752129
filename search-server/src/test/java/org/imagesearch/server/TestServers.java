package org.imagesearch.server;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.imagesearch.core.settings.Settings;

/** Servers of the tests: real ones, on free ports of this machine. */
final class TestServers {
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private TestServers() {}

    /** The default settings, except for the port, the model's threads and what is given. */
    static ServeSettings settings(Map<String, String> given) {
        Map<String, String> all = new HashMap<>(Map.of("http.port", "0", "model.threads", "1"));
        all.putAll(given);
        return Settings.load("serve", Optional.empty(), Map.of(), all).bind(ServeSettings.class);
    }

    static SearchServer start(Path index, Map<String, String> settings) {
        return SearchServer.start(index, SmallIndex.MODEL, settings(settings));
    }

    /** Looks until something is so; fails when it is still not so after a time in which it must be. */
    static void await(String what, BooleanSupplier so) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!so.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("not within 20 s: " + what);
            }
            Thread.onSpinWait();
        }
    }
}
