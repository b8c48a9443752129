package org.imagesearch.clip;

import org.imagesearch.clip.onnx.OnnxModel;
import org.imagesearch.core.ImageSearchException;

/**
 * How an encoder runs.
 *
 * @param device what it runs on
 * @param deviceId the number of the CUDA device
 * @param gpuMemoryBytes the most that ONNX Runtime's arena may take of it
 * @param threads threads of one run on the CPU
 * @param maxBatch most pictures or texts in one run; more are split
 */
public record EncoderSettings(Device device, int deviceId, long gpuMemoryBytes, int threads, int maxBatch) {
    /** Leaves room on a 16 GiB card for what shares it. */
    public static final long DEFAULT_GPU_MEMORY_BYTES = 8L << 30;

    /** Less holds no model. */
    private static final long MIN_GPU_MEMORY_BYTES = 64L << 20;

    /** @throws ImageSearchException (input) if a number is out of range */
    public EncoderSettings {
        if (deviceId < 0 || threads < 1 || maxBatch < 1 || maxBatch > 4096) {
            throw ImageSearchException.input(
                    "an encoder needs device id >= 0, threads >= 1 and a batch of 1 to 4096: %d, %d, %d",
                    deviceId, threads, maxBatch);
        }
        if (gpuMemoryBytes < MIN_GPU_MEMORY_BYTES) {
            throw ImageSearchException.input(
                    "an encoder needs at least %d bytes of a GPU's memory: %d", MIN_GPU_MEMORY_BYTES, gpuMemoryBytes);
        }
    }

    /** On the CPU. */
    public static EncoderSettings cpu(int threads, int maxBatch) {
        return new EncoderSettings(Device.CPU, 0, DEFAULT_GPU_MEMORY_BYTES, threads, maxBatch);
    }

    OnnxModel.Placement placement() {
        return new OnnxModel.Placement(device != Device.CPU, device == Device.AUTO, deviceId, gpuMemoryBytes, threads);
    }
}
