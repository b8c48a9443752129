/** How long an answer is of use, and the ways in which a request can be refused. Immutable. */
package org.imagesearch.server.query;
