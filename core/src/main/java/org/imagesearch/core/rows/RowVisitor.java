package org.imagesearch.core.rows;

/** Hears of every row of a store, by growing id. */
@FunctionalInterface
public interface RowVisitor {
    /**
     * @param id the picture's id
     * @param list the inverted list that holds its vector
     * @param row bytes in {@link RowCodec}'s form, the visitor's own
     */
    void visit(long id, int list, byte[] row);
}
