/** How the programs of this project meet whoever starts them. */
package org.imagesearch.core.program;
