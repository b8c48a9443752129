package org.imagesearch.clip;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.imagesearch.clip.PictureException.Reason;
import org.imagesearch.core.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Pixels against Pillow's, all of them equal: JPEG too, which both decode with libjpeg-turbo or, for four inks, with the same
 * integer transform.
 */
class PictureDecoderTest {
    private static final PictureDecoder AS_STORED = new PictureDecoder(DecodeLimits.DEFAULT, false);
    private static final PictureDecoder UPRIGHT = new PictureDecoder(DecodeLimits.DEFAULT, true);
    private static final int HUGE = 30_000;

    static List<String> names() {
        return Golden.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyPixelIsTheReferences(String name) {
        Picture picture = AS_STORED.decode(Golden.bytes(name));
        assertThat(Golden.difference(picture, Golden.expected("decoded", name))).isZero();
    }

    @ParameterizedTest
    @MethodSource("names")
    void onlyAnOrientationTurnsAPicture(String name) {
        Picture picture = UPRIGHT.decode(Golden.bytes(name));
        String kind = Golden.has("upright", name) ? "upright" : "decoded";
        assertThat(Golden.difference(picture, Golden.expected(kind, name))).isZero();
    }

    @Test
    void everyOrientationIsThereToBeTurned() {
        for (int orientation = 1; orientation <= 8; orientation++) {
            assertThat(Golden.has("upright", "jpeg-exif-" + orientation + ".jpg"))
                    .isTrue();
        }
    }

    @Test
    void theFirstBytesTellTheFormatAndNothingElseDoes() {
        assertRefused(Reason.EMPTY, new byte[0]);
        assertRefused(Reason.UNKNOWN_FORMAT, "a text that somebody named photo.jpg".getBytes(UTF_8));
        assertRefused(Reason.UNKNOWN_FORMAT, "<!DOCTYPE html><html>404</html>".getBytes(UTF_8));
        assertRefused(Reason.UNKNOWN_FORMAT, new byte[4096]);
        assertRefused(Reason.UNKNOWN_FORMAT, new byte[] {(byte) 0xff});
    }

    @ParameterizedTest
    @CsvSource(
            textBlock =
                    """
                    TIFF, II*\\0
                    TIFF, MM\\0*
                    Photoshop, 8BPS
                    PDF, %PDF-1.7
                    SVG, <svg xmlns
                    an icon, \\0\\0\\1\\0
                    JPEG 2000, \\0\\0\\0\\fjP  x
                    JPEG XL, \\0\\0\\0\\fJXL x
                    AVIF, \\0\\0\\0\\fftypavif
                    HEIF, \\0\\0\\0\\fftypheic
                    """)
    void otherFormatsAreRefusedByName(String name, String magic) {
        byte[] file = Arrays.copyOf(magic.translateEscapes().getBytes(ISO_8859_1), 100);
        assertThat(assertRefused(Reason.UNSUPPORTED, file)).hasMessageContaining(name);
    }

    @Test
    void rareFormsOfJpegAreRefusedByName() {
        byte[] jpeg = Golden.bytes("jpeg-420.jpg");
        int frame = indexOf(jpeg, 0xff, 0xc0);
        byte[] deep = jpeg.clone();
        deep[frame + 4] = 12;
        assertThat(assertRefused(Reason.UNSUPPORTED, deep)).hasMessageContaining("12 bits");
        byte[] lossless = jpeg.clone();
        lossless[frame + 1] = (byte) 0xc3;
        assertThat(assertRefused(Reason.UNSUPPORTED, lossless)).hasMessageContaining("c3");
        byte[] twoComponents = jpeg.clone();
        twoComponents[frame + 9] = 2;
        assertThat(assertRefused(Reason.UNSUPPORTED, twoComponents)).hasMessageContaining("2 components");
    }

    /** The file ended the process in OpenCV 4.13's reader of animations; its still picture is damaged too. */
    @Test
    void aDamagedAnimationIsRefusedWithoutEndingTheProcess() throws IOException {
        Path file = Path.of("src/test/resources/crashes/animated-png-opencv-4.13.png");
        assertRefused(Reason.CORRUPT, Files.readAllBytes(file));
    }

    @Test
    void ofAPngOnlyWhatShapesItsPixelsReachesTheDecoder() {
        assertThat(typesOf(Golden.bytes("png-animated.png"))).contains("acTL", "fcTL", "fdAT");
        assertThat(typesOf(PngChunks.still(Golden.bytes("png-animated.png")))).containsExactly("IHDR", "IDAT", "IEND");
        assertThat(typesOf(PngChunks.still(Golden.bytes("png-palette-transparency.png"))))
                .containsExactly("IHDR", "PLTE", "tRNS", "IDAT", "IEND");
    }

    private static List<String> typesOf(byte[] png) {
        List<String> types = new ArrayList<>();
        for (int at = 8; at < png.length; at += 12 + ByteBuffer.wrap(png).getInt(at)) {
            types.add(new String(png, at + 4, 4, ISO_8859_1));
        }
        return types;
    }

    /** Each scan costs a pass over all pixels, whatever it holds; what follows the end marker does not count. */
    @Test
    void aJpegOfVeryManyScansIsRefusedBeforeItIsDecoded() {
        for (String name : List.of("jpeg-progressive.jpg", "jpeg-grey-progressive.jpg", "jpeg-cmyk-progressive.jpg")) {
            byte[] jpeg = Golden.bytes(name);
            int end = lastIndexOf(jpeg, 0xff, 0xd9);
            byte[] lastScan = Arrays.copyOfRange(jpeg, lastIndexOf(jpeg, 0xff, 0xda), end);
            ByteArrayOutputStream many = new ByteArrayOutputStream();
            many.write(jpeg, 0, end);
            ByteArrayOutputStream behind = new ByteArrayOutputStream();
            behind.writeBytes(jpeg);
            for (int i = 0; i < 100; i++) {
                many.writeBytes(lastScan);
                behind.writeBytes(lastScan);
            }
            many.write(jpeg, end, jpeg.length - end);
            behind.write(jpeg, end, jpeg.length - end);
            assertThat(assertRefused(Reason.UNSUPPORTED, many.toByteArray())).hasMessageContaining("100 scans");
            assertThat(AS_STORED.decode(behind.toByteArray()).rgb())
                    .isEqualTo(AS_STORED.decode(jpeg).rgb());
        }
    }

    static Stream<String> namesOfOneFrame() {
        return Golden.names().stream().filter(name -> !name.equals("gif-animated.gif"));
    }

    /** The first frame of an animated GIF may be whole when the file is not. */
    @ParameterizedTest
    @MethodSource("namesOfOneFrame")
    void aFileCutOffIsRefused(String name) {
        byte[] whole = Golden.bytes(name);
        for (int eighths = 0; eighths < 5; eighths++) {
            byte[] cut = Arrays.copyOf(whole, whole.length * eighths / 8);
            assertThatThrownBy(() -> AS_STORED.decode(cut)).isInstanceOf(PictureException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"jpeg-420.jpg", "jpeg-cmyk.jpg", "png-rgb.png", "png-animated.png", "webp-lossy.webp", "bmp-rgb.bmp"})
    void aLostLastByteIsFound(String name) {
        byte[] whole = Golden.bytes(name);
        assertRefused(Reason.TRUNCATED, Arrays.copyOf(whole, whole.length - 1));
    }

    @ParameterizedTest
    @CsvSource({"png-rgb.png", "png-palette.png", "png-16-bit-grey.png"})
    void aFlippedBitInAPngIsFound(String name) {
        byte[] flipped = Golden.bytes(name).clone();
        flipped[indexOf(flipped, 'I', 'D', 'A', 'T') + 20] ^= 4;
        assertRefused(Reason.CORRUPT, flipped);
    }

    @Test
    void claimsBeyondTheLimitsAreRefusedBeforePixelsAreAllocated() {
        for (byte[] file : List.of(pngOf(HUGE, HUGE), jpegOf(HUGE, HUGE), gifOf(HUGE, HUGE), bmpOf(HUGE, HUGE))) {
            assertThat(assertRefused(Reason.TOO_LARGE, file)).hasMessageContaining("30000 x 30000");
        }
        assertRefused(Reason.TOO_LARGE, extendedWebpOf(HUGE, HUGE));
        assertRefused(Reason.TOO_LARGE, bmpOf(HUGE, -HUGE));
        assertRefused(Reason.TOO_LARGE, pngOf(20_001, 1));
        assertRefused(Reason.TOO_LARGE, pngOf(1, Integer.MAX_VALUE));
    }

    @Test
    void claimsThatTheDataDoNotKeepAreRefused() {
        int side = 5000;
        for (byte[] file :
                List.of(pngOf(side, side), gifOf(side, side), bmpOf(side, side), extendedWebpOf(side, side))) {
            assertThatThrownBy(() -> AS_STORED.decode(file)).isInstanceOf(PictureException.class);
        }
        assertRefused(Reason.CORRUPT, pngOf(0, 10));
        assertRefused(Reason.CORRUPT, pngOf(10, -1));
        assertRefused(Reason.CORRUPT, bmpOf(-5, 10));
        assertRefused(Reason.CORRUPT, bmpOf(5, Integer.MIN_VALUE));
        byte[] frameOutside = Golden.bytes("gif.gif").clone();
        ByteBuffer.wrap(frameOutside).order(ByteOrder.LITTLE_ENDIAN).putShort(6, (short) 28);
        assertRefused(Reason.CORRUPT, frameOutside);
    }

    @Test
    void limitsAreReachedButNotPassed() {
        byte[] file = Golden.bytes("png-rgb.png");
        assertThat(new PictureDecoder(new DecodeLimits(file.length, 31 * 17, 31), false)
                        .decode(file)
                        .width())
                .isEqualTo(31);
        assertRefused(Reason.TOO_LARGE, () -> decode(file, new DecodeLimits(file.length - 1, 31 * 17, 31)));
        assertRefused(Reason.TOO_LARGE, () -> decode(file, new DecodeLimits(file.length, 31 * 17 - 1, 31)));
        assertRefused(Reason.TOO_LARGE, () -> decode(file, new DecodeLimits(file.length, 31 * 17, 30)));
    }

    private static void decode(byte[] file, DecodeLimits limits) {
        new PictureDecoder(limits, false).decode(file);
    }

    private static PictureException assertRefused(Reason reason, byte[] file) {
        return assertRefused(reason, () -> AS_STORED.decode(file));
    }

    private static PictureException assertRefused(Reason reason, ThrowingCallable decoding) {
        PictureException refusal = catchThrowableOfType(PictureException.class, decoding);
        assertThat(refusal).isNotNull();
        assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(reason);
        assertThat(refusal.code()).isEqualTo(ErrorCode.INPUT);
        return refusal;
    }

    /** A PNG of 31 x 17 pixels that says it were of another size, with the right checksum. */
    private static byte[] pngOf(int width, int height) {
        byte[] png = Golden.bytes("png-rgb.png").clone();
        ByteBuffer header = ByteBuffer.wrap(png).putInt(16, width).putInt(20, height);
        CRC32 checksum = new CRC32();
        checksum.update(png, 12, 17);
        header.putInt(29, (int) checksum.getValue());
        return png;
    }

    private static byte[] jpegOf(int width, int height) {
        byte[] jpeg = Golden.bytes("jpeg-420.jpg").clone();
        int frame = indexOf(jpeg, 0xff, 0xc0);
        ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) height).putShort(frame + 7, (short) width);
        return jpeg;
    }

