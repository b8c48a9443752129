package org.imagesearch.clip.binding;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of {@code imagesearch_pictures.h}. Arrays are copied on the way in, and on the way out unless constant; buffers
 * are direct and are not. A C++ exception arrives as a {@link RuntimeException} with its text.
 */
@Platform(
        include = "imagesearch_pictures.h",
        compiler = {"cpp17"})
@Namespace("imagesearch")
public final class PictureCalls {
    private PictureCalls() {}

    /** @throws UnsatisfiedLinkError if the library is missing for this platform */
    public static void load() {
        Loader.load(PictureCalls.class);
    }

    @Name("best_instructions")
    public static native int bestInstructions();

    @Name("resize")
    public static native void resize(
            @Const byte[] rgb,
            int width,
            int height,
            int newWidth,
            int newHeight,
            int left,
            int top,
            int cropWidth,
            int cropHeight,
            int instructions,
            ByteBuffer out,
            int at);

    @Name("resize")
    public static native void resize(
            @Const byte[] rgb,
            int width,
            int height,
            int newWidth,
            int newHeight,
            int left,
            int top,
            int cropWidth,
            int cropHeight,
            int instructions,
            byte[] out,
            int at);

    @Name("jpeg_decode")
    public static native int decodeJpeg(@Const byte[] file, int fileBytes, int width, int height, byte[] out);

    @Name("jpeg_resize")
    public static native int resizeJpeg(
            @Const byte[] file,
            int fileBytes,
            int width,
            int height,
            int newWidth,
            int newHeight,
            int left,
            int top,
            int cropWidth,
            int cropHeight,
            int eighths,
            int instructions,
            ByteBuffer out,
            int at);

    @Name("jpeg_resize")
    public static native int resizeJpeg(
            @Const byte[] file,
            int fileBytes,
            int width,
            int height,
            int newWidth,
            int newHeight,
            int left,
            int top,
            int cropWidth,
            int cropHeight,
            int eighths,
            int instructions,
            byte[] out,
            int at);

    @Name("jpeg_problem")
    public static native @Cast("const char*") String jpegProblem();
}
