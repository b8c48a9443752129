package org.imagesearch.embed;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;

/**
 * The input's own columns: a struct {@code own} of the listing, columns beside ours in images/. A column's type is fixed for the
 * dataset when the column is first seen.
 */
final class OwnColumns {
    /** The listing's column that holds them. */
    static final String STRUCT = "own";

    private static final String PREFIX = "input_";

    /** Columns of images/, and what Spark adds to them from the folders' names. */
    private static final Set<String> OURS = Set.of(
            DatasetLayout.ID,
            DatasetLayout.URI,
            DatasetLayout.WIDTH,
            DatasetLayout.HEIGHT,
            DatasetLayout.CAPTION,
            DatasetLayout.EMBEDDING,
            "wave");

    /** Into which other types a type's values fit, every one of them. */
    private static final Map<DataType, List<DataType>> WIDER = Map.of(
            DataTypes.ByteType,
            List.of(DataTypes.ShortType, DataTypes.IntegerType, DataTypes.LongType, DataTypes.DoubleType),
            DataTypes.ShortType,
            List.of(DataTypes.IntegerType, DataTypes.LongType, DataTypes.DoubleType),
            DataTypes.IntegerType,
            List.of(DataTypes.LongType, DataTypes.DoubleType),
            DataTypes.FloatType,
            List.of(DataTypes.DoubleType));

    private OwnColumns() {}

    /** The name under which the input's column is carried: its own, unless it is one of ours; names differ by more than case. */
    static String nameOf(String column) {
        return OURS.contains(column.toLowerCase(Locale.ROOT)) ? PREFIX + column : column;
    }

    /**
     * The columns that are carried.
     *
     * @param columns of the input, by their names there
     * @param from names the input in errors
     * @throws ImageSearchException (input) if two of them would have the same name, or one holds bytes
     */
    static StructType carried(List<StructField> columns, String from) {
        StructType carried = new StructType();
        for (StructField column : columns) {
            String name = nameOf(column.name());
            if (find(carried, name).isPresent()) {
                throw ImageSearchException.input(
                        "%s: two columns would be called '%s' in the dataset; leave one out by input.leave-out",
                        from, name);
            }
            if (hasBytes(column.dataType())) {
                throw ImageSearchException.input(
                        "%s: column '%s' (%s) holds bytes, which are not carried to the dataset; leave it out by"
                                + " input.leave-out",
                        from, column.name(), column.dataType().catalogString());
            }
            carried = carried.add(name, column.dataType(), true);
        }
        return carried;
    }

    private static boolean hasBytes(DataType type) {
        if (type instanceof ArrayType array) {
            return hasBytes(array.elementType());
        } else if (type instanceof MapType map) {
            return hasBytes(map.keyType()) || hasBytes(map.valueType());
        } else if (type instanceof StructType struct) {
            return List.of(struct.fields()).stream().anyMatch(field -> hasBytes(field.dataType()));
        }
        return type instanceof BinaryType;
    }

    static Optional<StructField> find(StructType columns, String name) {
        return List.of(columns.fields()).stream()
                .filter(field -> field.name().equalsIgnoreCase(name))
                .findFirst();
    }

    /**
     * The columns of both, those of {@code known} first and with their types.
     *
     * @throws ImageSearchException (input) naming the column and both types, if a value of {@code added} would not fit
     */
    static StructType merge(StructType known, StructType added) {
        List<StructField> merged = new ArrayList<>(List.of(known.fields()));
        for (StructField field : added.fields()) {
            Optional<StructField> other = find(known, field.name());
            if (other.isEmpty()) {
                merged.add(field);
            } else if (!fits(field.dataType(), other.get().dataType())) {
                throw ImageSearchException.input(
                        "column '%s' has type %s here and type %s in the dataset; leave it out by input.leave-out",
                        field.name(),
                        field.dataType().catalogString(),
                        other.get().dataType().catalogString());
            }
        }
        return new StructType(merged.toArray(StructField[]::new));
    }

    private static boolean fits(DataType from, DataType to) {
        return from.catalogString().equals(to.catalogString())
                || WIDER.getOrDefault(from, List.of()).contains(to);
    }

    /**
     * The type with which values of JSON are read, so that they go with what the dataset has: any text may hold any value, and a
     * number of JSON is a double at heart.
     */
    static DataType typeOfJson(StructField inferred, StructType known) {
        Optional<StructField> other = find(known, nameOf(inferred.name()));
        if (other.isEmpty()) {
            return inferred.dataType();
        }
        DataType type = other.get().dataType();
        boolean taken = type.equals(DataTypes.StringType)
                || (type.equals(DataTypes.DoubleType) && inferred.dataType().equals(DataTypes.LongType));
        return taken ? type : inferred.dataType();
    }

    /** The struct of a table that has the columns {@code present}, in the form {@code wanted}. */
    static Column aligned(StructType present, StructType wanted) {
        List<Column> columns = new ArrayList<>();
        for (StructField field : wanted.fields()) {
            Column value = find(present, field.name())
                    .map(found -> functions.col(STRUCT).getField(found.name()))
                    .orElse(functions.lit(null));
            columns.add(value.cast(field.dataType()).as(field.name()));
        }
        return functions.struct(columns.toArray(Column[]::new)).as(STRUCT);
    }
}
