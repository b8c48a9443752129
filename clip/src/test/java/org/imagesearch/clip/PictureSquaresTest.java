package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.imagesearch.clip.PictureException.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PictureSquaresTest {
    private static final int SIDE = 16;

    static List<String> names() {
        return Golden.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyPixelOfTheSquareIsTheReferences(String name) {
        PreparedPicture prepared = squares(false).prepare(Golden.bytes(name));
        assertThat(prepared.square())
                .isEqualTo(Golden.expected("preprocessed", name).rgb());
        Picture whole = Golden.expected("decoded", name);
        assertThat(prepared.size()).isEqualTo(new PictureSize(whole.width(), whole.height()));
    }

    @ParameterizedTest
    @MethodSource("names")
    void aTurnedPictureIsTurnedBeforeItIsResized(String name) {
        PreparedPicture prepared = squares(true).prepare(Golden.bytes(name));
        Picture whole = Golden.expected(Golden.has("upright", name) ? "upright" : "decoded", name);
        assertThat(prepared.square()).isEqualTo(new Preprocessor(spec(SIDE)).apply(whole));
        assertThat(prepared.size()).isEqualTo(new PictureSize(whole.width(), whole.height()));
    }

    @Test
    void aSquareIsPutWhereItIsWantedAndNowhereElse() {
        PictureSquares squares = squares(false);
        byte[] file = Golden.bytes("jpeg-420.jpg");
        byte[] square = squares.prepare(file).square();
        for (ByteBuffer out : List.of(
                ByteBuffer.allocate(3 * square.length),
                ByteBuffer.allocateDirect(3 * square.length),
                ByteBuffer.allocate(4 * square.length).slice(square.length, 3 * square.length),
                ByteBuffer.allocateDirect(4 * square.length).slice(square.length, 3 * square.length))) {
            for (int i = 0; i < out.capacity(); i++) {
                out.put(i, (byte) 0x5a);
            }
            out.position(7).limit(9);
            squares.prepare(file, out, square.length + 1);
            assertThat(out.position()).isEqualTo(7);
            assertThat(out.limit()).isEqualTo(9);
            byte[] all = new byte[out.capacity()];
            out.clear().get(all);
            byte[] expected = new byte[all.length];
            Arrays.fill(expected, (byte) 0x5a);
            System.arraycopy(square, 0, expected, square.length + 1, square.length);
            assertThat(all).isEqualTo(expected);
        }
    }

    @Test
    void aBufferThatIsTooSmallIsRefused() {
        PictureSquares squares = squares(false);
        ByteBuffer small = ByteBuffer.allocate(squares.squareBytes());
        byte[] file = Golden.bytes("jpeg-420.jpg");
        assertThatThrownBy(() -> squares.prepare(file, small, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> squares.prepare(file, small, -1)).isInstanceOf(IndexOutOfBoundsException.class);
        ByteBuffer constant = ByteBuffer.allocateDirect(squares.squareBytes()).asReadOnlyBuffer();
        assertThatThrownBy(() -> squares.prepare(file, constant, 0)).isInstanceOf(RuntimeException.class);
    }

    @Test
    void whatIsNoPictureIsRefusedWithItsReason() {
        assertThatThrownBy(() -> squares(false).prepare(new byte[0]))
                .isInstanceOfSatisfying(
                        PictureException.class, e -> assertThat(e.reason()).isEqualTo(Reason.EMPTY));
        byte[] jpeg = Golden.bytes("jpeg-420.jpg");
        assertThatThrownBy(() -> squares(false).prepare(Arrays.copyOf(jpeg, jpeg.length / 2)))
                .isInstanceOfSatisfying(
                        PictureException.class, e -> assertThat(e.reason()).isEqualTo(Reason.TRUNCATED));
    }

    private static PictureSquares squares(boolean applyOrientation) {
        return new PictureSquares(spec(SIDE), DecodeLimits.DEFAULT, applyOrientation, false);
    }

    static ImageSpec spec(int side) {
        return new ImageSpec(Path.of("image.onnx"), "pixels", "embedding", side);
    }
}
