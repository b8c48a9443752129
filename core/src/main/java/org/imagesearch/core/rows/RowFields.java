package org.imagesearch.core.rows;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.apache.lucene.util.BytesRef;

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

    /** Longer texts are compared by their first bytes, and equal ones told apart by a hash. */
    static final int LONGEST_TERM = 256;

    private static final int HASH_BYTES = 32;

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
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (utf8.length <= LONGEST_TERM) {
            return new BytesRef(utf8);
        }
        byte[] term = Arrays.copyOf(utf8, LONGEST_TERM + HASH_BYTES);
        System.arraycopy(sha256(utf8), 0, term, LONGEST_TERM, HASH_BYTES);
        return new BytesRef(term);
    }

    /** A floating-point number as the one that people write for it: of 4 bytes, the shortest that stands for it alone. */
    static double number(float value) {
        return Double.parseDouble(Float.toString(value));
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
