/** TLS: certificates and keys from files, which are read again when they change. Thread-safe. */
package org.imagesearch.server.tls;
