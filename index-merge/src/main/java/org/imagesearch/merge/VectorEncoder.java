package org.imagesearch.merge;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.faiss.IvfIndex;

/**
 * Makes of vectors what the inverted lists hold: their floats as they are, little endian, in a flat index, or what Faiss's
 * encoder of the trained index makes of them. One thread at a time.
 */
final class VectorEncoder implements AutoCloseable {
    /** An IVFFlat file begins with it. */
    private static final String FLAT = "IwFl";

    private final int dimension;
    /** Null where vectors are stored as they are. */
    private final IvfIndex trained;

    private VectorEncoder(int dimension, IvfIndex trained) {
        this.dimension = dimension;
        this.trained = trained;
    }

    /** @param trained the index without vectors */
    static VectorEncoder of(Path trained, int dimension) throws IOException {
        try (FileChannel channel = FileChannel.open(trained, StandardOpenOption.READ)) {
            boolean flat = IvfHead.tag(IvfHead.read(channel, 0, FLAT.length())).equals(FLAT);
            return flat ? new VectorEncoder(dimension, null) : faiss(trained, dimension);
        }
    }

    /** Of the vectors of a refinement store, which do not belong to a list. */
    static VectorEncoder of(VectorCodec codec, int dimension) {
        IvfIndex trained = codec.isExact()
                ? null
                : IvfIndex.trained(new float[dimension], 1, dimension, codec, new float[0], 0, 1);
        return new VectorEncoder(dimension, trained);
    }

    /** By Faiss, whatever the index is. */
    static VectorEncoder faiss(Path trained, int dimension) {
        return new VectorEncoder(dimension, IvfIndex.read(trained));
    }

    /**
     * @param vectors float[count * dimension]
     * @param lists the inverted list of each
     * @param codes out, byte[count * bytes of a code]
     */
    void encode(float[] vectors, int count, long[] lists, byte[] codes) {
        if (count == 0) {
            return;
        }
        if (trained == null) {
            ByteBuffer.wrap(codes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .put(vectors, 0, count * dimension);
        } else {
            trained.encode(vectors, count, lists, codes);
        }
    }

    @Override
    public void close() {
        if (trained != null) {
            trained.close();
        }
    }
}
