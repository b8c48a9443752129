#include "imagesearch_pictures.h"
#include "resample.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace imagesearch {

namespace {

thread_local Scratch last_rows;

} // namespace

void require_memory(const void* one, const void* other) {
    if (one == nullptr || other == nullptr) {
        throw std::bad_alloc();
    }
}

int best_instructions() {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
        return 2;
    }
    return __builtin_cpu_supports("avx2") ? 1 : 0;
}

void resize(const signed char* rgb, int width, int height, int new_width, int new_height, int left, int top, int crop_width,
        int crop_height, int instructions, signed char* out, int at) {
    require_memory(rgb, out);
    const EndOfCall end_of_call;
    const Frame frame(width, height, new_width, new_height, left, top, crop_width, crop_height);
    Resizing resizing(frame, kernels(instructions), reinterpret_cast<uint8_t*>(out) + at);
    const auto* pixels = reinterpret_cast<const uint8_t*>(rgb);
    const size_t row_bytes = 3 * static_cast<size_t>(width);
    const size_t all_bytes = row_bytes * height;
    const size_t stride = row_bytes + ROW_MARGIN;
    uint8_t* copies = nullptr;
    for (int row = frame.first_row(); row < frame.end_row(); row += ROWS) {
        const int count = std::min(ROWS, frame.end_row() - row);
        const uint8_t* rows[ROWS];
        for (int i = 0; i < count; i++) {
            const size_t begin = row_bytes * (row + i);
            rows[i] = pixels + begin;
            if (begin + stride > all_bytes) {
                // What is read behind these rows would be behind the picture.
                if (copies == nullptr) {
                    copies = last_rows.at_least((ROW_MARGIN / row_bytes + 1 + ROWS) * stride);
                }
                std::memcpy(copies, rows[i], row_bytes);
                rows[i] = copies;
                copies += stride;
            }
        }
        resizing.take(rows, count);
    }
    last_rows.give_back();
}

} // namespace imagesearch
