package org.imagesearch.core.index;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * What an index holds in place of each vector, by its part of a Faiss factory string: {@code Flat} the floats themselves,
 * {@code SQfp16} half floats, {@code SQ8} a byte per dimension, {@code PQ<m>} m bytes of a product quantizer.
 *
 * @param kind the kind of code
 * @param productBytes bytes of a product quantizer's code; 0 for the other kinds
 */
public record VectorCodec(Kind kind, int productBytes) {
    /** Kinds of code, from exact to coarse. */
    public enum Kind {
        FLAT,
        HALF,
        BYTES,
        PRODUCT
    }

    public static final VectorCodec FLAT = new VectorCodec(Kind.FLAT, 0);
    public static final VectorCodec HALF = new VectorCodec(Kind.HALF, 0);
    public static final VectorCodec BYTES = new VectorCodec(Kind.BYTES, 0);

    private static final Pattern PRODUCT = Pattern.compile("PQ([1-9]\\d{0,4})(x8)?");
    private static final int MAX_PRODUCT_BYTES = 1 << 16;

    /** @throws ImageSearchException (input) if the bytes do not fit the kind */
    public VectorCodec {
        boolean product = kind == Kind.PRODUCT;
        if (product ? productBytes < 1 || productBytes > MAX_PRODUCT_BYTES : productBytes != 0) {
            throw ImageSearchException.input("a codec of kind %s has %d bytes per vector", kind, productBytes);
        }
    }

    /** Codes of a product quantizer of this many parts, a byte each. */
    public static VectorCodec product(int bytes) {
        return new VectorCodec(Kind.PRODUCT, bytes);
    }

    /** @throws ImageSearchException (input) if the text is no codec that we write */
    public static VectorCodec parse(String text) {
        return switch (text) {
            case "Flat" -> FLAT;
            case "SQfp16" -> HALF;
            case "SQ8" -> BYTES;
            default -> parseProduct(text);
        };
    }

    private static VectorCodec parseProduct(String text) {
        Matcher matcher = PRODUCT.matcher(text);
        if (!matcher.matches()) {
            throw ImageSearchException.input(
                    "the codec '%s' is not supported: expected Flat, SQfp16, SQ8 or PQ<m>, for example PQ64", text);
        }
        return product(Integer.parseInt(matcher.group(1)));
    }

    /** Whether searches compare the vectors themselves. */
    public boolean isExact() {
        return kind == Kind.FLAT;
    }

    /** Bytes of one vector in the inverted lists, its id (8 bytes) not counted. */
    public int bytesPerVector(int dimension) {
        return switch (kind) {
            case FLAT -> Math.multiplyExact(dimension, Float.BYTES);
            case HALF -> Math.multiplyExact(dimension, Short.BYTES);
            case BYTES -> dimension;
            case PRODUCT -> productBytes;
        };
    }

    /** @throws ImageSearchException (input) if vectors of this dimension have no such codes */
    public void requireDimension(int dimension) {
        if (kind == Kind.PRODUCT && dimension % productBytes != 0) {
            throw ImageSearchException.input(
                    "%s needs a dimension that %d divides, the embeddings have %d", this, productBytes, dimension);
        }
    }

    /** The part of a factory string. */
    @Override
    public String toString() {
        return switch (kind) {
            case FLAT -> "Flat";
            case HALF -> "SQfp16";
            case BYTES -> "SQ8";
            case PRODUCT -> "PQ" + productBytes;
        };
    }
}
