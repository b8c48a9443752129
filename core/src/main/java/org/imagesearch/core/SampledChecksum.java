package org.imagesearch.core;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/**
 * SHA-256 of a file's length and of samples of it, so that a file of any size is checked in milliseconds: what is cut
 * short, grown, another file, or overwritten by runs of zeros is found; single bits that flipped between the samples are not.
 *
 * <p>Hashed are the length, i64 little endian, then of files up to {@value #WHOLE_BYTES} bytes all of it, of larger ones the
 * first {@value #END_BYTES} bytes, {@value #BLOCKS} blocks of {@value #BLOCK_BYTES} bytes and the last {@value #END_BYTES}
 * bytes. Block i of n begins at {@code END + i * (length - 2 * END - BLOCK) / (n - 1)}, rounded down.
 */
public final class SampledChecksum {
    /** Headers, tables of list sizes and Lucene's footers stand at the ends. */
    static final int END_BYTES = 64 << 10;

    /** A page: reading less costs as much. */
    static final int BLOCK_BYTES = 4 << 10;

    /** A disk with heads seeks about ten milliseconds per block. */
    static final int BLOCKS = 62;

    static final int WHOLE_BYTES = 2 * END_BYTES + BLOCKS * BLOCK_BYTES;

    private SampledChecksum() {}

    /**
     * @return 64 lower-case hexadecimal digits
     * @throws ImageSearchException (data) naming the file, if it cannot be read
     */
    public static String of(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long length = channel.size();
            MessageDigest digest = Checksums.newDigest();
            digest.update(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, length));
            ByteBuffer buffer = ByteBuffer.allocate(END_BYTES);
            if (length <= WHOLE_BYTES) {
                for (long from = 0; from < length; from += END_BYTES) {
                    update(digest, channel, from, Math.min(END_BYTES, length - from), buffer);
                }
            } else {
                update(digest, channel, 0, END_BYTES, buffer);
                long span = length - 2L * END_BYTES - BLOCK_BYTES;
                for (int block = 0; block < BLOCKS; block++) {
                    // No product of a length and a count overflows before files reach 2^57 bytes.
                    update(digest, channel, END_BYTES + block * span / (BLOCKS - 1), BLOCK_BYTES, buffer);
                }
                update(digest, channel, length - END_BYTES, END_BYTES, buffer);
            }
            return Checksums.hex(digest);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + file + ": " + e, e);
        }
    }

    private static void update(MessageDigest digest, FileChannel channel, long from, long bytes, ByteBuffer buffer)
            throws IOException {
        buffer.clear().limit(Math.toIntExact(bytes));
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, from + buffer.position()) < 0) {
                throw new EOFException("it became shorter while it was read");
            }
        }
        digest.update(buffer.flip());
    }
}
