package org.imagesearch.core.parquet;

import java.io.IOException;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.imagesearch.core.ImageSearchException;

/**
 * What the footers of files of {@code images/} tell together.
 *
 * @param rows of all files
 * @param extra the input's own columns that rows carry in {@code extra}, and the type of their values there; BINARY is text
 * @param leftBehind its other ones, which no reader here gives: nested ones, decimals, bytes
 */
public record ImageFooters(long rows, SortedMap<String, PrimitiveTypeName> extra, SortedSet<String> leftBehind) {

    /**
     * Reads the footers, one after the other.
     *
     * @throws ImageSearchException (data) naming the file, if it cannot be read as Parquet, or a column has another type in it
     *     than in an earlier one
     */
    public static ImageFooters of(List<Path> files, Configuration configuration) {
        long rows = 0;
        SortedMap<String, PrimitiveTypeName> extra = new TreeMap<>();
        SortedSet<String> leftBehind = new TreeSet<>();
        for (Path file : files) {
            try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, configuration))) {
                rows += reader.getRecordCount();
                for (Type field : reader.getFileMetaData().getSchema().getFields()) {
                    if (PictureFields.isOwn(field)) {
                        add(field, extra, leftBehind, file);
                    }
                }
            } catch (IOException | RuntimeException e) {
                throw EmbeddingReader.unreadable(file.toString(), e);
            }
        }
        return new ImageFooters(rows, extra, leftBehind);
    }

    private static void add(
            Type field, SortedMap<String, PrimitiveTypeName> extra, SortedSet<String> leftBehind, Path file) {
        if (!ValueColumn.isPlain(field)) {
            leftBehind.add(field.getName());
            return;
        }
        PrimitiveTypeName type = ValueColumn.typeOfValues(field);
        PrimitiveTypeName known = extra.putIfAbsent(field.getName(), type);
        if (known != null && known != type) {
            throw ImageSearchException.data(
                    "%s: column '%s' has values of type %s, in other files of %s", file, field.getName(), type, known);
        }
    }
}
