package org.imagesearch.core.parquet;

import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.function.Function;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.imagesearch.core.ImageSearchException;

/** The value of one plain column in the row at hand; null where the row has none. */
final class ValueColumn extends PrimitiveConverter {
    private final Function<Object, Object> conversion;
    private Object value;

    /** A column that is null in every row. */
    ValueColumn() {
        this(Function.identity());
    }

    private ValueColumn(Function<Object, Object> conversion) {
        this.conversion = conversion;
    }

    /** Whether a column is one that rows can carry: a number, a truth value, a text, a date or a time. */
    static boolean isPlain(Type field) {
        if (!field.isPrimitive() || field.isRepetition(Type.Repetition.REPEATED)) {
            return false;
        }
        PrimitiveType type = field.asPrimitiveType();
        LogicalTypeAnnotation annotation = type.getLogicalTypeAnnotation();
        return switch (type.getPrimitiveTypeName()) {
            case BINARY -> isText(annotation);
            case INT32, INT64 -> !(annotation instanceof LogicalTypeAnnotation.DecimalLogicalTypeAnnotation);
            case FLOAT, DOUBLE, BOOLEAN -> true;
            case INT96, FIXED_LEN_BYTE_ARRAY -> false;
        };
    }

    /** Of what type the values of a plain column are; BINARY is text, and so are dates and times. */
    static PrimitiveTypeName typeOfValues(Type field) {
        PrimitiveType type = field.asPrimitiveType();
        LogicalTypeAnnotation annotation = type.getLogicalTypeAnnotation();
        return annotation instanceof LogicalTypeAnnotation.DateLogicalTypeAnnotation
                        || annotation instanceof TimestampLogicalTypeAnnotation
                ? PrimitiveTypeName.BINARY
                : type.getPrimitiveTypeName();
    }

    static ValueColumn of(Type field, String file) {
        if (!isPlain(field)) {
            throw ImageSearchException.data("%s: column '%s' has the unexpected type %s", file, field.getName(), field);
        }
        LogicalTypeAnnotation annotation = field.asPrimitiveType().getLogicalTypeAnnotation();
        if (annotation instanceof LogicalTypeAnnotation.DateLogicalTypeAnnotation) {
            return new ValueColumn(
                    days -> LocalDate.ofEpochDay(((Number) days).longValue()).toString());
        }
        if (annotation instanceof TimestampLogicalTypeAnnotation timestamp) {
            ChronoUnit unit = unit(timestamp.getUnit());
            return new ValueColumn(count ->
                    Instant.EPOCH.plus(((Number) count).longValue(), unit).toString());
        }
        return new ValueColumn(Function.identity());
    }

    private static ChronoUnit unit(TimeUnit unit) {
        return switch (unit) {
            case MILLIS -> ChronoUnit.MILLIS;
            case MICROS -> ChronoUnit.MICROS;
            case NANOS -> ChronoUnit.NANOS;
        };
    }

    private static boolean isText(LogicalTypeAnnotation annotation) {
        return annotation instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation
                || annotation instanceof LogicalTypeAnnotation.EnumLogicalTypeAnnotation
                || annotation instanceof LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
    }

    Object value() {
        return value;
    }

    String text() {
        return (String) value;
    }

    int intOrZero() {
        return value == null ? 0 : ((Number) value).intValue();
    }

    void reset() {
        value = null;
    }

    @Override
    public void addBinary(Binary binary) {
        value = binary.toStringUsingUTF8();
    }

    @Override
    public void addBoolean(boolean flag) {
        value = flag;
    }

    @Override
    public void addDouble(double number) {
        value = number;
    }

    @Override
    public void addFloat(float number) {
        value = number;
    }

    @Override
    public void addInt(int number) {
        value = conversion.apply(number);
    }

    @Override
    public void addLong(long number) {
        value = conversion.apply(number);
    }
}
