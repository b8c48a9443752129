/** ONNX Runtime, behind one class: the only place that knows {@code ai.onnxruntime}. */
package org.imagesearch.clip.onnx;
