package org.imagesearch.core.rows;

/** Names of the fields of a row store's documents. */
final class RowFields {
    /** Numeric doc value: the picture's id; documents are sorted by it. */
    static final String ID = "id";

    /** Numeric doc value: the inverted list that holds the picture's vector. */
    static final String LIST = "list";

    /** Binary doc value: {@link RowCodec}'s form of the row. */
    static final String ROW = "row";

    private RowFields() {}
}
