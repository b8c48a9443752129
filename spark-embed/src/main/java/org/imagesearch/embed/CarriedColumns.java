package org.imagesearch.embed;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.imagesearch.core.filter.ColumnType;
import org.imagesearch.core.filter.Columns;

/** The columns of a dataset that go into an index with its pictures: those that filters can name. */
final class CarriedColumns {
    private CarriedColumns() {}

    /** @param images the schema of images/ */
    static Columns of(StructType images) {
        Map<String, Set<ColumnType>> own = new TreeMap<>();
        for (StructField field : images.fields()) {
            if (!Columns.OF_EVERY_PICTURE.types().containsKey(field.name())
                    && !field.name().equals(QueryJob.WAVE)) {
                type(field.dataType()).ifPresent(type -> own.put(field.name(), Set.of(type)));
            }
        }
        return Columns.OF_EVERY_PICTURE.and(own);
    }

    /** Nested columns, decimals and bytes stay behind in the dataset. */
    private static Optional<ColumnType> type(DataType type) {
        if (type instanceof ByteType
                || type instanceof ShortType
                || type instanceof IntegerType
                || type instanceof LongType) {
            return Optional.of(ColumnType.INTEGER);
        } else if (type instanceof FloatType || type instanceof DoubleType) {
            return Optional.of(ColumnType.NUMBER);
        } else if (type instanceof BooleanType) {
            return Optional.of(ColumnType.BOOLEAN);
        } else if (type instanceof StringType
                || type instanceof DateType
                || type instanceof TimestampType
                || type instanceof TimestampNTZType) {
            return Optional.of(ColumnType.TEXT);
        }
        return Optional.empty();
    }
}
