// Bicubic resampling, bit for bit as Pillow does it, of pictures that arrive row by row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace imagesearch {

// Weights have 22 fractional bits, which leaves 8 for a colour and 2 for sums beyond it.
constexpr int PRECISION_BITS = 32 - 8 - 2;
constexpr int32_t ROUNDING = 1 << (PRECISION_BITS - 1);

// A weight is high * 2^14 + low with both in 16 bits, so that multiply-add of pairs of 16 bits gives the exact sum.
constexpr int LOW_BITS = 14;

// Input pixels that one step along a row takes.
constexpr int STEP = 4;

// Bytes behind a row of pixels that are read, and not used.
constexpr int ROW_MARGIN = 3 * (STEP - 1) + 16;

// Eighths of a whole, in which JPEGs are scaled.
constexpr int EIGHTHS = 8;

// Rows in a strip: as many as are made narrower at a time.
constexpr int ROWS = 8;

// Blocks in which rows are made lower: the longest vector.
constexpr int BLOCK = 64;

// The weights of `kept` output pixels from `first` on, along an axis that goes from `inputs` pixels to `outputs`.
struct Axis {
    Axis(int inputs, int outputs, int first, int kept);

    int end_input() const { return start.back() + count.back(); }
    size_t bytes() const;

    const int inputs, outputs, first, kept;
    int stride; // places between the weights of one output pixel and the next: a multiple of STEP
    int max_count = 0;
    std::vector<int32_t> start;  // first input pixel of each output pixel
    std::vector<int32_t> count;  // input pixels of each output pixel
    std::vector<int32_t> values; // weights, then zeros
    std::vector<int32_t> high;   // of two neighbours each, the high parts: [kept, stride / 2]
    std::vector<int32_t> low;    // likewise, the low parts
};

// What a set of instructions does.
struct Kernels {
    // Makes ROWS rows narrower or wider; writes one byte more than 3 * axis.kept to each.
    void (*narrow)(const Axis& axis, const uint8_t* const* in, uint8_t* const* out);
    // Adds up axis.count[y] rows; reads and writes whole blocks.
    void (*lower)(const Axis& axis, int y, const uint8_t* const* in, int blocks, uint8_t* out);
};

const Kernels& kernels(int instructions);

// Rows [first_row, end_row) of columns [first_column, end_column).
struct Area {
    int first_row, end_row, first_column, end_column;
};

// Where a result comes from: an axis is null where the length stays.
struct Frame {
    Frame(int width, int height, int new_width, int new_height, int left, int top, int crop_width, int crop_height);

    const Axis* across; // owned by the thread that made the frame, until it makes another
    const Axis* down;
    int left, top, crop_width, crop_height;

    // The input that the result needs.
    Area area() const {
        return {down ? down->start.front() : top, down ? down->end_input() : top + crop_height,
                across ? across->start.front() : left, across ? across->end_input() : left + crop_width};
    }
    size_t bytes() const { return 3 * static_cast<size_t>(crop_width) * crop_height; }
};

// Takes the rows of an area, in order.
class RowTaker {
public:
    // Takes up to ROWS rows. `rows` point to the picture's first column, which need not be there; behind the last column needed,
    // ROW_MARGIN bytes must be.
    virtual void take(const uint8_t* const* rows, int count) = 0;

protected:
    ~RowTaker() = default;
};

// Makes a frame's result of the rows of its area, as soon as it can. One thread has one at a time.
class Resizing final : public RowTaker {
public:
    Resizing(const Frame& frame, const Kernels& kernels, uint8_t* out);

    void take(const uint8_t* const* rows, int count) override;

private:
    uint8_t* kept(int row) { return ring_ + static_cast<size_t>(row % capacity_) * stride_; }
    void lower_what_can_be();

    const Frame& frame_;
    const Kernels& kernels_;
    uint8_t* out_;
    int capacity_; // rows in the ring
    int stride_;   // bytes of one
    uint8_t* ring_;
    uint8_t* spare_; // for what the rows beyond the last come to
    uint8_t* line_;
    int next_in_, next_out_ = 0;
    std::vector<const uint8_t*>& inputs_;
};

// Memory of a thread: grows with its largest picture, and is given back behind pictures beyond the usual.
class Scratch {
public:
    static constexpr size_t USUAL_BYTES = 4 << 20;

    // Whatever was there is lost.
    uint8_t* at_least(size_t bytes) {
        if (size_ < bytes) {
            size_ = 0;
            bytes_.reset(new uint8_t[bytes]);
            size_ = bytes;
        }
        return bytes_.get();
    }
    void give_back() {
        if (size_ > USUAL_BYTES) {
            bytes_.reset();
            size_ = 0;
        }
    }

private:
    std::unique_ptr<uint8_t[]> bytes_;
    size_t size_ = 0;
};

// Gives the unusual memory of this thread's resizing back.
void give_back_resizing_memory();

} // namespace imagesearch
