package org.imagesearch.core.calibration;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;

/** Embeddings of pictures drawn at random from an index, and its file, which docs/FORMATS.md describes. */
public final class BackgroundSample {
    /** Pictures at most: enough for a mean, a deviation and a twentieth; few enough to be compared with every query. */
    public static final int MOST = 4096;

    private static final long MAGIC = ByteBuffer.wrap("ISSAMPLE".getBytes(StandardCharsets.US_ASCII))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();
    private static final int VERSION = 1;
    private static final int HEADER = 64;
    private static final int MAX_DIMENSION = 8192;

    /** Vectors that are compared at once: their sums stay in the nearest cache. */
    private static final int BLOCK = 256;

    private final int dimension;
    private final long[] ids;
    private final float[] vectors;

    /** Block by block, dimension by dimension within: so the compiler compares many vectors with one instruction. */
    private final float[] byDimension;

    /**
     * @param ids of the pictures, at most {@link #MOST}
     * @param vectors float[ids.length * dimension], of unit length; both stay as they are
     */
    public BackgroundSample(long[] ids, float[] vectors, int dimension) {
        if (ids.length == 0 || ids.length > MOST || vectors.length != ids.length * dimension) {
            throw new IllegalArgumentException(
                    ids.length + " ids and " + vectors.length + " floats of " + dimension + " dimensions");
        }
        this.dimension = dimension;
        this.ids = ids;
        this.vectors = vectors;
        this.byDimension = new float[(ids.length + BLOCK - 1) / BLOCK * BLOCK * dimension];
        for (int row = 0; row < ids.length; row++) {
            int block = row / BLOCK * BLOCK * dimension + row % BLOCK;
            for (int i = 0; i < dimension; i++) {
                byDimension[block + i * BLOCK] = vectors[row * dimension + i];
            }
        }
    }

    /** Pictures. */
    public int size() {
        return ids.length;
    }

    public int dimension() {
        return dimension;
    }

    public long id(int row) {
        return ids[row];
    }

    /** A copy of a picture's embedding, float[dimension]. */
    public float[] vector(int row) {
        return Arrays.copyOfRange(vectors, row * dimension, (row + 1) * dimension);
    }

    /**
     * Compares a query with every picture.
     *
     * @param query float[dimension], of unit length
     * @return float[size], in the order of the rows
     */
    public float[] scores(float[] query) {
        float[] scores = new float[ids.length];
        float[] sums = new float[BLOCK];
        for (int from = 0; from < ids.length; from += BLOCK) {
            Arrays.fill(sums, 0);
            int i = 0;
            for (; i + 3 < dimension; i += 4) {
                addFour(sums, query, i, from * dimension + i * BLOCK);
            }
            for (; i < dimension; i++) {
                addOne(sums, query[i], from * dimension + i * BLOCK);
            }
            System.arraycopy(sums, 0, scores, from, Math.min(BLOCK, ids.length - from));
        }
        return scores;
    }

    /** Several dimensions at once, so that the sums are read and written less often. */
    private void addFour(float[] sums, float[] query, int i, int from) {
        float a = query[i];
        float b = query[i + 1];
        float c = query[i + 2];
        float d = query[i + 3];
        for (int j = 0; j < BLOCK; j++) {
            sums[j] += a * byDimension[from + j]
                    + b * byDimension[from + BLOCK + j]
                    + c * byDimension[from + 2 * BLOCK + j]
                    + d * byDimension[from + 3 * BLOCK + j];
        }
    }

    private void addOne(float[] sums, float factor, int from) {
        for (int j = 0; j < BLOCK; j++) {
            sums[j] += factor * byDimension[from + j];
        }
    }

    /** How scores of a query stand among those of the pictures. */
    public ScoreDistribution distribution(float[] query) {
        return new ScoreDistribution(scores(query));
    }

    public void write(Path file) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(bytes(ids.length, dimension)))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(MAGIC).putInt(VERSION).putInt(dimension).putLong(ids.length);
        bytes.position(HEADER);
        for (long id : ids) {
            bytes.putLong(id);
        }
        bytes.asFloatBuffer().put(vectors);
        try {
            Files.write(file, bytes.array());
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.RESOURCE, "cannot write " + file + ": " + e, e);
        }
    }

    /**
     * Reads a sample.
     *
     * @param dimension that it must have
     * @throws ImageSearchException (data) naming the file and what is wrong with it
     */
    public static BackgroundSample read(Path file, int dimension) {
        try {
            long size = Files.size(file);
            if (size < HEADER || size > bytes(MOST, MAX_DIMENSION)) {
                throw ImageSearchException.data("%s has %d bytes, which no sample of an index has", file, size);
            }
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            long magic = bytes.getLong();
            int version = bytes.getInt();
            int stored = bytes.getInt();
            long count = bytes.getLong();
            if (magic != MAGIC || version != VERSION || stored != dimension || count < 1 || count > MOST) {
                throw ImageSearchException.data(
                        "%s is no sample of an index, or has version %d, %d dimensions and %d pictures; expected version %d, %d"
                                + " dimensions and 1 to %d pictures",
                        file, version, stored, count, VERSION, dimension, MOST);
            }
            if (size != bytes((int) count, dimension)) {
                throw ImageSearchException.data(
                        "%s has %d bytes, expected %d", file, size, bytes((int) count, dimension));
            }
            bytes.position(HEADER);
            long[] ids = new long[(int) count];
            bytes.asLongBuffer().get(ids);
            FloatBuffer floats = bytes.position(HEADER + ids.length * Long.BYTES)
                    .slice()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer();
            float[] vectors = new float[ids.length * dimension];
            floats.get(vectors);
            requireValid(file, ids, vectors);
            return new BackgroundSample(ids, vectors, dimension);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + file + ": " + e, e);
        }
    }

    private static void requireValid(Path file, long[] ids, float[] vectors) {
        for (long id : ids) {
            if (!Ids.isValid(id)) {
                throw ImageSearchException.data("%s has the id %d", file, id);
            }
        }
        for (float value : vectors) {
            if (!Float.isFinite(value)) {
                throw ImageSearchException.data("%s has an embedding with %s in it", file, value);
            }
        }
    }

    private static long bytes(int count, int dimension) {
        return HEADER + (long) count * (Long.BYTES + (long) dimension * Float.BYTES);
    }
}
