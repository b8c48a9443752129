package org.imagesearch.core.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackgroundSampleTest {
    private static final int DIMENSION = 37;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("background.sample");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 255, 256, 257, 1000})
    void everyPictureIsComparedAsOneByOne(int count) {
        BackgroundSample sample = sample(count);
        float[] query = vectors(1, 9);

        float[] scores = sample.scores(query);

        assertThat(scores).hasSize(count);
        for (int row = 0; row < count; row++) {
            double expected = 0;
            for (int i = 0; i < DIMENSION; i++) {
                expected += (double) query[i] * sample.vector(row)[i];
            }
            assertThat((double) scores[row]).isCloseTo(expected, within(1e-5));
        }
    }

    @Test
    void aFileGivesBackWhatWasWritten() throws IOException {
        BackgroundSample written = sample(300);
        written.write(file);

        BackgroundSample read = BackgroundSample.read(file, DIMENSION);

        assertThat(read.size()).isEqualTo(300);
        for (int row = 0; row < 300; row++) {
            assertThat(read.id(row)).isEqualTo(written.id(row));
            assertThat(read.vector(row)).isEqualTo(written.vector(row));
        }
        // As docs/FORMATS.md has it.
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.capacity()).isEqualTo(64 + 300 * (8 + 4 * DIMENSION));
        assertThat(new String(bytes.array(), 0, 8, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("ISSAMPLE");
        assertThat(bytes.getInt(8)).isEqualTo(1);
        assertThat(bytes.getInt(12)).isEqualTo(DIMENSION);
        assertThat(bytes.getLong(16)).isEqualTo(300);
        assertThat(bytes.getLong(64 + 8 * 7)).isEqualTo(written.id(7));
        assertThat(bytes.getFloat(64 + 8 * 300 + 4 * (5 * DIMENSION + 3))).isEqualTo(written.vector(5)[3]);
    }

    @Test
    void aDamagedFileIsRefusedAndNamed() throws IOException {
        sample(10).write(file);
        byte[] good = Files.readAllBytes(file);
        for (int place : new int[] {0, 8, 12, 16, 71, good.length - 1}) {
            byte[] bad = good.clone();
            bad[place] = (byte) 0xff;
            if (place == good.length - 1) {
                bad[place] = 0x7f;
                bad[place - 1] = (byte) 0x80;
            }
            assertRefused(bad);
        }
        assertRefused(Arrays.copyOf(good, good.length - 1));
        assertRefused(Arrays.copyOf(good, good.length + 1));
        assertRefused(new byte[0]);
        Files.write(file, good);
        assertThatThrownBy(() -> BackgroundSample.read(file, DIMENSION + 1)).hasMessageContaining(file.toString());
    }

    private void assertRefused(byte[] bytes) throws IOException {
        Files.write(file, bytes);
        assertThatThrownBy(() -> BackgroundSample.read(file, DIMENSION))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining(file.toString());
    }

    private static BackgroundSample sample(int count) {
        return new BackgroundSample(
                LongStream.range(0, count).map(i -> 7 * i + 3).toArray(), vectors(count, 1), DIMENSION);
    }

    private static float[] vectors(int count, long seed) {
        Random random = new Random(seed);
        float[] vectors = new float[count * DIMENSION];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = (float) (random.nextGaussian() / Math.sqrt(DIMENSION));
        }
        return vectors;
    }
}
