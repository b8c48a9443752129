#include "jpeg.h"

#include "imagesearch_pictures.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>

#include <jpeglib.h>
// behind jpeglib.h, which it needs
#include <jerror.h>

namespace imagesearch {

// As libjpeg rounds.
int scaled(int length, int eighths) { return (length * eighths + EIGHTHS - 1) / EIGHTHS; }

namespace {

// jpeg_crop_scanline moves to whole blocks and takes the ends of what it decodes for the ends of the picture, where chroma is
// smoothed: over one sample, four pixels wide at most. Block smoothing of unfinished progressive files looks two blocks of four
// samples' width further.
constexpr int CROP_MARGIN = 4;
constexpr int PROGRESSIVE_CROP_MARGIN = 3 * 8 * 4;

// The library's own texts; its own table would bring along a printer to stderr.
#define JCOPYRIGHT_SHORT ""
#define JVERSION ""
const char* const MESSAGES[] = {
#define JMESSAGE(code, text) text,
#include <jerror.h>
        nullptr};

struct Errors {
    jpeg_error_mgr base;
    std::jmp_buf leave;
    bool truncated;
    char text[JMSG_LENGTH_MAX];
};

thread_local std::string last_problem;
thread_local Scratch strip_memory;

[[noreturn]] void leave(j_common_ptr jpeg) {
    auto* errors = reinterpret_cast<Errors*>(jpeg->err);
    const jpeg_error_mgr& base = errors->base;
    const bool known = base.msg_code > 0 && base.msg_code <= base.last_jpeg_message;
    const char* format = MESSAGES[known ? base.msg_code : 0];
    if (std::strstr(format, "%s")) {
        std::snprintf(errors->text, sizeof errors->text, format, base.msg_parm.s);
    } else {
        const int* i = base.msg_parm.i;
        std::snprintf(errors->text, sizeof errors->text, format, i[0], i[1], i[2], i[3], i[4], i[5], i[6], i[7]);
    }
    std::longjmp(errors->leave, 1);
}

// A damaged file is decoded as far as it goes, as Pillow does.
void ignore_warning(j_common_ptr, int) {}

void ignore_output(j_common_ptr) {}

void format_nothing(j_common_ptr, char* buffer) { buffer[0] = '\0'; }

void reset_errors(j_common_ptr jpeg) {
    jpeg->err->num_warnings = 0;
    jpeg->err->msg_code = 0;
}

void begin_source(j_decompress_ptr) {}

void end_source(j_decompress_ptr) {}

[[noreturn]] void refuse_more(j_decompress_ptr jpeg) {
    auto* errors = reinterpret_cast<Errors*>(jpeg->err);
    errors->truncated = true;
    std::snprintf(errors->text, sizeof errors->text, "the data end early");
    std::longjmp(errors->leave, 1);
}

boolean fill_source(j_decompress_ptr jpeg) { refuse_more(jpeg); }

void skip_in_source(j_decompress_ptr jpeg, long bytes) {
    if (bytes <= 0) {
        return;
    }
    if (static_cast<size_t>(bytes) > jpeg->src->bytes_in_buffer) {
        refuse_more(jpeg);
    }
    jpeg->src->next_input_byte += bytes;
    jpeg->src->bytes_in_buffer -= bytes;
}

// One JPEG being decoded. No destructor: a jump would pass it by.
struct Decoding {
    jpeg_decompress_struct jpeg;
    Errors errors;
    jpeg_source_mgr source;

    void prepare(const uint8_t* file, size_t file_bytes) {
        std::memset(&jpeg, 0, sizeof jpeg);
        std::memset(&errors, 0, sizeof errors);
        errors.base.error_exit = leave;
        errors.base.emit_message = ignore_warning;
        errors.base.output_message = ignore_output;
        errors.base.format_message = format_nothing;
        errors.base.reset_error_mgr = reset_errors;
        errors.base.jpeg_message_table = MESSAGES;
        errors.base.last_jpeg_message = static_cast<int>(sizeof MESSAGES / sizeof MESSAGES[0]) - 2;
        jpeg.err = &errors.base;
        source.init_source = begin_source;
        source.fill_input_buffer = fill_source;
        source.skip_input_data = skip_in_source;
        source.resync_to_restart = jpeg_resync_to_restart;
        source.term_source = end_source;
        source.next_input_byte = file;
        source.bytes_in_buffer = file_bytes;
    }

