package org.imagesearch.faiss;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.VectorCodec;

/**
 * The layout of a refinement store: the vectors of an index of codes, finer than its codes, in the order of its lists. Little
 * endian:
 *
 * <pre>
 * "ISREFINE"  version u32 = 1  codec u32 (0 Flat, 1 SQfp16)  dimension u32  candidates per hit u32  count u64  zeros to byte 64
 * count vectors: f32 or f16 * dimension
 * </pre>
 *
 * @param codec {@code Flat} or {@code SQfp16}
 * @param dimension numbers per vector
 * @param candidatesPerHit how many of the best codes are compared again, for each hit that is wanted
 * @param count vectors
 */
public record RefinementFile(VectorCodec codec, int dimension, int candidatesPerHit, long count) {
    /** Where the vectors begin: they stand at multiples of their own alignment. */
    public static final int HEADER_BYTES = 64;

    /** More candidates than this would be a scan of their own. */
    public static final int MAX_CANDIDATES_PER_HIT = 1000;

    private static final byte[] MAGIC = {'I', 'S', 'R', 'E', 'F', 'I', 'N', 'E'};
    private static final int VERSION = 1;
    private static final int FLAT = 0;
    private static final int HALF = 1;

    /** @throws ImageSearchException (input) if a number is out of range or the codec loses more than half floats do */
    public RefinementFile {
        numberOf(codec);
        Arguments.requireRange("dimension", dimension, 1, 1 << 16);
        Arguments.requireRange("candidates per hit", candidatesPerHit, 1, MAX_CANDIDATES_PER_HIT);
        Arguments.requireRange("vectors", count, 0, Long.MAX_VALUE >> 24);
    }

    /** Bytes of one vector. */
    public int vectorBytes() {
        return codec.bytesPerVector(dimension);
    }

    /** Bytes of the whole file. */
    public long length() {
        return HEADER_BYTES + count * vectorBytes();
    }

    /** What the file begins with, {@value #HEADER_BYTES} bytes. */
    public ByteBuffer header() {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.put(MAGIC)
                .putInt(VERSION)
                .putInt(numberOf(codec))
                .putInt(dimension)
                .putInt(candidatesPerHit)
                .putLong(count);
        return header.rewind();
    }

    /**
     * Reads the header of a file and compares the file's length with it.
     *
     * @throws ImageSearchException (data) naming the file, what was expected and what was found
     */
    public static RefinementFile read(Path path) {
        try (FileChannel channel = FileChannel.open(path)) {
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            while (header.hasRemaining() && channel.read(header) >= 0) {
                // until it is full or the file ends
            }
            if (header.hasRemaining()) {
                throw damaged(path, "length", "at least " + HEADER_BYTES, channel.size());
            }
            RefinementFile file = parse(path, header.rewind());
            if (channel.size() != file.length()) {
                throw damaged(path, "length", Long.toString(file.length()), channel.size());
            }
            return file;
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read the refinement store " + path + ": " + e, e);
        }
    }

    private static RefinementFile parse(Path path, ByteBuffer header) {
        for (byte expected : MAGIC) {
            if (header.get() != expected) {
                throw ImageSearchException.data("%s is no refinement store", path);
            }
        }
        int version = header.getInt();
        if (version != VERSION) {
            throw damaged(path, "version", Integer.toString(VERSION), version);
        }
        int codec = header.getInt();
        if (codec != FLAT && codec != HALF) {
            throw damaged(path, "codec", FLAT + " or " + HALF, codec);
        }
        try {
            return new RefinementFile(
                    codec == FLAT ? VectorCodec.FLAT : VectorCodec.HALF,
                    header.getInt(),
                    header.getInt(),
                    header.getLong());
        } catch (ImageSearchException e) {
            throw new ImageSearchException(
                    ErrorCode.DATA, "the refinement store " + path + " is damaged: " + e.getMessage(), e);
        }
    }

    /** As the header and {@code codecs.h} number them. */
    static int numberOf(VectorCodec codec) {
        return switch (codec.kind()) {
            case FLAT -> FLAT;
            case HALF -> HALF;
            case BYTES, PRODUCT -> throw ImageSearchException.input("%s vectors refine nothing", codec);
        };
    }

    private static ImageSearchException damaged(Path path, String what, String expected, long found) {
        return ImageSearchException.data(
                "the refinement store %s is damaged: %s is %d, expected %s", path, what, found, expected);
    }
}
