/**
 * HTTP: routes, admission, bodies, errors, metrics and the page. The only place that knows Undertow.
 *
 * <p>Requests are admitted and their bodies read on the I/O threads, then answered on worker threads, of which there are as
 * many as requests may run at once.
 */
package org.imagesearch.server.http;
