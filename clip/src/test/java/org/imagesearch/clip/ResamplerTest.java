package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ResamplerTest {
    /** One of the ways to resize. */
    private record Way(String name, int instructions) {
        private static final int IN_JAVA = -1;

        byte[] resize(Picture picture, Fit fit) {
            byte[] out = new byte[fit.bytes()];
            if (instructions == IN_JAVA) {
                PlainResampler.resize(picture, fit, out, 0);
            } else {
                Resampler.resize(picture, fit, instructions, out, 0);
            }
            return out;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** All that this processor can go. */
    static Stream<Way> ways() {
        List<String> names = List.of("any processor's instructions", "AVX2", "AVX-512");
        return Stream.concat(
                Stream.of(new Way("Java", Way.IN_JAVA)),
                IntStream.rangeClosed(0, PictureLibrary.instructions()).mapToObj(set -> new Way(names.get(set), set)));
    }

    @BeforeAll
    static void theLibraryIsThere() {
        assertThat(PictureLibrary.failure()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("ways")
    void everyPixelIsPillowsAtSizesOfAllKinds(Way way) {
        for (long[] row : Golden.rows("resized.csv")) {
            Picture picture = Golden.noise(row[0], (int) row[1], (int) row[2]);
            byte[] resized = way.resize(picture, Fit.whole((int) row[3], (int) row[4]));
            assertThat(Golden.checksum(resized)).as(Arrays.toString(row)).isEqualTo(row[5]);
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void extremeSizesAreThoseOfJava(Way way) {
        int[][] sizes = {
            {1, 1, 300, 2},
            {1, 20_000, 224, 224},
            {20_000, 1, 224, 224},
            {20_000, 2, 1, 1},
            {3, 19_999, 2, 3},
            {2, 2, 2, 5_000},
            {2, 3, 5_000, 3},
            {4_001, 33, 223, 33},
            {33, 4_001, 33, 223},
            {9, 5, 9, 5},
        };
        for (int[] size : sizes) {
            Picture picture = Golden.noise(size[2], size[0], size[1]);
            Fit fit = Fit.whole(size[2], size[3]);
            byte[] expected = new byte[fit.bytes()];
            PlainResampler.resize(picture, fit, expected, 0);
            assertThat(way.resize(picture, fit)).as(Arrays.toString(size)).isEqualTo(expected);
        }
        // The largest that a strip of the longest side becomes before its middle is cut out.
        Fit middle = Fit.middleSquare(20_000, 1, 224);
        Picture strip = Golden.noise(8, 20_000, 1);
        byte[] expected = new byte[middle.bytes()];
        PlainResampler.resize(strip, middle, expected, 0);
        assertThat(way.resize(strip, middle)).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aRectangleIsCutFromWhatTheWholeWouldBe(Way way) {
        long seed = 11;
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            Picture picture = Golden.noise(round, 1 + random.nextInt(90), 1 + random.nextInt(90));
            int width = random.nextInt(4) == 0 ? picture.width() : 1 + random.nextInt(90);
            int height = random.nextInt(4) == 0 ? picture.height() : 1 + random.nextInt(90);
            int left = random.nextInt(width);
            int top = random.nextInt(height);
            Fit fit = new Fit(
                    width, height, left, top, 1 + random.nextInt(width - left), 1 + random.nextInt(height - top));
            byte[] whole = new byte[3 * width * height];
            PlainResampler.resize(picture, Fit.whole(width, height), whole, 0);
            byte[] expected = new byte[fit.bytes()];
            cut(new Picture(width, height, whole), fit, expected);
            assertThat(way.resize(picture, fit))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(expected);
        }
    }

    private static void cut(Picture from, Fit fit, byte[] out) {
        int rowBytes = 3 * fit.cropWidth();
        for (int y = 0; y < fit.cropHeight(); y++) {
            int source = 3 * ((fit.top() + y) * from.width() + fit.left());
            System.arraycopy(from.rgb(), source, out, y * rowBytes, rowBytes);
        }
    }

    @Test
    void aResultIsPutWhereItIsWantedAndNowhereElse() {
        Picture picture = Golden.noise(7, 31, 20);
        Fit fit = new Fit(13, 11, 1, 2, 9, 8);
        byte[] expected = new byte[fit.bytes() + 9];
        Arrays.fill(expected, (byte) 0x5a);
        PlainResampler.resize(picture, fit, expected, 5);
        byte[] array = new byte[expected.length];
        Arrays.fill(array, (byte) 0x5a);
        Resampler.resize(picture, fit, array, 5);
        assertThat(array).isEqualTo(expected);
        for (ByteBuffer buffer : List.of(
                ByteBuffer.allocate(expected.length + 3).slice(2, expected.length),
                ByteBuffer.allocateDirect(expected.length + 3).slice(2, expected.length))) {
            for (int i = 0; i < buffer.capacity(); i++) {
                buffer.put(i, (byte) 0x5a);
            }
            Resampler.resize(picture, fit, buffer.position(3).limit(4), 5);
            assertThat(buffer.position()).isEqualTo(3);
            buffer.clear().get(array);
            assertThat(array).isEqualTo(expected);
        }
    }

    @Test
    void oneColourStaysThatColour() {
        byte[] rgb = new byte[3 * 37 * 53];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : 77);
        }
        Picture resized = Resampler.resize(new Picture(37, 53, rgb), 91, 8);
        for (int i = 0; i < resized.rgb().length; i += 3) {
            assertThat(Arrays.copyOfRange(resized.rgb(), i, i + 3)).containsExactly(255, 0, 77);
        }
    }

    @Test
    void impossibleSizesAreRefused() {
        Picture picture = Golden.noise(1, 3, 3);
        assertThatThrownBy(() -> Resampler.resize(picture, 0, 3)).hasMessageContaining("0 x 3");
        assertThatThrownBy(() -> Resampler.resize(picture, 3, 2_000_000)).hasMessageContaining("3 x 2000000");
    }
}
