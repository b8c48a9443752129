package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PreprocessorTest {
    private static final int SQUARE = 16;

    static List<String> names() {
        return Golden.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void fromTheSamePixelsEveryPixelOfTheSquareIsTheReferences(String name) {
        byte[] square = preprocessor(SQUARE).apply(Golden.expected("decoded", name));
        assertThat(square).isEqualTo(Golden.expected("preprocessed", name).rgb());
    }

    @Test
    void soItIsAtSizesOfAllKinds() {
        for (long[] row : Golden.rows("squares.csv")) {
            Picture picture = Golden.noise(row[0], (int) row[1], (int) row[2]);
            byte[] square = preprocessor((int) row[3]).apply(picture);
            assertThat(Golden.checksum(square)).as(Arrays.toString(row)).isEqualTo(row[4]);
        }
    }

    @Test
    void theLongestStripThatIsDecodedStillGivesASquare() {
        int side = DecodeLimits.DEFAULT.maxSide();
        assertThat(preprocessor(224).apply(Golden.noise(3, side, 1))).hasSize(3 * 224 * 224);
        assertThat(preprocessor(224).apply(Golden.noise(4, 1, side))).hasSize(3 * 224 * 224);
    }

    @Test
    void squaresFollowEachOtherInABuffer() {
        Picture first = Golden.noise(5, 40, 30);
        Picture second = Golden.noise(6, 9, 50);
        ByteBuffer batch = ByteBuffer.allocateDirect(2 * 3 * SQUARE * SQUARE);
        preprocessor(SQUARE).applyTo(first, batch);
        preprocessor(SQUARE).applyTo(second, batch);
        byte[] written = new byte[batch.flip().remaining()];
        batch.get(written);
        assertThat(Arrays.copyOf(written, written.length / 2))
                .isEqualTo(preprocessor(SQUARE).apply(first));
        assertThat(Arrays.copyOfRange(written, written.length / 2, written.length))
                .isEqualTo(preprocessor(SQUARE).apply(second));
    }

    @Test
    void nothingIsWrittenBehindABuffersLimitOrIntoAConstantOne() {
        Picture picture = Golden.noise(5, 40, 30);
        ByteBuffer batch = ByteBuffer.allocateDirect(2 * 3 * SQUARE * SQUARE);
        ByteBuffer tooSmall = batch.duplicate().limit(3 * SQUARE * SQUARE + 1).position(2);
        assertThatThrownBy(() -> preprocessor(SQUARE).applyTo(picture, tooSmall))
                .isInstanceOf(BufferOverflowException.class);
        assertThatThrownBy(() -> preprocessor(SQUARE).applyTo(picture, batch.asReadOnlyBuffer()))
                .isInstanceOf(ReadOnlyBufferException.class);
        assertThat(batch).isEqualTo(ByteBuffer.allocate(batch.capacity()));
    }

    private static Preprocessor preprocessor(int size) {
        return new Preprocessor(new ImageSpec(Path.of("image.onnx"), "pixels", "embedding", size));
    }
}
