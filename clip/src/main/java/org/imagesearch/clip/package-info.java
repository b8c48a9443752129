/** A model bundle becomes an image encoder and a text encoder: decoding, preprocessing, tokens, ONNX Runtime sessions. */
package org.imagesearch.clip;
