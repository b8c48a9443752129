package org.imagesearch.core.filter;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The columns of some rows. Immutable.
 *
 * @param types of what types the values of each are: one, unless the input changed its mind; those of every picture come first
 */
public record Columns(Map<String, Set<ColumnType>> types) {
    public static final String ID = "id";
    public static final String URI = "uri";
    public static final String WIDTH = "width";
    public static final String HEIGHT = "height";
    public static final String CAPTION = "caption";

    /** The columns that every picture has. */
    public static final Columns OF_EVERY_PICTURE = new Columns(ofEveryPicture());

    public Columns {
        Map<String, Set<ColumnType>> copy = new LinkedHashMap<>();
        types.forEach((name, of) -> copy.put(name, Set.copyOf(of)));
        types = Collections.unmodifiableMap(copy);
    }

    private static Map<String, Set<ColumnType>> ofEveryPicture() {
        Map<String, Set<ColumnType>> types = new LinkedHashMap<>();
        types.put(ID, EnumSet.of(ColumnType.INTEGER));
        types.put(URI, EnumSet.of(ColumnType.TEXT));
        types.put(WIDTH, EnumSet.of(ColumnType.INTEGER));
        types.put(HEIGHT, EnumSet.of(ColumnType.INTEGER));
        types.put(CAPTION, EnumSet.of(ColumnType.TEXT));
        return types;
    }

    /** These columns and others: those of every picture first, the rest by name. */
    public Columns and(Map<String, Set<ColumnType>> others) {
        Map<String, Set<ColumnType>> own = new TreeMap<>();
        types.forEach((name, of) -> own.put(name, new HashSet<>(of)));
        others.forEach((name, of) ->
                own.computeIfAbsent(name, missing -> new HashSet<>()).addAll(of));
        Map<String, Set<ColumnType>> all = new LinkedHashMap<>();
        OF_EVERY_PICTURE.types.keySet().forEach(name -> all.put(name, own.remove(name)));
        all.putAll(own);
        return new Columns(all);
    }

    /** These columns and those of other rows. */
    public Columns and(Columns others) {
        return and(others.types);
    }

    /** What the values of a column are; empty if there is no such column. */
    public Optional<Set<ColumnType>> types(String name) {
        return Optional.ofNullable(types.get(name));
    }

    /** All of them, those of every picture first. */
    public List<Column> list() {
        List<Column> all = new ArrayList<>();
        types.forEach((name, of) -> all.add(new Column(name, one(of))));
        return all;
    }

    private static ColumnType one(Set<ColumnType> types) {
        if (types.size() == 1) {
            return types.iterator().next();
        }
        return types.equals(EnumSet.of(ColumnType.INTEGER, ColumnType.NUMBER)) ? ColumnType.NUMBER : ColumnType.TEXT;
    }

    /** Their names, for messages. */
    @Override
    public String toString() {
        return types.keySet().stream().collect(Collectors.joining(", "));
    }
}
