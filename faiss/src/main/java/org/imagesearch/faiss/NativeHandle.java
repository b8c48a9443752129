package org.imagesearch.faiss;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one owner of a native object: calls hold a read permit, {@link #close} waits for them and then frees it.
 *
 * <p>An owner that is dropped without being closed is freed by a {@link Cleaner}, which reports the leak.
 */
final class NativeHandle implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NativeHandle.class);
    private static final Cleaner CLEANER = Cleaner.create();
    private static final AtomicLong LIVE = new AtomicLong();

    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final String name;
    private final NativeObject object;
    private final Cleaner.Cleanable cleanable;

    NativeHandle(String name, long address, LongConsumer free) {
        this.name = name;
        this.object = new NativeObject(name, address, free);
        this.cleanable = CLEANER.register(this, object::freeLeaked);
        LIVE.incrementAndGet();
    }

    /** Native objects not yet freed, in the whole process. */
    static long live() {
        return LIVE.get();
    }

    /** Calls with the address, beside other such calls. */
    <T> T read(LongFunction<T> call) {
        return under(lock.readLock(), call);
    }

    /** Calls with the address, alone. */
    <T> T write(LongFunction<T> call) {
        return under(lock.writeLock(), call);
    }

    private <T> T under(Lock permit, LongFunction<T> call) {
        permit.lock();
        try {
            if (object.freed.get()) {
                throw new IllegalStateException(name + " is closed");
            }
            return call.apply(object.address);
        } finally {
            permit.unlock();
            // Without this, the cleaner may free the object under a call whose caller dropped the owner.
            Reference.reachabilityFence(this);
        }
    }

    /** Waits for the calls under way, then frees the object. Closing again does nothing. */
    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            object.free();
        } finally {
            lock.writeLock().unlock();
        }
        cleanable.clean();
    }

    /** What the cleaner may touch: it must not reach the handle, or the handle would never be collected. */
    private static final class NativeObject {
        private final String name;
        private final long address;
        private final LongConsumer free;
        private final AtomicBoolean freed = new AtomicBoolean();

        NativeObject(String name, long address, LongConsumer free) {
            this.name = name;
            this.address = address;
            this.free = free;
        }

        boolean free() {
            if (!freed.compareAndSet(false, true)) {
                return false;
            }
            free.accept(address);
            LIVE.decrementAndGet();
            return true;
        }

        void freeLeaked() {
            if (free()) {
                LOG.warn("leak name={} action=freed reason=never-closed", name);
            }
        }
    }
}
