package org.imagesearch.faiss;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * The structure of a Faiss IVF file, read before Faiss is let near it: a damaged length would make Faiss allocate
 * without bound, and a short file, once mapped, would end the process.
 *
 * <pre>
 * "IwFl" or "IwSq" or "IwPQ" | header: d i32, ntotal i64, 2 x i64, trained u8, metric i32 | nlist u64, nprobe u64
 * "IxFI" | header | count of floats u64, floats                        the coarse quantizer
 * direct map: type u8 = 0, length u64 = 0
 * of "IwSq": kind i32, range statistic i32, its argument f32, d u64, code size u64, count u64 and floats of the ranges,
 *            code size u64, by residual u8
 * of "IwPQ": by residual u8, code size u64, d u64, parts u64, bits u64, count u64 and floats of the codebooks
 * "ilar" | nlist u64, code size u64 | "full", nlist u64, nlist sizes u64   or   "sprs", n u64, n / 2 pairs (list, size)
 * per list that is not empty: codes, ids
 * </pre>
 *
 * <p>Little endian. Source: {@code faiss/impl/index_write.cpp}, version 1.7.3.
 */
final class IndexFile {
    private static final int METRIC_INNER_PRODUCT = 0;
    private static final int MAX_DIMENSION = 1 << 16;
    private static final int MAX_NLIST = 1 << 24;

    /** {@code ScalarQuantizer::QuantizerType}: a byte with a range per dimension, a half float. */
    private static final int QT_8BIT = 0;

    private static final int QT_FP16 = 4;
    private static final int LAST_RANGE_STATISTIC = 3;

    private static final int PRODUCT_BITS = 8;
    private static final int PRODUCT_ENTRIES = 1 << PRODUCT_BITS;

    private final Path path;
    private final FileChannel channel;
    private final long length;

    private IndexFile(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        this.length = channel.size();
    }

    /**
     * Checks every length of the file against the file's own.
     *
     * @throws ImageSearchException (data) naming the file, what was expected and what was found
     */
    static void requireValid(Path path) {
        try (FileChannel channel = FileChannel.open(path)) {
            new IndexFile(path, channel).check();
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read the index file " + path + ": " + e, e);
        }
    }

    private void check() throws IOException {
        String kind = readTag();
        if (!kind.equals("IwFl") && !kind.equals("IwSq") && !kind.equals("IwPQ")) {
            throw damaged(
                    "kind", "IwFl, IwSq or IwPQ (an IVF index of floats, scalar or product quantizer codes)", kind);
        }
        Header header = readHeader();
        require("metric", header.metric, METRIC_INNER_PRODUCT);
        require("trained", header.trained, 1);
        requireWithin("dimension", header.dimension, 1, MAX_DIMENSION);
        long nlist = readLong();
        requireWithin("nlist", nlist, 1, MAX_NLIST);
        readLong(); // nprobe: a default that every search of ours overrides
        requireTag("IxFI", "a flat coarse quantizer with inner product");
        Header quantizer = readHeader();
        require("dimension of the coarse quantizer", quantizer.dimension, header.dimension);
        require("metric of the coarse quantizer", quantizer.metric, METRIC_INNER_PRODUCT);
        require("trained, of the coarse quantizer", quantizer.trained, 1);
        require("centroids", quantizer.total, nlist);
        require("floats of the centroids", readLong(), nlist * header.dimension);
        skip(nlist * header.dimension * Float.BYTES);
        require("direct map", read(1).get(), 0);
        require("direct map length", readLong(), 0);
        long codeBytes =
                switch (kind) {
                    case "IwSq" -> readScalarQuantizer(header.dimension);
                    case "IwPQ" -> readProductQuantizer(header.dimension);
                    default -> (long) header.dimension * Float.BYTES;
                };
        requireTag("ilar", "inverted lists in an array");
        require("nlist of the inverted lists", readLong(), nlist);
        require("bytes per vector", readLong(), codeBytes);
        long total = readListSizes(nlist);
        require("vectors in the lists", total, header.total);
        require("length", length, channel.position() + total * (codeBytes + Long.BYTES));
    }

