package org.imagesearch.clip.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Direct buffers that are used again, because the memory of a direct buffer is given back only when the collector gets to it.
 * Thread-safe. Keeps a few; a caller beyond them gets one of its own that is then dropped.
 */
public final class DirectBuffers {
    private static final int KEPT = 4;

    private final BlockingQueue<ByteBuffer> free = new ArrayBlockingQueue<>(KEPT);

    /** A cleared buffer in native order of at least so many bytes, with its limit there; what it holds is undefined. */
    public ByteBuffer take(long bytes) {
        ByteBuffer buffer = free.poll();
        if (buffer == null || buffer.capacity() < bytes) {
            buffer = ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
        }
        return buffer.clear().limit((int) bytes);
    }

    /** Gives a buffer of {@link #take} back; the caller uses it no longer. */
    public void give(ByteBuffer buffer) {
        var unused = free.offer(buffer);
    }
}
