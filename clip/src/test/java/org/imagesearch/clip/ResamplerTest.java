package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ResamplerTest {
    @Test
    void everyPixelIsPillowsAtSizesOfAllKinds() {
        for (long[] row : Golden.rows("resized.csv")) {
            Picture picture = Golden.noise(row[0], (int) row[1], (int) row[2]);
            Picture resized = Resampler.resize(picture, (int) row[3], (int) row[4]);
            assertThat(Golden.checksum(resized.rgb())).as(Arrays.toString(row)).isEqualTo(row[5]);
        }
    }

    @Test
    void aRectangleIsCutFromWhatTheWholeWouldBe() {
        long seed = 11;
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            Picture picture = Golden.noise(round, 1 + random.nextInt(90), 1 + random.nextInt(90));
            int width = random.nextInt(4) == 0 ? picture.width() : 1 + random.nextInt(90);
            int height = random.nextInt(4) == 0 ? picture.height() : 1 + random.nextInt(90);
            int left = random.nextInt(width);
            int top = random.nextInt(height);
            int cropWidth = 1 + random.nextInt(width - left);
            int cropHeight = 1 + random.nextInt(height - top);
            byte[] out = new byte[3 * cropWidth * cropHeight + 7];
            Resampler.resize(picture, new Fit(width, height, left, top, cropWidth, cropHeight), out, 5);
            byte[] expected = new byte[out.length];
            cut(Resampler.resize(picture, width, height), left, top, cropWidth, cropHeight, expected, 5);
            assertThat(out).as("seed %d, round %d", seed, round).isEqualTo(expected);
        }
    }

    private static void cut(Picture from, int left, int top, int width, int height, byte[] out, int offset) {
        for (int y = 0; y < height; y++) {
            int source = 3 * ((top + y) * from.width() + left);
            System.arraycopy(from.rgb(), source, out, offset + 3 * y * width, 3 * width);
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
