#include "resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <immintrin.h>
#include <memory>

namespace imagesearch {

namespace {

constexpr double CUBIC_SUPPORT = 2.0;
constexpr double CUBIC_A = -0.5;

double cubic(double x) {
    const double distance = std::fabs(x);
    if (distance < 1.0) {
        return ((CUBIC_A + 2.0) * distance - (CUBIC_A + 3.0)) * distance * distance + 1;
    }
    if (distance < 2.0) {
        return (((distance - 5) * distance + 8) * distance - 4) * CUBIC_A;
    }
    return 0.0;
}

// Rounded half away from zero.
int32_t fixed_point(double weight) {
    return static_cast<int32_t>(weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
}

// Two 16-bit numbers as one of 32, the first in the lower half.
int32_t paired(int32_t first, int32_t second) {
    return static_cast<int32_t>((static_cast<uint32_t>(second) << 16) | (static_cast<uint32_t>(first) & 0xffff));
}

int32_t high_part(int32_t weight) { return (weight + (1 << (LOW_BITS - 1))) >> LOW_BITS; }

int32_t low_part(int32_t weight) { return weight - high_part(weight) * (1 << LOW_BITS); }

uint8_t clipped(int32_t sum) { return static_cast<uint8_t>(std::max(0, std::min(255, sum >> PRECISION_BITS))); }

} // namespace

// The formulas are Pillow's, in its order of operations: src/libImaging/Resample.c of Pillow 9.4.
Axis::Axis(int inputs, int outputs, int first, int kept)
    : inputs(inputs), outputs(outputs), first(first), kept(kept) {
    const double scale = static_cast<double>(inputs) / outputs;
    const double filter_scale = std::max(scale, 1.0);
    const double support = CUBIC_SUPPORT * filter_scale;
    const int most = static_cast<int>(std::ceil(support)) * 2 + 1;
    stride = (most + STEP - 1) / STEP * STEP;
    const size_t places = static_cast<size_t>(kept) * stride;
    start.resize(kept);
    count.resize(kept);
    values.resize(places);
    high.resize(places / 2);
    low.resize(places / 2);
    std::vector<double> raw(most);
    for (int i = 0; i < kept; i++) {
        const double centre = (first + i + 0.5) * scale;
        const int from = std::max(static_cast<int>(centre - support + 0.5), 0);
        const int to = std::min(static_cast<int>(centre + support + 0.5), inputs);
        double sum = 0;
        for (int x = from; x < to; x++) {
            raw[x - from] = cubic((x - centre + 0.5) * (1.0 / filter_scale));
            sum += raw[x - from];
        }
        int32_t* weights = values.data() + static_cast<size_t>(i) * stride;
        for (int x = 0; x < to - from; x++) {
            weights[x] = fixed_point(sum == 0 ? raw[x] : raw[x] / sum);
        }
        start[i] = from;
        count[i] = to - from;
        max_count = std::max(max_count, to - from);
    }
    for (size_t i = 0; i < places; i += 2) {
        high[i / 2] = paired(high_part(values[i]), high_part(values[i + 1]));
        low[i / 2] = paired(low_part(values[i]), low_part(values[i + 1]));
    }
}

size_t Axis::bytes() const {
    return sizeof(int32_t) * (start.size() + count.size() + values.size() + high.size() + low.size());
}

namespace {

// Most pictures of a folder have a few sizes, and their weights cost more than a tenth of a resize.
class AxisCache {
public:
    const Axis& get(int inputs, int outputs, int first, int kept) {
        for (const auto& axis : axes_) {
            if (axis && axis->inputs == inputs && axis->outputs == outputs && axis->first == first && axis->kept == kept) {
                return *axis;
            }
        }
        auto& place = axes_[next_];
        next_ = (next_ + 1) % axes_.size();
        place.reset(); // before the new one is made: both may be large
        place = std::make_unique<Axis>(inputs, outputs, first, kept);
        return *place;
    }

    void give_back() {
        for (auto& axis : axes_) {
            if (axis && axis->bytes() > MAX_BYTES) {
                axis.reset();
            }
        }
    }

private:
    static constexpr size_t MAX_BYTES = 256 << 10; // of one: 224 pixels from up to 8,000

