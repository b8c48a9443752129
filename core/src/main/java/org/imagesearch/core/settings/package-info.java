/**
 * Configuration: one record per component, HOCON files, units in the values.
 *
 * <p>Precedence: command line, environment, file, default. A key that no record names fails the start.
 */
package org.imagesearch.core.settings;
