/**
 * The native calls as they are: one method per function of {@code imagesearch_pictures.h}.
 *
 * <p>Nothing here checks arguments; {@link org.imagesearch.clip} does. JavaCPP generates the glue from
 * {@link org.imagesearch.clip.binding.PictureCalls} when the module is built.
 */
package org.imagesearch.clip.binding;
