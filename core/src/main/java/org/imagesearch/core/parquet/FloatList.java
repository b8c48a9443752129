package org.imagesearch.core.parquet;

import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.imagesearch.core.ImageSearchException;

/**
 * The embedding of the row at hand. Takes floats from Parquet's record assembly one by one and keeps only as many as fit;
 * what was wrong is told when the row is complete and its id is known.
 */
final class FloatList extends GroupConverter {
    private final String file;
    private final int dimension;
    private final Converter repeated;

    private float[] values;
    private int floats;
    private int groups;
    private boolean present;

    FloatList(Type field, int dimension, String file) {
        this.file = file;
        this.dimension = dimension;
        this.values = new float[dimension];
        Floats leaf = new Floats();
        this.repeated = isTwoLevel(field, file) ? leaf : new Element(leaf);
    }

    /** Whether floats repeat directly (Avro's old lists) instead of inside a group (everybody else's). */
    private static boolean isTwoLevel(Type field, String file) {
        if (!field.isPrimitive() && field.asGroupType().getFieldCount() == 1) {
            Type inner = field.asGroupType().getType(0);
            if (inner.isRepetition(Type.Repetition.REPEATED)) {
                if (isFloat(inner)) {
                    return true;
                }
                if (!inner.isPrimitive()
                        && inner.asGroupType().getFieldCount() == 1
                        && isFloat(inner.asGroupType().getType(0))) {
                    return false;
                }
            }
        }
        throw ImageSearchException.data("%s: column '%s' is not LIST<FLOAT> but %s", file, field.getName(), field);
    }

    private static boolean isFloat(Type type) {
        return type.isPrimitive() && type.asPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.FLOAT;
    }

    void reset() {
        present = false;
        floats = 0;
        groups = 0;
    }

    /**
     * The embedding, handed over: the next row gets an array of its own.
     *
     * @throws ImageSearchException (data) naming file and id, if it is not {@code dimension} finite floats
     */
    float[] take(long id) {
        if (!present) {
            throw ImageSearchException.data("%s: the embedding of id %d is null", file, id);
        }
        // Floats that repeat directly cannot be null; a group without a float is a null element.
        if (groups > floats) {
            throw ImageSearchException.data("%s: the embedding of id %d has nulls in it", file, id);
        }
        if (floats != dimension) {
            throw ImageSearchException.data(
                    "%s: the embedding of id %d has %d floats, expected %d", file, id, floats, dimension);
        }
        requireFinite(file, id, values, 0, dimension);
        float[] taken = values;
        values = new float[dimension];
        return taken;
    }

    /**
     * The sum of the squares of {@code dimension} floats. Squares of finite floats stay finite in double, so that one loop
     * tells the length and whether all of them are numbers.
     *
     * @throws ImageSearchException (data) naming file and id, if one is not finite
     */
    static double requireFinite(String file, long id, float[] values, int from, int dimension) {
        double squares = squares(values, from, from + dimension);
        for (int i = 0; i < dimension && !Double.isFinite(squares); i++) {
            float value = values[from + i];
            if (!Float.isFinite(value)) {
                throw ImageSearchException.data(
                        "%s: the embedding of id %d has %s at place %d", file, id, Float.toString(value), i);
            }
        }
        return squares;
    }

    /** In sums side by side, which a processor can work on at the same time. */
    private static double squares(float[] values, int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 3 < to; i += 4) {
            a += (double) values[i] * values[i];
            b += (double) values[i + 1] * values[i + 1];
            c += (double) values[i + 2] * values[i + 2];
            d += (double) values[i + 3] * values[i + 3];
        }
        for (; i < to; i++) {
            a += (double) values[i] * values[i];
        }
        return a + b + c + d;
    }

    @Override
    public Converter getConverter(int field) {
        return repeated;
    }

    @Override
    public void start() {
        present = true;
    }

    @Override
    public void end() {}

    private final class Floats extends PrimitiveConverter {
        @Override
        public void addFloat(float value) {
            if (floats < dimension) {
                values[floats] = value;
            }
            floats++;
        }
    }

    private final class Element extends GroupConverter {
        private final Floats leaf;

        Element(Floats leaf) {
            this.leaf = leaf;
        }

        @Override
        public Converter getConverter(int field) {
            return leaf;
        }

        @Override
        public void start() {
            groups++;
        }

        @Override
        public void end() {}
    }
}
