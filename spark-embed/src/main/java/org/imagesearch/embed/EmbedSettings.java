package org.imagesearch.embed;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.clip.Device;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Bytes;

/**
 * Settings of the embedding job, {@code embed.conf}.
 *
 * @param waveSize pictures per wave
 * @param ids how new pictures get their ids
 * @param seed of the sample of captions
 * @param queries captions in that sample at most; 0 for none
 * @param taskPictures pictures in one Spark task
 * @param maxFailures when failures end the job, as {@link FailureLimit#parse} takes it
 * @param model how the model runs
 * @param pipeline how wide the stages before the model are
 * @param picture what is decoded, and how
 * @param input what is read, and how
 */
record EmbedSettings(
        int waveSize,
        IdSource ids,
        int seed,
        int queries,
        int taskPictures,
        String maxFailures,
        Model model,
        Pipeline pipeline,
        PictureSettings picture,
        InputSettings input) {
    /** Failures of one wave are gathered on the driver. */
    private static final int MAX_WAVE_SIZE = 1_000_000;

    /** A file is one array. */
    private static final long MAX_PICTURE_BYTES = 1L << 30;

    private static final long MAX_MEMORY_BYTES = 1L << 40;

    private static final long MIN_GPU_MEMORY_BYTES = 64L << 20;

    private static final Duration MAX_LINGER = Duration.ofSeconds(10);
    private static final Duration MAX_HTTP_TIMEOUT = Duration.ofMinutes(10);

    /** Where an id comes from. */
    enum IdSource {
        SEQUENCE,
        FILENAME,
        COLUMN
    }

    /** A picture that takes an hour is lost in any case. */
    private static final Duration MAX_DEADLINE = Duration.ofHours(1);

    /**
     * @param device what the model runs on
     * @param threads of one run on the CPU; 0 takes every processor
     * @param batch pictures in one run
     * @param linger how long a run waits for more pictures
     * @param runs at once; 0 takes one on the CPU, two elsewhere
     * @param deadline of one run
     * @param gpuMemory the most that ONNX Runtime's arena may take of a GPU
     */
    record Model(
            Device device, int threads, int batch, Duration linger, int runs, Duration deadline, Bytes gpuMemory) {}

    /**
     * @param readers threads that read
     * @param decoders threads that decode; 0 takes every processor
     * @param pictures on their way at most; 0 takes as many as keep the stages busy
     * @param fileBytes of files read and not decoded, at most
     * @param decodedBytes of pictures being decoded, at most; 0 takes what its threads need
     */
    record Pipeline(int readers, int decoders, int pictures, Bytes fileBytes, Bytes decodedBytes) {}

    /**
     * @param bytes of a file at most
     * @param pixels of a picture at most
     * @param side of a picture at most
     * @param applyOrientation whether Exif orientation counts
     * @param fastDecode whether large JPEGs are decoded at a smaller scale, which changes embeddings slightly
     * @param deadline of reading and decoding
     * @param captionLength characters of a caption kept
     */
    record PictureSettings(
            Bytes bytes,
            long pixels,
            int side,
            boolean applyOrientation,
            boolean fastDecode,
            Duration deadline,
            int captionLength) {
        DecodeLimits limits() {
            return new DecodeLimits(bytes.count(), pixels, side);
        }
    }

    /**
     * @param uriColumn the column of a Parquet file that says where pictures are
     * @param leaveOut columns of the input that are not carried to the dataset
     * @param allowHttp whether http and https addresses are read
     * @param httpHosts hosts that may have addresses that are not public; {@code *} stands for any characters
     * @param httpTimeout for one picture, redirects included
     */
    record InputSettings(
            String uriColumn, List<String> leaveOut, boolean allowHttp, List<String> httpHosts, Duration httpTimeout) {}

    /** Of {@link InputSettings}, what tasks need. */
    record HttpSettings(boolean allowed, List<String> hosts, long timeoutNanos) implements Serializable {}

    /** What a task needs of the settings, in a form that travels. */
    record TaskSettings(
            Device device,
            int threads,
            int batch,
            long lingerNanos,
            int runs,
            long modelDeadlineNanos,
            long gpuMemoryBytes,
            int readers,
            int decoders,
            int pictures,
            long fileBytes,
            long decodedBytes,
            long pictureBytes,
            long picturePixels,
            int pictureSide,
            boolean applyOrientation,
            boolean fastDecode,
            long pictureDeadlineNanos,
            int captionLength,
            HttpSettings http)
            implements Serializable {
        /**
         * @param deviceId the number of the CUDA device, if it runs on one
         * @param processors of this executor
         */
        EncoderSettings encoder(int deviceId, int processors) {
            return new EncoderSettings(device, deviceId, gpuMemoryBytes, threads == 0 ? processors : threads, batch);
        }

        DecodeLimits decodeLimits() {
            return new DecodeLimits(pictureBytes, picturePixels, pictureSide);
        }

        /**
         * @param processors of this executor
         * @param maxBatch pictures in one run of the model
         */
        PicturePipeline.Limits limits(int processors, int maxBatch) {
            int decoding = decoders == 0 ? processors : decoders;
            return new PicturePipeline.Limits(
                    readers,
                    decoding,
                    pictures == 0 ? PicturePipeline.Limits.pictures(readers, decoding, runs, maxBatch) : pictures,
                    fileBytes,
                    decodedBytes == 0 ? PicturePipeline.Limits.decodedBytes(decoding) : decodedBytes,
                    Duration.ofNanos(pictureDeadlineNanos),
                    Duration.ofNanos(modelDeadlineNanos));
        }
    }

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    EmbedSettings {
        requireRange("wave-size", waveSize, 1, MAX_WAVE_SIZE);
        requireRange("queries", queries, 0, 1_000_000);
        requireRange("task-pictures", taskPictures, 1, 100_000);
        requireRange("model.threads", model.threads, 0, 1024);
        requireRange("model.batch", model.batch, 1, 4096);
        requireRange("model.linger (ms)", model.linger.toMillis(), 0, MAX_LINGER.toMillis());
        requireRange("picture.bytes", picture.bytes.count(), 1, MAX_PICTURE_BYTES);
        requireRange("model.runs", model.runs, 0, 16);
        requireRange("model.gpu-memory", model.gpuMemory.count(), MIN_GPU_MEMORY_BYTES, MAX_MEMORY_BYTES);
        requireRange("model.deadline (ms)", model.deadline.toMillis(), 1, MAX_DEADLINE.toMillis());
        requireRange("pipeline.readers", pipeline.readers, 1, 1024);
        requireRange("pipeline.decoders", pipeline.decoders, 0, 1024);
        requireRange("pipeline.pictures", pipeline.pictures, 0, 1_000_000);
        requireRange("pipeline.file-bytes", pipeline.fileBytes.count(), 1, MAX_MEMORY_BYTES);
        requireRange("pipeline.decoded-bytes", pipeline.decodedBytes.count(), 0, MAX_MEMORY_BYTES);
        requireRange("picture.deadline (ms)", picture.deadline.toMillis(), 1, MAX_DEADLINE.toMillis());
        requireRange("picture.caption-length", picture.captionLength, 0, 100_000);
        requireRange("input.http-timeout (ms)", input.httpTimeout.toMillis(), 1, MAX_HTTP_TIMEOUT.toMillis());
        picture.limits();
        FailureLimit.parse(maxFailures);
    }

    TaskSettings forTasks() {
        return new TaskSettings(
                model.device,
                model.threads,
                model.batch,
                model.linger.toNanos(),
                model.runs == 0 ? defaultRuns(model.device) : model.runs,
                model.deadline.toNanos(),
                model.gpuMemory.count(),
                pipeline.readers,
                pipeline.decoders,
                pipeline.pictures,
                pipeline.fileBytes.count(),
                pipeline.decodedBytes.count(),
                picture.bytes.count(),
                picture.pixels,
                picture.side,
                picture.applyOrientation,
                picture.fastDecode,
                picture.deadline.toNanos(),
                picture.captionLength,
                new HttpSettings(input.allowHttp, List.copyOf(input.httpHosts), input.httpTimeout.toNanos()));
    }

    /** A second run hides the copies to and from a GPU; on the CPU it would only fight with the first. */
    private static int defaultRuns(Device device) {
        return device == Device.CUDA ? 2 : 1;
    }

    /** The same with ids from elsewhere. */
    EmbedSettings withIds(IdSource source) {
        return new EmbedSettings(
                waveSize, source, seed, queries, taskPictures, maxFailures, model, pipeline, picture, input);
    }

    FailureLimit failureLimit() {
        return FailureLimit.parse(maxFailures);
    }

    private static void requireRange(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw ImageSearchException.input("setting embed.%s is %d, expected %d to %d", name, value, least, most);
        }
    }
}
