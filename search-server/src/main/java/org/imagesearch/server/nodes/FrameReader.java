package org.imagesearch.server.nodes;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads the body of a frame as {@link FrameWriter} wrote it. A count is believed only if as many elements can follow. */
final class FrameReader {
    private final ByteBuffer body;

    FrameReader(ByteBuffer body) {
        this.body = body;
    }

    int nextInt() throws GarbledException {
        require(Integer.BYTES);
        return body.getInt();
    }

    int nextByte() throws GarbledException {
        require(1);
        return body.get();
    }

    boolean nextBoolean() throws GarbledException {
        int value = nextByte();
        if (value != 0 && value != 1) {
            throw new GarbledException("a flag is " + value);
        }
        return value == 1;
    }

    long nextLong() throws GarbledException {
        require(Long.BYTES);
        return body.getLong();
    }

    double nextDouble() throws GarbledException {
        require(Double.BYTES);
        return body.getDouble();
    }

    String nextText() throws GarbledException {
        require(Short.BYTES);
        int length = body.getShort() & 0xffff;
        require(length);
        String text = new String(body.array(), body.arrayOffset() + body.position(), length, StandardCharsets.UTF_8);
        body.position(body.position() + length);
        return text;
    }

    byte[] nextBytes() throws GarbledException {
        byte[] bytes = new byte[count(1)];
        body.get(bytes);
        return bytes;
    }

    float[] nextFloats() throws GarbledException {
        float[] values = new float[count(Float.BYTES)];
        body.asFloatBuffer().get(values);
        body.position(body.position() + values.length * Float.BYTES);
        return values;
    }

    long[] nextLongs() throws GarbledException {
        long[] values = new long[count(Long.BYTES)];
        body.asLongBuffer().get(values);
        body.position(body.position() + values.length * Long.BYTES);
        return values;
    }

    /** Reads one element. */
    interface Element<T> {
        T read() throws GarbledException;
    }

    /** @param leastBytes that an element takes */
    <T> List<T> nextList(int leastBytes, Element<T> element) throws GarbledException {
        int count = count(leastBytes);
        List<T> all = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            all.add(element.read());
        }
        return all;
    }

    void requireEnd() throws GarbledException {
        if (body.hasRemaining()) {
            throw new GarbledException("a message goes on for " + body.remaining() + " bytes behind its end");
        }
    }

    private int count(int leastBytes) throws GarbledException {
        int count = nextInt();
        if (count < 0 || (long) count * leastBytes > body.remaining()) {
            throw new GarbledException("a count is " + count + " where " + body.remaining() + " bytes are left");
        }
        return count;
    }

    private void require(int bytes) throws GarbledException {
        if (body.remaining() < bytes) {
            throw new GarbledException("a message ends too early");
        }
    }
}
