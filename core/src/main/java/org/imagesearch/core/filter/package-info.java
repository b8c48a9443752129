/**
 * The language in which a search says what pictures it is limited to: {@code width>=1024 AND caption:beach}. A filter is parsed here,
 * travels as its text, and is answered by whoever holds the rows. Immutable; thread-safe.
 */
package org.imagesearch.core.filter;
