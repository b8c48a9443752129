package org.imagesearch.embed;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** Parquet files that DuckDB writes: not by the library that the job reads with. */
final class ParquetTables {
    private ParquetTables() {}

    /**
     * Writes the rows of a query to a file.
     *
     * @param options of DuckDB's {@code COPY}, with a comma in front, or nothing
     */
    static Path duckdb(Path file, String query, String options) {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            Files.createDirectories(file.getParent());
            statement.execute("set threads = 1");
            statement.execute("copy (" + query + ") to '" + file + "' (format parquet" + options + ")");
            return file;
        } catch (SQLException | java.io.IOException e) {
            throw new AssertionError("DuckDB: " + query, e);
        }
    }
}
