package org.imagesearch.clip;

import org.imagesearch.clip.onnx.OnnxModel;
import org.imagesearch.core.ImageSearchException;

/**
 * How an encoder runs.
 *
 * @param device what it runs on
 * @param deviceId the number of the CUDA device
 * @param threads threads of one run on the CPU
 * @param maxBatch most pictures or texts in one run; more are split
 */
public record EncoderSettings(Device device, int deviceId, int threads, int maxBatch) {
    /** Leaves room on a 16 GiB card for what shares it. */
    private static final long GPU_MEMORY_LIMIT_BYTES = 8L << 30;

    /** @throws ImageSearchException (input) if a number is out of range */
    public EncoderSettings {
        if (deviceId < 0 || threads < 1 || maxBatch < 1 || maxBatch > 4096) {
            throw ImageSearchException.input(
                    "an encoder needs device id >= 0, threads >= 1 and a batch of 1 to 4096: %d, %d, %d",
                    deviceId, threads, maxBatch);
        }
    }

    /** On the CPU. */
    public static EncoderSettings cpu(int threads, int maxBatch) {
        return new EncoderSettings(Device.CPU, 0, threads, maxBatch);
    }

    OnnxModel.Placement placement() {
        return new OnnxModel.Placement(
                device != Device.CPU, device == Device.AUTO, deviceId, GPU_MEMORY_LIMIT_BYTES, threads);
    }
}
