// The functions that PictureCalls binds. Pixels are uint8 RGB, row-major. Nothing here checks arguments; arrays of bytes belong to
// the JVM and are read and written a few rows at a time. What a thread needs besides, it keeps until it ends: up to 4 MiB each of
// five kinds, and 2 MiB of weights. More than that, which large pictures need, is given back at the end of a call.
#pragma once

#include <cstdint>
#include <jni.h>

namespace imagesearch {

// What a JPEG came to.
enum { JPEG_MADE = 0, JPEG_CORRUPT = 1, JPEG_TRUNCATED = 2 };

// Instruction sets, by what this processor has: 0 none in particular, 1 AVX2, 2 AVX-512.
int best_instructions();

// Resizes [height, width, 3] to [new_height, new_width, 3] and puts a rectangle of it, [crop_height, crop_width, 3], at out + at.
void resize(JNIEnv* env, jclass, jbyteArray rgb, int width, int height, int new_width, int new_height, int left, int top,
        int crop_width, int crop_height, int instructions, signed char* out, int at);
void resize(JNIEnv* env, jclass, jbyteArray rgb, int width, int height, int new_width, int new_height, int left, int top,
        int crop_width, int crop_height, int instructions, jbyteArray out, int at);

// Decodes a JPEG of `width` x `height` and one or three components to RGB, at a scale of so many eighths; 8 leaves it as it is.
int jpeg_decode(JNIEnv* env, jclass, jbyteArray file, int width, int height, int eighths, jbyteArray out);

// Decodes likewise, resizes and puts a rectangle of the result at out + at, without a whole picture between. Only what the
// rectangle needs is decoded.
int jpeg_resize(JNIEnv* env, jclass, jbyteArray file, int width, int height, int new_width, int new_height, int left, int top,
        int crop_width, int crop_height, int eighths, int instructions, signed char* out, int at);
int jpeg_resize(JNIEnv* env, jclass, jbyteArray file, int width, int height, int new_width, int new_height, int left, int top,
        int crop_width, int crop_height, int eighths, int instructions, jbyteArray out, int at);

// Why this thread's last JPEG was not made; valid until its next.
const char* jpeg_problem();

} // namespace imagesearch
