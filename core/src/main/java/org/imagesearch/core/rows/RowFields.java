package org.imagesearch.core.rows;

import org.apache.lucene.util.BytesRef;
import org.imagesearch.core.filter.ComparedValues;

/** Names and terms of the fields of a row store's documents. */
final class RowFields {
    /** Numeric doc value: the picture's id; documents are sorted by it. */
    static final String ID = "id";

    /** Numeric doc value: the inverted list that holds the picture's vector. */
    static final String LIST = "list";

    /** Binary doc value: {@link RowCodec}'s form of the row. */
    static final String ROW = "row";

    /** Terms: the names, with their kinds, of the columns that have a value in the row; what filters know of columns. */
    static final String COLUMN = "column";

    /** What filters keep of a value; its letter, a dot and the column's name are the name of the field. */
    enum Kind {
        /** Points of whole numbers. */
        INTEGER("i."),
        /** Points of other numbers. */
        NUMBER("d."),
        /** The term {@code true} or {@code false}. */
        FLAG("b."),
        /** The text as a term. */
        TEXT("x."),
        /** The words of the text, with their places. */
        WORDS("w.");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }

        String of(String column) {
            return prefix + column;
        }

        boolean isOf(String field) {
            return field.startsWith(prefix);
        }

        String columnOf(String field) {
            return field.substring(prefix.length());
        }
    }

    private RowFields() {}

    /** A text as a term. */
    static BytesRef term(String text) {
        return new BytesRef(ComparedValues.text(text));
    }
}
