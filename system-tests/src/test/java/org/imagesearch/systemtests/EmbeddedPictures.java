package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A dataset as DuckDB reads it, and the pictures that tests make datasets of.
 *
 * @param dataset a folder that {@code bin/embed} wrote
 */
record EmbeddedPictures(Path dataset) {
    private static final float TOLERANCE = 1e-5f;

    /** Demo pictures of their own seed, and seven files more that are none, by seven reasons. */
    static void draw(Path folder, int count) {
        Command.run(
                folder.resolveSibling(folder.getFileName() + ".log"),
                List.of(
                        "/usr/bin/python3",
                        "demo/make_pictures.py",
                        "--output",
                        folder.toString(),
                        "--count",
                        String.valueOf(count),
                        "--seed",
                        "31"));
        try {
            byte[] sound = Files.readAllBytes(folder.resolve("000000.jpg"));
            Files.write(folder.resolve("truncated.jpg"), Arrays.copyOf(sound, sound.length / 2));
            Files.write(folder.resolve("empty.png"), new byte[0]);
            Files.writeString(folder.resolve("lying.jpg"), "no picture, whatever its name says");
            Files.writeString(folder.resolve("scan.tiff"), "II*\0 not read");
            Files.writeString(folder.resolve("deep.bmp"), "BM");
            Files.write(folder.resolve("no-header.webp"), "RIFF\0\0\0\0WEBP".getBytes(StandardCharsets.ISO_8859_1));
            Files.createSymbolicLink(folder.resolve("gone.gif"), folder.resolve("nowhere.gif"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static final int BROKEN = 7;

    long count(String table) {
        return query("select count(*) from " + table(table), rows -> {
            rows.next();
            return rows.getLong(1);
        });
    }

    /** The uris of a table by id; an error if an id is there twice. */
    Map<Long, String> uris(String table) {
        return query("select id, uri from " + table(table), rows -> {
            Map<Long, String> uris = new TreeMap<>();
            while (rows.next()) {
                assertThat(uris.put(rows.getLong(1), rows.getString(2)))
                        .as("id %d in %s", rows.getLong(1), table)
                        .isNull();
            }
            return uris;
        });
    }

    /** Asserts that both have the same pictures under the same ids, embedded alike, and the same failures. */
    void assertSameAs(EmbeddedPictures other) {
        assertThat(uris("images")).isEqualTo(other.uris("images"));
        assertThat(uris("failures")).isEqualTo(other.uris("failures"));
        assertSameEmbeddingsAs(other);
    }

    /** Asserts that both have the same ids, embedded alike. */
    void assertSameEmbeddingsAs(EmbeddedPictures other) {
        assertThat(uris("images").keySet()).isEqualTo(other.uris("images").keySet());
        Map<Long, float[]> vectors = vectors();
        other.vectors().forEach((id, vector) -> assertThat(vectors.get(id))
                .as("embedding of %d", id)
                .containsExactly(vector, offset(TOLERANCE)));
    }

    private Map<Long, float[]> vectors() {
        return query("select id, embedding from " + table("images"), rows -> {
            Map<Long, float[]> vectors = new TreeMap<>();
            while (rows.next()) {
                Object[] floats = (Object[]) rows.getArray(2).getArray();
                float[] vector = new float[floats.length];
                for (int i = 0; i < floats.length; i++) {
                    vector[i] = (Float) floats[i];
                }
                vectors.put(rows.getLong(1), vector);
            }
            return vectors;
        });
    }

    /** Waves that are committed at this moment. */
    int waves() {
        Path images = dataset.resolve("images");
        if (!Files.isDirectory(images)) {
            return 0;
        }
        try (Stream<Path> waves = Files.list(images)) {
            return (int) waves.filter(wave -> wave.getFileName().toString().startsWith("wave="))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A column of images/ as text, by id. */
    Map<Long, String> column(String name) {
        return query("select id, \"" + name + "\"::text from " + table("images"), rows -> {
            Map<Long, String> values = new TreeMap<>();
            while (rows.next()) {
                values.put(rows.getLong(1), rows.getString(2));
            }
            return values;
        });
    }

    private String table(String name) {
        return "read_parquet('" + dataset.resolve(name) + "/**/*.parquet')";
    }

    private interface Reading<T> {
        T of(ResultSet rows) throws SQLException;
    }

    private static <T> T query(String sql, Reading<T> reading) {
        try (Connection duckdb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckdb.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return reading.of(rows);
        } catch (SQLException e) {
            throw new AssertionError("DuckDB: " + sql, e);
        }
    }
}
