package org.imagesearch.core.filter;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What the values of a column are. */
public enum ColumnType {
    /** Whole numbers of 64 bits. */
    INTEGER,
    /** Floating-point numbers. */
    NUMBER,
    /** Texts, dates and times among them, which ISO 8601 writes so that they sort. */
    TEXT,
    /** Truth values. */
    BOOLEAN;

    /** As people read it: {@code integer}. */
    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
