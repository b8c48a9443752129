package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.compression.CompressionCodecFactory.BytesInputDecompressor;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.SeekableInputStream;
import org.xerial.snappy.Snappy;

/**
 * The bytes of one column in one row group: page headers one after the other, and the body of a page for who wants it.
 * Parquet's own reader takes the row group's columns into memory whole; this holds a read-ahead buffer and nothing else, so
 * that memory does not grow with row groups. One thread at a time.
 */
final class ColumnChunk implements Closeable {
    private static final int BUFFER_BYTES = 64 << 10;

    private final SeekableInputStream file;
    private final CompressionCodecName codec;
    private final BytesInputDecompressor decompressor;
    private final long start;
    private final long end;
    private final long values;
    private final long unpackedBytes;

    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int bufferFrom;
    private int bufferTo;
    /** Of the byte behind the buffer. */
    private long position;

    private final InputStream headers = new InputStream() {
        @Override
        public int read() throws IOException {
            return bufferFrom < bufferTo || fill() ? buffer[bufferFrom++] & 0xff : -1;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (bufferFrom == bufferTo && !fill()) {
                return -1;
            }
            int taken = Math.min(length, bufferTo - bufferFrom);
            System.arraycopy(buffer, bufferFrom, into, from, taken);
            bufferFrom += taken;
            return taken;
        }
    };

    private ColumnChunk(SeekableInputStream file, ColumnChunkMetaData chunk, BytesInputDecompressor decompressor)
            throws IOException {
        this.file = file;
        this.codec = chunk.getCodec();
        this.decompressor = decompressor;
        this.start = chunk.getStartingPos();
        this.end = start + chunk.getTotalSize();
        this.values = chunk.getValueCount();
        this.unpackedBytes = chunk.getTotalUncompressedSize();
        this.position = start;
        file.seek(start);
    }

    static ColumnChunk open(InputFile input, ColumnChunkMetaData chunk, CompressionCodecFactory codecs)
            throws IOException {
        SeekableInputStream file = input.newStream();
        try {
            return new ColumnChunk(file, chunk, codecs.getDecompressor(chunk.getCodec()));
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Values of the column in the row group, nulls included. */
    long values() {
        return values;
    }

    /** The header of the next page; its body comes next. Null behind the last one. */
    PageHeader nextHeader() throws IOException {
        if (position - (bufferTo - bufferFrom) >= end) {
            return null;
        }
        PageHeader header = Util.readPageHeader(headers);
        if (header.getCompressed_page_size() < 0
                || header.getCompressed_page_size() > end - start
                || header.getUncompressed_page_size() < 0
                || header.getUncompressed_page_size() > unpackedBytes) {
            throw new IOException("a page claims to have " + header.getUncompressed_page_size() + " bytes, packed into "
                    + header.getCompressed_page_size());
        }
        return header;
    }

    /** Reads the body of a page, packed as it is. */
    void readBody(byte[] into, int length) throws IOException {
        int taken = Math.min(length, bufferTo - bufferFrom);
        System.arraycopy(buffer, bufferFrom, into, 0, taken);
        bufferFrom += taken;
        if (taken < length) {
            file.readFully(into, taken, length - taken);
            position += length - taken;
        }
    }

    /** Steps over the body of a page. */
    void skipBody(int length) throws IOException {
        if (length <= bufferTo - bufferFrom) {
            bufferFrom += length;
        } else {
            seek(position - (bufferTo - bufferFrom) + length);
        }
    }

    /** Goes on at a page, by the place in the file that an offset index says. */
    void seek(long offset) throws IOException {
        if (offset < start || offset > end) {
            throw new IOException("a page is said to be at " + offset + ", outside of " + start + " to " + end);
        }
        bufferFrom = 0;
        bufferTo = 0;
        position = offset;
        file.seek(offset);
    }

    /** Unpacks {@code size} bytes to {@code outFrom} and behind it. */
    void unpack(byte[] packed, int from, int length, byte[] out, int outFrom, int size) throws IOException {
        switch (codec) {
            case UNCOMPRESSED -> {
                require(size, length);
                System.arraycopy(packed, from, out, outFrom, size);
            }
            case SNAPPY -> {
                // Before it is unpacked: Snappy itself would write past the end of the array.
                require(size, Snappy.uncompressedLength(packed, from, length));
                Snappy.uncompress(packed, from, length, out, outFrom);
            }
            default -> {
                byte[] unpacked = decompressor
                        .decompress(BytesInput.from(packed, from, length), size)
                        .toByteArray();
                require(size, unpacked.length);
                System.arraycopy(unpacked, 0, out, outFrom, size);
            }
        }
    }

    private static void require(int expected, int found) throws IOException {
        if (found != expected) {
            throw new IOException("a page unpacks to " + found + " bytes, its header says " + expected);
        }
    }

    private boolean fill() throws IOException {
        int wanted = (int) Math.min(BUFFER_BYTES, end - position);
        if (wanted <= 0) {
            return false;
        }
        int read = file.read(buffer, 0, wanted);
        if (read < 0) {
            throw new EOFException("the file ends at " + position + ", its column at " + end);
        }
        bufferFrom = 0;
        bufferTo = read;
        position += read;
        return read > 0;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
