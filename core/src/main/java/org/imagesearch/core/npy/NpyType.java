package org.imagesearch.core.npy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.imagesearch.core.HalfFloat;

/** The numbers that NPY files of embeddings hold, little endian. */
public enum NpyType {
    FLOAT16("<f2", Short.BYTES) {
        @Override
        void put(ByteBuffer to, float value) {
            to.putShort(HalfFloat.narrowed(value));
        }

        @Override
        float get(ByteBuffer from) {
            return HalfFloat.widened(from.getShort());
        }
    },
    FLOAT32("<f4", Float.BYTES) {
        @Override
        void put(ByteBuffer to, float value) {
            to.putFloat(value);
        }

        @Override
        float get(ByteBuffer from) {
            return from.getFloat();
        }
    };

    private final String descriptor;
    private final int bytes;

    NpyType(String descriptor, int bytes) {
        this.descriptor = descriptor;
        this.bytes = bytes;
    }

    /** As numpy writes it. */
    String descriptor() {
        return descriptor;
    }

    /** Bytes of one number. */
    int bytes() {
        return bytes;
    }

    abstract void put(ByteBuffer to, float value);

    abstract float get(ByteBuffer from);

    static Optional<NpyType> of(String descriptor) {
        return Arrays.stream(values())
                .filter(type -> type.descriptor.equals(descriptor))
                .findFirst();
    }
}
