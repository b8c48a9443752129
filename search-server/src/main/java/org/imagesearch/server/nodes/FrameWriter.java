package org.imagesearch.server.nodes;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * Writes one frame: {@code int} bytes of the body, {@code int} CRC-32C of the body, the body. Numbers are big endian; a text is a
 * {@code short} count of bytes and UTF-8; an array or list is an {@code int} count and its elements.
 */
final class FrameWriter {
    /** More than any question or answer needs: a thousand rows of the largest size are asked for in pieces. */
    static final int MAX_BODY = 64 << 20;

    static final int HEAD = 2 * Integer.BYTES;

    private ByteBuffer buffer = ByteBuffer.allocate(4096).position(HEAD);

    FrameWriter put(int value) {
        room(Integer.BYTES).putInt(value);
        return this;
    }

    FrameWriter putByte(int value) {
        room(1).put((byte) value);
        return this;
    }

    FrameWriter put(boolean value) {
        return putByte(value ? 1 : 0);
    }

    FrameWriter put(long value) {
        room(Long.BYTES).putLong(value);
        return this;
    }

    FrameWriter put(double value) {
        room(Double.BYTES).putDouble(value);
        return this;
    }

    FrameWriter put(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (utf8.length > 0xffff) {
            throw new IllegalArgumentException("a text has " + utf8.length + " bytes, at most 65535 can be sent");
        }
        room(Short.BYTES + utf8.length).putShort((short) utf8.length).put(utf8);
        return this;
    }

    FrameWriter put(byte[] bytes) {
        put(bytes.length);
        room(bytes.length).put(bytes);
        return this;
    }

    FrameWriter put(float[] values) {
        put(values.length);
        ByteBuffer to = room((long) values.length * Float.BYTES);
        to.asFloatBuffer().put(values);
        to.position(to.position() + values.length * Float.BYTES);
        return this;
    }

    FrameWriter put(long[] values) {
        put(values.length);
        ByteBuffer to = room((long) values.length * Long.BYTES);
        to.asLongBuffer().put(values);
        to.position(to.position() + values.length * Long.BYTES);
        return this;
    }

    /** The whole frame. Nothing can be added then. */
    byte[] frame() {
        int length = buffer.position() - HEAD;
        CRC32C checksum = new CRC32C();
        checksum.update(buffer.array(), HEAD, length);
        buffer.putInt(0, length).putInt(Integer.BYTES, (int) checksum.getValue());
        byte[] frame = new byte[HEAD + length];
        buffer.get(0, frame);
        return frame;
    }

    private ByteBuffer room(long more) {
        if (more > buffer.remaining()) {
            long needed = buffer.position() + more;
            if (needed > HEAD + (long) MAX_BODY) {
                throw new IllegalArgumentException("a message takes more than the " + MAX_BODY + " bytes it may have");
            }
            int capacity = (int) Math.min(HEAD + (long) MAX_BODY, Math.max(needed, 2L * buffer.capacity()));
            buffer = ByteBuffer.allocate(capacity).put(buffer.flip());
        }
        return buffer;
    }
}