    // Begins to decode to RGB; leaves if the picture is not as large as expected.
    void start(int width, int height, int eighths) {
        jpeg_create_decompress(&jpeg);
        jpeg.src = &source;
        jpeg_read_header(&jpeg, TRUE);
        if (static_cast<int>(jpeg.image_width) != width || static_cast<int>(jpeg.image_height) != height) {
            std::snprintf(errors.text, sizeof errors.text, "it has %u x %u pixels, its header says %d x %d", jpeg.image_width,
                    jpeg.image_height, width, height);
            std::longjmp(errors.leave, 1);
        }
        jpeg.out_color_space = JCS_RGB;
        jpeg.scale_num = eighths;
        jpeg.scale_denom = EIGHTHS;
        jpeg_start_decompress(&jpeg);
        if (static_cast<int>(jpeg.output_width) != scaled(width, eighths) ||
                static_cast<int>(jpeg.output_height) != scaled(height, eighths)) {
            std::snprintf(errors.text, sizeof errors.text, "it becomes %u x %u pixels", jpeg.output_width, jpeg.output_height);
            std::longjmp(errors.leave, 1);
        }
    }

    int failed() {
        jpeg_destroy_decompress(&jpeg);
        last_problem = errors.text;
        return errors.truncated ? JPEG_TRUNCATED : JPEG_CORRUPT;
    }
};

int decode_area(Decoding& decoding, int width, int height, int eighths, const Area& area, RowTaker& taker, uint8_t* strip,
        size_t stride) {
    jpeg_decompress_struct& jpeg = decoding.jpeg;
    if (setjmp(decoding.errors.leave)) {
        return decoding.failed();
    }
    decoding.start(width, height, eighths);
    const int margin = jpeg.progressive_mode ? PROGRESSIVE_CROP_MARGIN : CROP_MARGIN;
    JDIMENSION first = std::max(0, area.first_column - margin);
    JDIMENSION columns = std::min(static_cast<int>(jpeg.output_width), area.end_column + margin) - first;
    jpeg_crop_scanline(&jpeg, &first, &columns);
    JSAMPROW rows[ROWS];
    const uint8_t* pixels[ROWS]; // from the picture's first column on, which is not there
    for (int i = 0; i < ROWS; i++) {
        rows[i] = strip + i * stride;
        pixels[i] = rows[i] - 3 * static_cast<ptrdiff_t>(first);
    }
    // To skip rows would save little: what is coded must be read, and only their transform is not needed.
    while (static_cast<int>(jpeg.output_scanline) < area.first_row) {
        jpeg_read_scanlines(&jpeg, rows, std::min<int>(ROWS, area.first_row - jpeg.output_scanline));
    }
    for (int row = area.first_row; row < area.end_row;) {
        const int wanted = std::min(ROWS, area.end_row - row);
        for (int made = 0; made < wanted;) {
            made += jpeg_read_scanlines(&jpeg, rows + made, wanted - made);
        }
        taker.take(pixels, wanted);
        row += wanted;
    }
    jpeg_destroy_decompress(&jpeg);
    return JPEG_MADE;
}

} // namespace

const char* jpeg_problem() { return last_problem.c_str(); }

int decode_jpeg(const uint8_t* file, size_t file_bytes, int width, int height, int eighths, const Area& area, RowTaker& taker) {
    const size_t stride = 3 * static_cast<size_t>(scaled(width, eighths)) + ROW_MARGIN;
    uint8_t* strip = strip_memory.at_least(ROWS * stride);
    Decoding decoding;
    decoding.prepare(file, file_bytes);
    const int outcome = decode_area(decoding, width, height, eighths, area, taker, strip, stride);
    strip_memory.give_back();
    return outcome;
}

} // namespace imagesearch