    private static byte[] gifOf(int width, int height) {
        byte[] gif = Golden.bytes("gif.gif").clone();
        ByteBuffer in = ByteBuffer.wrap(gif).order(ByteOrder.LITTLE_ENDIAN);
        in.putShort(6, (short) width).putShort(8, (short) height);
        int frame = indexOf(gif, 0x2c, 0, 0, 0, 0);
        in.putShort(frame + 5, (short) width).putShort(frame + 7, (short) height);
        return gif;
    }

    private static byte[] bmpOf(int width, int height) {
        byte[] bmp = Golden.bytes("bmp-rgb.bmp").clone();
        ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(18, width).putInt(22, height);
        return bmp;
    }

    /** A WebP whose canvas is larger than its picture. */
    private static byte[] extendedWebpOf(int width, int height) {
        byte[] plain = Golden.bytes("webp-lossless.webp");
        ByteBuffer extension = ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN);
        extension.put("VP8X".getBytes(ISO_8859_1)).putInt(10).putInt(0);
        extension.put((byte) (width - 1)).put((byte) ((width - 1) >> 8)).put((byte) ((width - 1) >> 16));
        extension.put((byte) (height - 1)).put((byte) ((height - 1) >> 8)).put((byte) ((height - 1) >> 16));
        ByteArrayOutputStream webp = new ByteArrayOutputStream();
        webp.write(plain, 0, 12);
        webp.writeBytes(extension.array());
        webp.write(plain, 12, plain.length - 12);
        byte[] bytes = webp.toByteArray();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(4, bytes.length - 8);
        return bytes;
    }

    private static int lastIndexOf(byte[] bytes, int first, int second) {
        for (int i = bytes.length - 2; i >= 0; i--) {
            if (bytes[i] == (byte) first && bytes[i + 1] == (byte) second) {
                return i;
            }
        }
        throw new AssertionError("not found");
    }

    private static int indexOf(byte[] bytes, int... wanted) {
        for (int i = 0; i + wanted.length <= bytes.length; i++) {
            int matching = 0;
            while (matching < wanted.length && bytes[i + matching] == (byte) wanted[matching]) {
                matching++;
            }
            if (matching == wanted.length) {
                return i;
            }
        }
        throw new AssertionError("not found: " + Arrays.toString(wanted));
    }
}
