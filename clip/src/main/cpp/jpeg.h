// JPEGs of one or three components by libjpeg-turbo, whole or in part.
#pragma once

#include "resample.h"

namespace imagesearch {

// A length as a scale in eighths makes it.
int scaled(int length, int eighths);

// Decodes an area of a JPEG that has `width` x `height` pixels and hands its rows on, a strip at a time. `eighths` is the scale at
// which it is decoded, and in whose pixels the area is told. Returns one of JPEG_*.
int decode_jpeg(const uint8_t* file, size_t file_bytes, int width, int height, int eighths, const Area& area, RowTaker& taker);

} // namespace imagesearch