    /** Returns the bytes of a code. */
    private long readScalarQuantizer(int dimension) throws IOException {
        int type = read(Integer.BYTES).getInt();
        if (type != QT_8BIT && type != QT_FP16) {
            throw damaged("kind of scalar quantizer", QT_8BIT + " (8 bits) or " + QT_FP16 + " (fp16)", "" + type);
        }
        requireWithin("range statistic", read(Integer.BYTES).getInt(), 0, LAST_RANGE_STATISTIC);
        read(Float.BYTES); // the statistic's argument: of use in training alone
        long codeBytes = type == QT_8BIT ? dimension : 2L * dimension;
        require("dimension of the scalar quantizer", readLong(), dimension);
        require("bytes per code", readLong(), codeBytes);
        long ranges = type == QT_8BIT ? 2L * dimension : 0;
        require("numbers of the ranges", readLong(), ranges);
        skip(ranges * Float.BYTES);
        require("bytes per code of the index", readLong(), codeBytes);
        requireWithin("by residual", read(1).get(), 0, 1);
        return codeBytes;
    }

    /** Returns the bytes of a code. */
    private long readProductQuantizer(int dimension) throws IOException {
        requireWithin("by residual", read(1).get(), 0, 1);
        long codeBytes = readLong();
        requireWithin("bytes per code", codeBytes, 1, dimension);
        require("dimension of the product quantizer", readLong(), dimension);
        require("parts of the product quantizer", readLong(), codeBytes);
        require("dimensions left over by the parts", dimension % codeBytes, 0);
        require("bits of the product quantizer", readLong(), PRODUCT_BITS);
        long codebooks = (long) PRODUCT_ENTRIES * dimension;
        require("floats of the codebooks", readLong(), codebooks);
        skip(codebooks * Float.BYTES);
        return codeBytes;
    }

    private long readListSizes(long nlist) throws IOException {
        String form = readTag();
        long entries = readLong();
        boolean sparse = form.equals("sprs");
        if (!sparse && !form.equals("full")) {
            throw damaged("list sizes", "full or sprs", form);
        }
        requireWithin("list sizes", entries, sparse ? 0 : nlist, sparse ? 2 * nlist : nlist);
        if (sparse) {
            require("list sizes without a list", entries % 2, 0);
        }
        ByteBuffer sizes = read(Math.toIntExact(entries * Long.BYTES));
        long total = 0;
        long list = -1;
        for (int i = sparse ? 1 : 0; i < entries; i += sparse ? 2 : 1) {
            if (sparse) {
                // Ascending: of a list that is named twice, Faiss would read the last size alone.
                long next = sizes.getLong((i - 1) * Long.BYTES);
                requireWithin("number of a list", next, list + 1, nlist - 1);
                list = next;
            }
            total += sizes.getLong(i * Long.BYTES);
            // Compared with each step, so that no sum of damaged sizes overflows.
            requireWithin("vectors in the lists", total, 0, length);
            requireWithin("size of a list", sizes.getLong(i * Long.BYTES), 0, length);
        }
        return total;
    }

    private record Header(int dimension, long total, int trained, int metric) {}

    private Header readHeader() throws IOException {
        ByteBuffer bytes = read(33);
        return new Header(bytes.getInt(0), bytes.getLong(4), bytes.get(28), bytes.getInt(29));
    }

    private void requireTag(String tag, String meaning) throws IOException {
        String found = readTag();
        if (!found.equals(tag)) {
            throw damaged("kind", tag + " (" + meaning + ")", found);
        }
    }

    private String readTag() throws IOException {
        return StandardCharsets.ISO_8859_1.decode(read(4)).toString().replaceAll("[^\\x20-\\x7e]", "?");
    }

    private long readLong() throws IOException {
        return read(Long.BYTES).getLong();
    }

    private ByteBuffer read(int bytes) throws IOException {
        if (channel.position() + bytes > length) {
            throw damaged("length", "more than " + length, Long.toString(length));
        }
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int read = 0;
        while (buffer.hasRemaining() && read >= 0) {
            read = channel.read(buffer);
        }
        return buffer.flip();
    }

    private void skip(long bytes) throws IOException {
        if (channel.position() + bytes > length) {
            throw damaged("length", "more than " + length, Long.toString(length));
        }
        channel.position(channel.position() + bytes);
    }

    private void require(String what, long found, long expected) {
        if (found != expected) {
            throw damaged(what, Long.toString(expected), Long.toString(found));
        }
    }

    private void requireWithin(String what, long found, long least, long most) {
        if (found < least || found > most) {
            throw damaged(what, least + " to " + most, Long.toString(found));
        }
    }

    private ImageSearchException damaged(String what, String expected, String found) {
        return ImageSearchException.data(
                "%s is not an index file of ours or is damaged: %s is %s, expected %s", path, what, found, expected);
    }
}