    std::array<std::unique_ptr<Axis>, 4> axes_;
    size_t next_ = 0;
};

// Two, so that making the one axis of a frame never gives the other back.
thread_local AxisCache axes_across, axes_down;
thread_local Scratch ring_memory;
thread_local std::vector<const uint8_t*> input_rows;

namespace plain {

void narrow(const Axis& axis, const uint8_t* const* in, uint8_t* const* out) {
    for (int row = 0; row < ROWS; row++) {
        for (int x = 0; x < axis.kept; x++) {
            const int32_t* weights = axis.values.data() + static_cast<size_t>(x) * axis.stride;
            const uint8_t* pixel = in[row] + 3 * static_cast<ptrdiff_t>(axis.start[x]);
            int32_t red = ROUNDING, green = ROUNDING, blue = ROUNDING;
            for (int i = 0; i < axis.count[x]; i++, pixel += 3) {
                red += pixel[0] * weights[i];
                green += pixel[1] * weights[i];
                blue += pixel[2] * weights[i];
            }
            uint8_t* made = out[row] + 3 * static_cast<ptrdiff_t>(x);
            made[0] = clipped(red);
            made[1] = clipped(green);
            made[2] = clipped(blue);
        }
    }
}

void lower(const Axis& axis, int y, const uint8_t* const* in, int blocks, uint8_t* out) {
    const int32_t* weights = axis.values.data() + static_cast<size_t>(y) * axis.stride;
    for (ptrdiff_t at = 0; at < static_cast<ptrdiff_t>(blocks) * BLOCK; at += BLOCK) {
        int32_t sums[BLOCK];
        std::fill(sums, sums + BLOCK, ROUNDING);
        for (int i = 0; i < axis.count[y]; i++) {
            const uint8_t* row = in[i] + at;
            for (int x = 0; x < BLOCK; x++) {
                sums[x] += row[x] * weights[i];
            }
        }
        for (int x = 0; x < BLOCK; x++) {
            out[at + x] = clipped(sums[x]);
        }
    }
}

} // namespace plain

#define VECTOR __m256i
#define LANES 2
#define PER_LANE(x) _mm256_broadcastsi128_si256(x)
#define ZERO() _mm256_setzero_si256()
#define SPREAD(x) _mm256_set1_epi32(x)
#define ADD _mm256_add_epi32
#define MULTIPLY_ADD _mm256_madd_epi16
#define SHIFT_LEFT _mm256_slli_epi32
#define SHIFT_RIGHT _mm256_srai_epi32
#define SHUFFLE _mm256_shuffle_epi8
#define WEAVE_FIRST _mm256_unpacklo_epi8
#define WEAVE_LAST _mm256_unpackhi_epi8
#define PACK_WORDS _mm256_packs_epi32
#define PACK_BYTES _mm256_packus_epi16
#define LOAD(p) _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))
#define STORE(p, x) _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x)
#define LOAD_ROWS load_rows
#define STORE_PIXELS store_pixels

#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2 {

inline __m128i load_16(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline __m256i load_rows(const uint8_t* const* rows, ptrdiff_t at) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_16(rows[0] + at)), load_16(rows[1] + at), 1);
}

// A lane holds a pixel of its row and one of the row LANES further.
inline void store_pixels(uint8_t* const* rows, ptrdiff_t at, __m256i pixels) {
    const __m128i lanes[] = {_mm256_castsi256_si128(pixels), _mm256_extracti128_si256(pixels, 1)};
    for (int lane = 0; lane < LANES; lane++) {
        const uint64_t both = _mm_cvtsi128_si64(lanes[lane]);
        const uint32_t one = static_cast<uint32_t>(both), other = static_cast<uint32_t>(both >> 32);
        std::memcpy(rows[lane] + at, &one, sizeof one);
        std::memcpy(rows[LANES + lane] + at, &other, sizeof other);
    }
}

#include "kernels.inc"

} // namespace avx2
#pragma GCC pop_options

#undef VECTOR
#undef LANES
#undef PER_LANE
#undef ZERO
#undef SPREAD
#undef ADD
#undef MULTIPLY_ADD
#undef SHIFT_LEFT
#undef SHIFT_RIGHT
#undef SHUFFLE
#undef WEAVE_FIRST
#undef WEAVE_LAST
#undef PACK_WORDS
#undef PACK_BYTES
#undef LOAD
#undef STORE

