package org.imagesearch.core.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * The settings of one program, from four layers: command line over environment over file over defaults.
 *
 * <p>The defaults are the class path resource {@code <component>.conf}; they name every key there is. An environment
 * variable {@code IMAGESEARCH_SERVE_SEARCH_MAX_K} sets {@code search.max-k} of the component {@code serve}.
 */
public final class Settings {
    private static final Pattern PLAIN_KEY = Pattern.compile("[A-Za-z0-9_-]+");

    private final String component;
    private final Config config;

    private Settings(String component, Config config) {
        this.component = component;
        this.config = config;
    }

    /**
     * Reads and merges the layers.
     *
     * @param component the program: {@code embed}, {@code merge} or {@code serve}
     * @param file a HOCON file of the user's
     * @param environment usually {@link System#getenv()}
     * @param commandLine options given, by key path; only those that were given
     * @throws ImageSearchException (input) naming the key and where it comes from, if a key is unknown or a file cannot be read
     */
    public static Settings load(
            String component, Optional<Path> file, Map<String, String> environment, Map<String, String> commandLine) {
        Config defaults = ConfigFactory.parseResourcesAnySyntax(
                        Settings.class.getClassLoader(),
                        component,
                        ConfigParseOptions.defaults().setAllowMissing(false))
                .resolve();
        Config fromFile = file.map(Settings::parse).orElse(ConfigFactory.empty());
        requireKnown(fromFile, defaults, file.map(Path::toString).orElse("file"));
        Config fromEnvironment = fromEnvironment(component, defaults, environment);
        Config fromCommandLine = ConfigFactory.empty();
        for (Map.Entry<String, String> option : commandLine.entrySet()) {
            fromCommandLine =
                    fromCommandLine.withValue(option.getKey(), ConfigValueFactory.fromAnyRef(option.getValue()));
        }
        requireKnown(fromCommandLine, defaults, "command line");
        return new Settings(
                component,
                fromCommandLine
                        .withFallback(fromEnvironment)
                        .withFallback(fromFile)
                        .withFallback(defaults)
                        .resolve());
    }

    /**
     * Binds a record to these settings: component {@code maxK} is key {@code max-k}, a record component is a section.
     *
     * @throws ImageSearchException (input) naming the key, if a value does not fit its type
     */
    public <T extends Record> T bind(Class<T> type) {
        return RecordBinder.bind(component, config, type);
    }

    /** The effective settings on one line, to be logged once at start. Keys that end in secret, key, token or password are masked. */
    public String render() {
        Config shown = config;
        for (var entry : config.entrySet()) {
            if (entry.getKey().matches(".*(secret|password|token|key|keys)\"?")) {
                shown = shown.withValue(entry.getKey(), ConfigValueFactory.fromAnyRef("***"));
            }
        }
        return shown.root().render(ConfigRenderOptions.concise());
    }

    private static Config parse(Path file) {
        if (!Files.isReadable(file)) {
            throw ImageSearchException.input("cannot read the configuration file %s", file);
        }
        try {
            return ConfigFactory.parseFile(file.toFile()).resolve();
        } catch (ConfigException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static Config fromEnvironment(String component, Config defaults, Map<String, String> environment) {
        String prefix = "IMAGESEARCH_" + component.toUpperCase(Locale.ROOT) + "_";
        Map<String, String> unused = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith(prefix)) {
                unused.put(name, value);
            }
        });
        Config config = ConfigFactory.empty();
        for (String key : keys(defaults.root())) {
            String name = prefix + key.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
            String value = unused.remove(name);
            if (value != null) {
                config = config.withValue(key, ConfigValueFactory.fromAnyRef(value));
            }
        }
        if (!unused.isEmpty()) {
            throw ImageSearchException.input("unknown setting in the environment: %s", unused.keySet());
        }
        return config;
    }

    private static void requireKnown(Config given, Config defaults, String source) {
        TreeSet<String> unknown = new TreeSet<>();
        for (String key : keys(given.root())) {
            if (!defaults.hasPathOrNull(key)) {
                unknown.add(key);
            }
        }
        if (!unknown.isEmpty()) {
            throw ImageSearchException.input("unknown setting in %s: %s", source, String.join(", ", unknown));
        }
    }

    /** The paths of all values, of those too that are null, which {@link Config#entrySet} leaves out, and of empty sections. */
    private static List<String> keys(ConfigObject section) {
        List<String> keys = new ArrayList<>();
        section.forEach((name, value) -> {
            String key = PLAIN_KEY.matcher(name).matches() ? name : ConfigUtil.quoteString(name);
            if (value instanceof ConfigObject inner && !inner.isEmpty()) {
                keys(inner).forEach(below -> keys.add(key + "." + below));
            } else {
                keys.add(key);
            }
        });
        return keys;
    }
}
