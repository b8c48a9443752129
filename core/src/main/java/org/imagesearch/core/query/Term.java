package org.imagesearch.core.query;

/** One part of a query: what to look for, and how much it counts. */
public sealed interface Term {
    /** How much the term counts against the others; negative holds it against a picture. */
    double weight();

    /** Words in any language. */
    record Text(String text, double weight) implements Term {}

    /**
     * A picture.
     *
     * @param bytes the file as it was sent
     */
    record Image(byte[] bytes, double weight) implements Term {}

    /** A picture of the index. */
    record Indexed(long id, double weight) implements Term {}

    /**
     * An embedding.
     *
     * @param values float[dimension], of any length but 0
     */
    record Vector(float[] values, double weight) implements Term {}
}