#define VECTOR __m512i
#define LANES 4
#define PER_LANE(x) _mm512_broadcast_i32x4(x)
#define ZERO() _mm512_setzero_si512()
#define SPREAD(x) _mm512_set1_epi32(x)
#define ADD _mm512_add_epi32
#define MULTIPLY_ADD _mm512_madd_epi16
#define SHIFT_LEFT _mm512_slli_epi32
#define SHIFT_RIGHT _mm512_srai_epi32
#define SHUFFLE _mm512_shuffle_epi8
#define WEAVE_FIRST _mm512_unpacklo_epi8
#define WEAVE_LAST _mm512_unpackhi_epi8
#define PACK_WORDS _mm512_packs_epi32
#define PACK_BYTES _mm512_packus_epi16
#define LOAD(p) _mm512_loadu_si512(p)
#define STORE(p, x) _mm512_storeu_si512(p, x)

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw")
namespace avx512 {

inline __m128i load_16(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline __m512i load_rows(const uint8_t* const* rows, ptrdiff_t at) {
    const __m512i one = _mm512_castsi128_si512(load_16(rows[0] + at));
    const __m512i two = _mm512_inserti32x4(one, load_16(rows[1] + at), 1);
    const __m512i three = _mm512_inserti32x4(two, load_16(rows[2] + at), 2);
    return _mm512_inserti32x4(three, load_16(rows[3] + at), 3);
}

// A lane holds a pixel of its row and one of the row LANES further.
inline void store_pixels(uint8_t* const* rows, ptrdiff_t at, __m512i pixels) {
    const __m128i lanes[] = {_mm512_castsi512_si128(pixels), _mm512_extracti32x4_epi32(pixels, 1),
            _mm512_extracti32x4_epi32(pixels, 2), _mm512_extracti32x4_epi32(pixels, 3)};
    for (int lane = 0; lane < LANES; lane++) {
        const uint64_t both = _mm_cvtsi128_si64(lanes[lane]);
        const uint32_t one = static_cast<uint32_t>(both), other = static_cast<uint32_t>(both >> 32);
        std::memcpy(rows[lane] + at, &one, sizeof one);
        std::memcpy(rows[LANES + lane] + at, &other, sizeof other);
    }
}

#include "kernels.inc"

} // namespace avx512
#pragma GCC pop_options

constexpr Kernels SETS[] = {
        {plain::narrow, plain::lower}, {avx2::narrow, avx2::lower}, {avx512::narrow, avx512::lower}};

} // namespace

const Kernels& kernels(int instructions) { return SETS[instructions]; }

Frame::Frame(int width, int height, int new_width, int new_height, int left, int top, int crop_width, int crop_height)
    : across(width == new_width ? nullptr : &axes_across.get(width, new_width, left, crop_width)),
      down(height == new_height ? nullptr : &axes_down.get(height, new_height, top, crop_height)),
      left(left), top(top), crop_width(crop_width), crop_height(crop_height) {}

Resizing::Resizing(const Frame& frame, const Kernels& kernels, uint8_t* out)
    : frame_(frame), kernels_(kernels), out_(out), capacity_((frame.down ? frame.down->max_count : 0) + ROWS),
      stride_((3 * frame.crop_width + 1 + BLOCK - 1) / BLOCK * BLOCK), next_in_(frame.area().first_row), inputs_(input_rows) {
    const size_t rows = static_cast<size_t>(capacity_) + 2;
    ring_ = ring_memory.at_least(rows * stride_);
    spare_ = ring_ + static_cast<size_t>(capacity_) * stride_;
    line_ = spare_ + stride_;
    inputs_.resize(static_cast<size_t>(capacity_) + 1);
}

void Resizing::take(const uint8_t* const* rows, int count) {
    const size_t row_bytes = 3 * static_cast<size_t>(frame_.crop_width);
    if (frame_.across) {
        const uint8_t* in[ROWS];
        uint8_t* narrowed[ROWS];
        for (int i = 0; i < ROWS; i++) {
            in[i] = rows[std::min(i, count - 1)];
            narrowed[i] = i < count ? kept(next_in_ + i) : spare_;
        }
        kernels_.narrow(*frame_.across, in, narrowed);
    } else {
        for (int i = 0; i < count; i++) {
            std::memcpy(kept(next_in_ + i), rows[i] + 3 * static_cast<ptrdiff_t>(frame_.left), row_bytes);
        }
    }
    next_in_ += count;
    if (frame_.down) {
        lower_what_can_be();
        return;
    }
    for (int i = count; i > 0; i--, next_out_++) {
        std::memcpy(out_ + next_out_ * row_bytes, kept(next_in_ - i), row_bytes);
    }
}

void Resizing::lower_what_can_be() {
    const Axis& down = *frame_.down;
    const size_t row_bytes = 3 * static_cast<size_t>(frame_.crop_width);
    const bool whole_blocks = row_bytes % BLOCK == 0;
    while (next_out_ < frame_.crop_height && down.start[next_out_] + down.count[next_out_] <= next_in_) {
        const int count = down.count[next_out_];
        for (int i = 0; i < count; i++) {
            inputs_[i] = kept(down.start[next_out_] + i);
        }
        inputs_[count] = inputs_[count - 1]; // the second of the last pair, with a weight of zero
        uint8_t* made = out_ + next_out_ * row_bytes;
        if (whole_blocks) {
            kernels_.lower(down, next_out_, inputs_.data(), static_cast<int>(row_bytes / BLOCK), made);
        } else {
            kernels_.lower(down, next_out_, inputs_.data(), stride_ / BLOCK, line_);
            std::memcpy(made, line_, row_bytes);
        }
        next_out_++;
    }
}

void give_back_resizing_memory() {
    ring_memory.give_back();
    axes_across.give_back();
    axes_down.give_back();
    if (input_rows.size() > Scratch::USUAL_BYTES / sizeof(uint8_t*)) {
        std::vector<const uint8_t*>().swap(input_rows);
    }
}

} // namespace imagesearch
