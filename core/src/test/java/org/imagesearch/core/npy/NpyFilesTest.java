package org.imagesearch.core.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that numpy reads and files that numpy wrote. */
class NpyFilesTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void numpyOpensWhatIsWritten(NpyType type) throws IOException {
        Random random = new Random(7);
        float[][] rows = new float[1000][48];
        for (float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) random.nextGaussian();
            }
        }
        Path file = write(type, rows);

        String seen = Numpy.run(
                """
                array = np.load(sys.argv[1], mmap_mode='r')
                given = np.fromfile(sys.argv[2], '>f4').reshape(array.shape)
                print(array.dtype, array.shape, array.flags.c_contiguous,
                      np.array_equal(array, given.astype(array.dtype)), array.offset % 64)
                """,
                file, floats("given", rows));

        assertThat(seen).isEqualTo((type == NpyType.FLOAT16 ? "float16" : "float32") + " (1000, 48) True True 0");
    }

    @ParameterizedTest
    @CsvSource({"f2, 1", "f2, 2", "f2, 3", "f4, 1", "f4, 2", "f4, 3"})
    void everyVersionThatNumpyWritesIsRead(String type, int version) throws IOException {
        Path file = folder.resolve("numpy.npy");
        Numpy.run(
                """
                array = (np.arange(12).reshape(4, 3) / 8 - 0.5).astype('<' + sys.argv[2])
                with open(sys.argv[1], 'wb') as out:
                    np.lib.format.write_array(out, array, version=(int(sys.argv[3]), 0))
                """,
                file,
                type,
                version);

        try (NpyReader reader = open(file)) {
            assertThat(reader.header().type()).isEqualTo(type.equals("f2") ? NpyType.FLOAT16 : NpyType.FLOAT32);
            assertThat(reader.header().rows()).isEqualTo(4);
            assertThat(reader.header().columns()).isEqualTo(3);
            assertThat(rest(reader))
                    .containsExactly(
                            new float[] {-0.5f, -0.375f, -0.25f},
                            new float[] {-0.125f, 0, 0.125f},
                            new float[] {0.25f, 0.375f, 0.5f},
                            new float[] {0.625f, 0.75f, 0.875f});
        }
    }

    @Test
    void halvesAreNumpysInBothDirections() throws IOException {
        Path halves = folder.resolve("halves.npy");
        Numpy.run("np.save(sys.argv[1], np.arange(65536, dtype='<u2').view('<f2').reshape(256, 256))", halves);
        List<float[]> widened;
        try (NpyReader reader = open(halves)) {
            widened = rest(reader);
        }
        // Between halves, and on both sides of what lies in their middle.
        List<float[]> rows = new ArrayList<>(widened);
        for (float[] row : widened) {
            for (int step = -1; step <= 1; step++) {
                rows.add(between(row, step));
            }
        }
        float[][] all = rows.toArray(float[][]::new);

        String seen = Numpy.run(
                """
                np.seterr(over='ignore')
                given = np.fromfile(sys.argv[2], '>f4').reshape(-1, 256)
                halves = np.arange(65536, dtype='<u2').view('<f2').astype('<f4').reshape(256, 256)
                print(np.array_equal(given[:256], halves, equal_nan=True),
                      np.array_equal(np.load(sys.argv[1]), given.astype('<f2'), equal_nan=True))
                """,
                write(NpyType.FLOAT16, all),
                floats("given", all));

        assertThat(seen).isEqualTo("True True");
    }

    /** The middles between neighbouring halves, moved by some floats. */
    private static float[] between(float[] halves, int step) {
        float[] between = new float[halves.length];
        for (int i = 0; i < halves.length; i++) {
            float next = halves[(i + 1) % halves.length];
            float middle = (float) (((double) halves[i] + next) / 2);
            between[i] = step < 0 ? Math.nextDown(middle) : step > 0 ? Math.nextUp(middle) : middle;
        }
        return between;
    }

    @Test
    void rowsCanBeSteppedOverForwardOnly() throws IOException {
        Path file = write(NpyType.FLOAT32, new float[][] {{0, 1}, {2, 3}, {4, 5}, {6, 7}});
        float[] row = new float[2];
        try (NpyReader reader = open(file)) {
            reader.skipTo(2);
            reader.read(row);
            assertThat(row).containsExactly(4, 5);
            assertThat(reader.nextRow()).isEqualTo(3);
            assertThatThrownBy(() -> reader.skipTo(2)).isInstanceOf(ImageSearchException.class);
            assertThatThrownBy(() -> reader.skipTo(4)).hasMessageContaining("row 4 is asked for, expected 3 to 3");
            reader.read(row);
            assertThatThrownBy(() -> reader.read(row)).hasMessageContaining("it ends at row 4");
        }
    }

    @Test
    void whatIsNoFileOfEmbeddingsIsRefusedByName() throws IOException {
        assertRefused("no.npy", "PAR1 and what follows".getBytes(StandardCharsets.UTF_8), "no.npy is no NPY file");
        assertRefused("short.npy", new byte[3], "short.npy ends within its header");
        assertRefused("version.npy", numpy("a", bytes -> bytes[6] = 4), "of NPY version 4, expected 1 to 3");
        assertRefused("double.npy", numpy("a.astype('<f8')"), "numbers of type <f8, expected <f2 or <f4");
        assertRefused("big.npy", numpy("a.astype('>f4')"), "numbers of type >f4");
        assertRefused(
                "records.npy", numpy("np.zeros(3, dtype=[('x', '<f4'), ('y', '<f4')])"), "records.npy holds numbers");
        assertRefused("fortran.npy", numpy("np.asfortranarray(a)"), "fortran.npy is in Fortran order");
        assertRefused("flat.npy", numpy("a.ravel()"), "has the shape (12,), expected rows and columns");
        assertRefused("cube.npy", numpy("a.reshape(3, 2, 2)"), "has the shape (3, 2, 2)");
        assertRefused("none.npy", numpy("a[:, :0]"), "has 0 columns");
        byte[] sound = numpy("a");
        assertRefused("cut.npy", Arrays.copyOf(sound, sound.length - 1), "cut.npy has 175 bytes, expected 176");
        assertRefused("long.npy", Arrays.copyOf(sound, sound.length + 1), "has 177 bytes, expected 176");
        assertRefused("lying.npy", numpy("a", bytes -> bytes[9] = (byte) 0xff), "ends within its header");
        assertRefused("endless.npy", withShape("(999999999999999999, 3)"), "claims 999999999999999999 rows");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(4L, 3L)", "( 4 ,3, )"})
    void shapesAreReadInEveryFormThatPythonHasWritten(String shape) {
        byte[] bytes = withShape(shape);
        try (NpyReader reader = NpyReader.open(new ByteArrayInputStream(bytes), "x.npy", bytes.length)) {
            assertThat(reader.header().rows()).isEqualTo(4);
            assertThat(reader.header().columns()).isEqualTo(3);
        }
    }

    @Test
    void aWriterTakesTheRowsThatItsHeadPromises() throws IOException {
        try (NpyWriter writer = new NpyWriter(new ByteArrayOutputStream(), NpyType.FLOAT16, 1, 2)) {
            assertThatIllegalArgumentException().isThrownBy(() -> writer.write(new float[3]));
            writer.write(new float[2]);
            assertThatIllegalStateException().isThrownBy(() -> writer.write(new float[2]));
        }
    }

    private interface Damage {
        void to(byte[] bytes);
    }

    /** What numpy saves of an expression over {@code a}, floats of the shape (4, 3). */
    private byte[] numpy(String expression) {
        Path file = folder.resolve("made.npy");
        Numpy.run("a = np.arange(12, dtype='<f4').reshape(4, 3)\nnp.save(sys.argv[1], " + expression + ")", file);
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private byte[] numpy(String expression, Damage damage) {
        byte[] bytes = numpy(expression);
        damage.to(bytes);
        return bytes;
    }

    /** A file of version 1 with 48 bytes of numbers, whatever its head says. */
    private static byte[] withShape(String shape) {
        byte[] dictionary = ("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}\n")
                .getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(10 + dictionary.length + 48)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) dictionary.length)
                .put(dictionary)
                .array();
    }

    private static void assertRefused(String name, byte[] bytes, String message) {
        assertThatThrownBy(() -> NpyReader.open(new ByteArrayInputStream(bytes), name, bytes.length))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining(message)
                .hasMessageContaining(name);
    }

    private Path write(NpyType type, float[][] rows) throws IOException {
        Path file = folder.resolve("ours.npy");
        try (NpyWriter writer = new NpyWriter(
                new BufferedOutputStream(Files.newOutputStream(file)), type, rows.length, rows[0].length)) {
            for (float[] row : rows) {
                writer.write(row);
            }
        }
        return file;
    }

    /** The same numbers without any format, big endian. */
    private Path floats(String name, float[][] rows) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(rows.length * rows[0].length * Float.BYTES);
        for (float[] row : rows) {
            for (float value : row) {
                bytes.putFloat(value);
            }
        }
        return Files.write(folder.resolve(name), bytes.array());
    }

    private static NpyReader open(Path file) throws IOException {
        return NpyReader.open(new BufferedInputStream(Files.newInputStream(file)), file.toString(), Files.size(file));
    }

    private static List<float[]> rest(NpyReader reader) {
        List<float[]> rows = new ArrayList<>();
        while (reader.nextRow() < reader.header().rows()) {
            float[] row = new float[reader.header().columns()];
            reader.read(row);
            rows.add(row);
        }
        return rows;
    }
}
