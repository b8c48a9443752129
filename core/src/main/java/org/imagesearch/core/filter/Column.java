package org.imagesearch.core.filter;

/**
 * A column that a filter may name.
 *
 * @param type of its values; where these are of several, {@code NUMBER} of whole and other numbers, else {@code TEXT}
 */
public record Column(String name, ColumnType type) {}
