#include "imagesearch_pictures.h"

#include "jpeg.h"
#include "resample.h"

#include <algorithm>

namespace imagesearch {

namespace {

thread_local Scratch file_memory;
thread_local Scratch strip_memory;
thread_local Scratch result_memory;

// Gives this thread's unusual memory back where a call ends.
struct EndOfCall {
    EndOfCall() = default;
    EndOfCall(const EndOfCall&) = delete;
    ~EndOfCall() {
        file_memory.give_back();
        strip_memory.give_back();
        result_memory.give_back();
        give_back_resizing_memory();
    }
};

// Puts whole rows into an array of the JVM, one strip behind the other.
class ArrayWriter : public RowTaker {
public:
    ArrayWriter(JNIEnv* env, jbyteArray out, int width) : env_(env), out_(out), row_bytes_(3 * width) {}

    void take(const uint8_t* const* rows, int count) override {
        for (int i = 0; i < count; i++, at_ += row_bytes_) {
            env_->SetByteArrayRegion(out_, at_, row_bytes_, reinterpret_cast<const jbyte*>(rows[i]));
        }
    }

private:
    JNIEnv* const env_;
    const jbyteArray out_;
    const jsize row_bytes_;
    jsize at_ = 0;
};

const uint8_t* copy_of(JNIEnv* env, jbyteArray file, jsize bytes) {
    uint8_t* copy = file_memory.at_least(bytes);
    env->GetByteArrayRegion(file, 0, bytes, reinterpret_cast<jbyte*>(copy));
    return copy;
}

void resize_rows(JNIEnv* env, jbyteArray rgb, int width, const Frame& frame, int instructions, uint8_t* out) {
    const Area area = frame.area();
    const int row_bytes = 3 * (area.end_column - area.first_column);
    const size_t stride = static_cast<size_t>(row_bytes) + ROW_MARGIN;
    uint8_t* strip = strip_memory.at_least(ROWS * stride);
    Resizing resizing(frame, kernels(instructions), out);
    for (int row = area.first_row; row < area.end_row; row += ROWS) {
        const int count = std::min(ROWS, area.end_row - row);
        const uint8_t* rows[ROWS];
        for (int i = 0; i < count; i++) {
            uint8_t* copy = strip + i * stride;
            env->GetByteArrayRegion(
                    rgb, 3 * ((row + i) * width + area.first_column), row_bytes, reinterpret_cast<jbyte*>(copy));
            rows[i] = copy - 3 * static_cast<ptrdiff_t>(area.first_column);
        }
        resizing.take(rows, count);
    }
}

int resize_jpeg(JNIEnv* env, jbyteArray file, int width, int height, int eighths, const Frame& frame, int instructions,
        uint8_t* out) {
    const jsize bytes = env->GetArrayLength(file);
    Resizing resizing(frame, kernels(instructions), out);
    return decode_jpeg(copy_of(env, file, bytes), bytes, width, height, eighths, frame.area(), resizing);
}

} // namespace

int best_instructions() {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
        return 2;
    }
    return __builtin_cpu_supports("avx2") ? 1 : 0;
}

void resize(JNIEnv* env, jclass, jbyteArray rgb, int width, int height, int new_width, int new_height, int left, int top,
        int crop_width, int crop_height, int instructions, signed char* out, int at) {
    const EndOfCall end_of_call;
    const Frame frame(width, height, new_width, new_height, left, top, crop_width, crop_height);
    resize_rows(env, rgb, width, frame, instructions, reinterpret_cast<uint8_t*>(out) + at);
}

void resize(JNIEnv* env, jclass, jbyteArray rgb, int width, int height, int new_width, int new_height, int left, int top,
        int crop_width, int crop_height, int instructions, jbyteArray out, int at) {
    const EndOfCall end_of_call;
    const Frame frame(width, height, new_width, new_height, left, top, crop_width, crop_height);
    uint8_t* made = result_memory.at_least(frame.bytes());
    resize_rows(env, rgb, width, frame, instructions, made);
    env->SetByteArrayRegion(out, at, static_cast<jsize>(frame.bytes()), reinterpret_cast<const jbyte*>(made));
}

int jpeg_decode(JNIEnv* env, jclass, jbyteArray file, int width, int height, int eighths, jbyteArray out) {
    const EndOfCall end_of_call;
    const jsize bytes = env->GetArrayLength(file);
    const Area whole{0, scaled(height, eighths), 0, scaled(width, eighths)};
    ArrayWriter writer(env, out, whole.end_column);
    return decode_jpeg(copy_of(env, file, bytes), bytes, width, height, eighths, whole, writer);
}

int jpeg_resize(JNIEnv* env, jclass, jbyteArray file, int width, int height, int new_width, int new_height, int left, int top,
        int crop_width, int crop_height, int eighths, int instructions, signed char* out, int at) {
    const EndOfCall end_of_call;
    const Frame frame(scaled(width, eighths), scaled(height, eighths), new_width, new_height, left, top, crop_width, crop_height);
    return resize_jpeg(env, file, width, height, eighths, frame, instructions, reinterpret_cast<uint8_t*>(out) + at);
}

int jpeg_resize(JNIEnv* env, jclass, jbyteArray file, int width, int height, int new_width, int new_height, int left, int top,
        int crop_width, int crop_height, int eighths, int instructions, jbyteArray out, int at) {
    const EndOfCall end_of_call;
    const Frame frame(scaled(width, eighths), scaled(height, eighths), new_width, new_height, left, top, crop_width, crop_height);
    uint8_t* made = result_memory.at_least(frame.bytes());
    const int outcome = resize_jpeg(env, file, width, height, eighths, frame, instructions, made);
    if (outcome == JPEG_MADE) {
        env->SetByteArrayRegion(out, at, static_cast<jsize>(frame.bytes()), reinterpret_cast<const jbyte*>(made));
    }
    return outcome;
}

} // namespace imagesearch
