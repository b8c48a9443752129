package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
    void aFastDecodeOfATurnedPictureIsNearTheExactOne() {
        RandomJpegs.Form form = new RandomJpegs.Form(500, 310, RandomJpegs.SAMPLINGS[2], false, 0, 0.9f);
        byte[] jpeg = RandomJpegs.jpeg(form, (x, y, channel) -> 255 * x / 500 * y / 310);
        byte[] exif = Golden.bytes("jpeg-exif-6.jpg");
        // The other picture's Exif segment, which follows its JFIF segment, behind the start of ours.
        int begin = 4 + ByteBuffer.wrap(exif).getShort(4);
        int bytes = 2 + ByteBuffer.wrap(exif).getShort(begin + 2);
        byte[] turned = new byte[jpeg.length + bytes];
        System.arraycopy(jpeg, 0, turned, 0, 2);
        System.arraycopy(exif, begin, turned, 2, bytes);
        System.arraycopy(jpeg, 2, turned, 2 + bytes, jpeg.length - 2);
        PreparedPicture exact = squares(true).prepare(turned);
        PreparedPicture fast = new PictureSquares(spec(SIDE), DecodeLimits.DEFAULT, true, true).prepare(turned);
        assertThat(exact.size()).isEqualTo(new PictureSize(310, 500));
        assertThat(fast.size()).isEqualTo(exact.size());
        assertThat(fast.square()).isNotEqualTo(exact.square());
        for (int i = 0; i < exact.square().length; i++) {
            assertThat(Math.abs((fast.square()[i] & 0xff) - (exact.square()[i] & 0xff)))
                    .isLessThan(12);
        }
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
    void manyThreadsFillOneBuffer() throws Exception {
        PictureSquares squares = squares(true);
        List<String> names = names();
        int rounds = 4;
        ByteBuffer batch = ByteBuffer.allocateDirect(rounds * names.size() * squares.squareBytes());
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<PictureSize>> sizes = new ArrayList<>();
            for (int i = 0; i < rounds * names.size(); i++) {
                byte[] file = Golden.bytes(names.get(i % names.size()));
                int at = i * squares.squareBytes();
                sizes.add(threads.submit(() -> squares.prepare(file, batch, at)));
            }
            for (int i = 0; i < sizes.size(); i++) {
                PreparedPicture alone = squares.prepare(Golden.bytes(names.get(i % names.size())));
                assertThat(sizes.get(i).get()).isEqualTo(alone.size());
                byte[] square = new byte[squares.squareBytes()];
                batch.get(i * squares.squareBytes(), square);
                assertThat(square).as(names.get(i % names.size())).isEqualTo(alone.square());
            }
        } finally {
            threads.shutdownNow();
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
        assertThatThrownBy(() -> squares.prepare(file, constant, 0)).isInstanceOf(ReadOnlyBufferException.class);
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
