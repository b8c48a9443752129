/** What is asked: queries, their deadlines, and the ways in which a request can be refused. Immutable. */
package org.imagesearch.server.query;
