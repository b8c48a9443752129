package org.imagesearch.core.rows;

import org.apache.lucene.document.Document;
import org.apache.lucene.document.DoublePoint;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.util.BytesRef;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.ComparedValues;
import org.imagesearch.core.filter.Words;
import org.imagesearch.core.rows.RowFields.Kind;

/** Puts beside a row what filters need of it. */
final class FilterFields {
    private static final FieldType WORDS = words();

    private final Document document;

    private FilterFields(Document document) {
        this.document = document;
    }

    static void add(Document document, ImageRow row) {
        FilterFields fields = new FilterFields(document);
        fields.text(Columns.URI, row.uri());
        row.caption().ifPresent(caption -> fields.text(Columns.CAPTION, caption));
        fields.size(Columns.WIDTH, row.width());
        fields.size(Columns.HEIGHT, row.height());
        row.extra().forEach(fields::value);
    }

    private static FieldType words() {
        FieldType type = new FieldType();
        type.setTokenized(true);
        type.setOmitNorms(true);
        // Phrases need the places of words, and Lucene keeps these with their counts alone.
        type.setIndexOptions(IndexOptions.DOCS_AND_FREQS_AND_POSITIONS);
        type.freeze();
        return type;
    }

    /** An unknown size is no value. */
    private void size(String column, int pixels) {
        if (pixels > 0) {
            integer(column, pixels);
        }
    }

    private void value(String column, Object value) {
        if (value instanceof String text) {
            text(column, text);
        } else if (value instanceof Boolean flag) {
            document.add(new StringField(has(Kind.FLAG, column), Boolean.toString(flag), Field.Store.NO));
        } else if (value instanceof Float number) {
            number(column, ComparedValues.number(number));
        } else if (value instanceof Double number) {
            number(column, ComparedValues.number(number));
        } else {
            integer(column, ((Number) value).longValue());
        }
    }

    private void integer(String column, long value) {
        document.add(new LongPoint(has(Kind.INTEGER, column), value));
    }

    private void number(String column, double value) {
        if (!Double.isNaN(value)) {
            document.add(new DoublePoint(has(Kind.NUMBER, column), value));
        }
    }

    private void text(String column, String text) {
        document.add(new StringField(has(Kind.TEXT, column), RowFields.term(text), Field.Store.NO));
        document.add(new Field(Kind.WORDS.of(column), new WordStream(Words.of(text)), WORDS));
    }

    /** Notes that the row has a value there, and returns the field that it is in. */
    private String has(Kind kind, String column) {
        String field = kind.of(column);
        document.add(new StringField(RowFields.COLUMN, new BytesRef(field), Field.Store.NO));
        return field;
    }
}
