package org.imagesearch.core.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** Fills a record from a section of settings: each component by its name in kebab case, nested records as sections. */
final class RecordBinder {
    private RecordBinder() {}

    static <T extends Record> T bind(String section, Config config, Class<T> type) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = value(section, config, kebab(components[i].getName()), components[i]);
        }
        try {
            Constructor<T> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof ImageSearchException known) {
                throw known;
            }
            throw new ImageSearchException(
                    ErrorCode.INPUT,
                    "settings of " + section + ": " + e.getCause().getMessage(),
                    e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot bind settings to " + type, e);
        }
    }

    private static Object value(String section, Config config, String key, RecordComponent component) {
        try {
            if (component.getType() == Optional.class) {
                return config.hasPath(key)
                        ? Optional.of(scalar(section, config, key, argument(component)))
                        : Optional.empty();
            }
            if (component.getType() == List.class) {
                return list(config, key);
            }
            return scalar(section, config, key, component.getType());
        } catch (ConfigException e) {
            throw new ImageSearchException(
                    ErrorCode.INPUT, "setting " + section + "." + key + ": " + e.getMessage(), e);
        }
    }

    /** A list may also be given on the command line or in the environment, as comma-separated text. */
    private static List<String> list(Config config, String key) {
        return switch (config.getValue(key).valueType()) {
            case STRING ->
                config.getString(key).isBlank()
                        ? List.of()
                        : List.of(config.getString(key).strip().split("\\s*,\\s*"));
            default -> List.copyOf(config.getStringList(key));
        };
    }

    private static Object scalar(String section, Config config, String key, Class<?> type) {
        if (type == String.class) {
            return config.getString(key);
        } else if (type == int.class || type == Integer.class) {
            requireWhole(section, key, config);
            return config.getInt(key);
        } else if (type == long.class || type == Long.class) {
            requireWhole(section, key, config);
            return config.getLong(key);
        } else if (type == double.class || type == Double.class) {
            return config.getDouble(key);
        } else if (type == boolean.class || type == Boolean.class) {
            return config.getBoolean(key);
        } else if (type == Duration.class) {
            return config.getDuration(key);
        } else if (type == Bytes.class) {
            return new Bytes(config.getBytes(key));
        } else if (type.isEnum()) {
            return constant(section, key, config.getString(key), type);
        } else if (type.isRecord()) {
            return bind(section + "." + key, config.getConfig(key), type.asSubclass(Record.class));
        }
        throw new ImageSearchException(ErrorCode.INTERNAL, "settings have no type " + type + " (" + key + ")");
    }

    /** The library would cut 1.5 to 1 and say nothing. */
    private static void requireWhole(String section, String key, Config config) {
        double number = config.getDouble(key);
        if (number != Math.rint(number)) {
            throw ImageSearchException.input(
                    "setting %s.%s is %s, expected a whole number", section, key, config.getString(key));
        }
    }

    private static Object constant(String section, String key, String text, Class<?> type) {
        for (Object constant : type.getEnumConstants()) {
            if (((Enum<?>) constant).name().equalsIgnoreCase(text.replace('-', '_'))) {
                return constant;
            }
        }
        throw ImageSearchException.input(
                "setting %s.%s is '%s', expected one of %s",
                section, key, text, List.of(type.getEnumConstants()).toString().toLowerCase(Locale.ROOT));
    }

    private static Class<?> argument(RecordComponent component) {
        Type argument = ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0];
        return (Class<?>) argument;
    }

    private static String kebab(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
    }
}
