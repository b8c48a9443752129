package org.imagesearch.clip.onnx;

import ai.onnxruntime.OrtEnvironment;
import java.util.concurrent.atomic.AtomicReference;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.RootCause;

/** The one ONNX Runtime environment of the process. */
final class Environment {
    /** Version 1.29 recurses once per few bytes of the process's command line when it starts. */
    private static final long STACK_BYTES = 64L << 20;

    private Environment() {}

    /** @throws ImageSearchException (resource) if the native library cannot be loaded */
    static OrtEnvironment get() {
        AtomicReference<OrtEnvironment> environment = new AtomicReference<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(
                null,
                () -> {
                    try {
                        NativeLibraries.prepare();
                        environment.set(OrtEnvironment.getEnvironment());
                    } catch (Throwable e) {
                        failure.set(e);
                    }
                },
                "onnx-start",
                STACK_BYTES);
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageSearchException(ErrorCode.RESOURCE, "interrupted while ONNX Runtime started", e);
        }
        if (failure.get() != null) {
            throw new ImageSearchException(
                    ErrorCode.RESOURCE, "ONNX Runtime cannot be loaded: " + RootCause.of(failure.get()), failure.get());
        }
        return environment.get();
    }
}
