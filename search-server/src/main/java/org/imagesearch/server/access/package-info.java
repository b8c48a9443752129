/**
 * Who asks, what they may, and how often: API keys with roles, addresses behind proxies, rates.
 *
 * <p>Everything here is thread-safe; nothing here knows HTTP.
 */
package org.imagesearch.server.access;
