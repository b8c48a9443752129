// What a query makes of the numbers that are kept of screened rows, see screen.h.
#pragma once

#include <cstddef>

namespace imagesearch {

// A bound of a sketch is fixed + (16 product - offset) * scale * unit + along * (its along) + lost * (its lost) + rest * (its rest).
struct SketchWeights {
    float offset = 0;
    float unit = 0;
    float along = 0;
    float lost = 0;
    float rest = 0;
    float fixed = 0;
};

// What is kept of the code of a row.
struct CodeNumbers {
    float scale;
    // How long is at most what the code leaves of the row.
    float slack;
    // Of the high halves alone: it is as many bases, and across them as long at most.
    float along;
    float across;
};

// A bound of high halves is fixed + (16 product - offset) * scale * unit + along * (its along) + across * (its across).
struct CodeWeights {
    float offset = 0;
    float unit = 0;
    float along = 0;
    float across = 0;
    float fixed = 0;
};

// Infinity where it is no number. Inlined, so that it is compiled for the instructions of its caller.
[[gnu::always_inline]] inline void bounds_of_codes(
        const CodeWeights& weights,
        const float* products,
        const CodeNumbers* numbers,
        size_t n,
        float* out) {
    const CodeWeights with = weights;
    for (size_t i = 0; i < n; i++) {
        float decoded = (16 * products[i] - with.offset) * (numbers[i].scale * with.unit);
        float bound = with.fixed + decoded + numbers[i].along * with.along + numbers[i].across * with.across;
        out[i] = bound == bound ? bound : __builtin_inff();
    }
}

} // namespace imagesearch
