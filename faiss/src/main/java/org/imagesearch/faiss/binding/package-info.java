/**
 * The native calls as they are: one method per function of {@code imagesearch_faiss.h}, handles as addresses.
 *
 * <p>Nothing here checks arguments or owns memory; {@link org.imagesearch.faiss} does both. JavaCPP generates the glue
 * from {@link org.imagesearch.faiss.binding.FaissCalls} when the module is built.
 */
package org.imagesearch.faiss.binding;
