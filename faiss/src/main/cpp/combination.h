// What a query makes of the numbers of a screened row.
#pragma once

namespace imagesearch {

// A bound is fixed + along * (its along) + (16 product - offset) * scale * unit + across * (its across).
struct Combination {
    float offset = 0;
    float unit = 0;
    float along = 0;
    float across = 0;
    float fixed = 0;
};

} // namespace imagesearch
