package org.imagesearch.clip.binding;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Raw;

/**
 * The functions of {@code imagesearch_pictures.h}. Arrays are handed over as they are, for the native side to read
 * and write in parts; buffers are direct. A C++ exception arrives as a {@link RuntimeException} with its text.
 */
@Platform(
        include = "imagesearch_pictures.h",
        compiler = {"cpp17"})
@Namespace("imagesearch")
public final class PictureCalls {
    /** The platform that {@code build.sh} builds for, and that OpenCV is taken for, in JavaCPP's words. */
    private static final String BUILT_FOR = "linux-x86_64";

    private PictureCalls() {}

    /** @throws UnsatisfiedLinkError on another platform than this build is for */
    public static void requirePlatform() {
        String here = Loader.getPlatform();
        if (!here.equals(BUILT_FOR)) {
            throw new UnsatisfiedLinkError("no native library for " + here + "; this build has " + BUILT_FOR);
        }
    }

    /** @throws UnsatisfiedLinkError if the library is missing for this platform */
    public static void load() {
        requirePlatform();
        Loader.load(PictureCalls.class);
    }

    @Name("best_instructions")
    public static native int bestInstructions();

    @Name("resize")
    public static native void resize(
            @Raw(withEnv = true) byte[] rgb,
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
            @Raw(withEnv = true) byte[] rgb,
            int width,
            int height,
            int newWidth,
            int newHeight,
            int left,
            int top,
            int cropWidth,
            int cropHeight,
            int instructions,
            @Raw byte[] out,
            int at);

    @Name("jpeg_decode")
    public static native int decodeJpeg(
            @Raw(withEnv = true) byte[] file, int width, int height, int eighths, @Raw byte[] out);

    @Name("jpeg_resize")
    public static native int resizeJpeg(
            @Raw(withEnv = true) byte[] file,
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
            @Raw(withEnv = true) byte[] file,
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
            @Raw byte[] out,
            int at);

    @Name("jpeg_problem")
    public static native @Cast("const char*") String jpegProblem();
}
