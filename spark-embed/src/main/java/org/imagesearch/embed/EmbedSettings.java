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
 * @param model how the model runs
 * @param picture what is decoded, and how
 * @param input what is read, and how
 */
record EmbedSettings(
        int waveSize,
        IdSource ids,
        int seed,
        int queries,
        int taskPictures,
        Model model,
        PictureSettings picture,
        InputSettings input) {
    /** Failures of one wave are gathered on the driver. */
    private static final int MAX_WAVE_SIZE = 1_000_000;

    /** A file is one array. */
    private static final long MAX_PICTURE_BYTES = 1L << 30;

    private static final Duration MAX_LINGER = Duration.ofSeconds(10);
    private static final Duration MAX_HTTP_TIMEOUT = Duration.ofMinutes(10);

    /** Where an id comes from. */
    enum IdSource {
        SEQUENCE,
        FILENAME,
        COLUMN
    }

    /**
     * @param device what the model runs on
     * @param threads of one run on the CPU; 0 takes every processor
     * @param batch pictures in one run
     * @param linger how long a run waits for more pictures
     */
    record Model(Device device, int threads, int batch, Duration linger) {
        /** @param deviceId the number of the CUDA device, if it runs on one */
        EncoderSettings encoder(int deviceId) {
            int processors = Runtime.getRuntime().availableProcessors();
            return new EncoderSettings(device, deviceId, threads == 0 ? processors : threads, batch);
        }
    }

    /**
     * @param bytes of a file at most
     * @param pixels of a picture at most
     * @param side of a picture at most
     * @param applyOrientation whether Exif orientation counts
     * @param captionLength characters of a caption kept
     * @param inFlight decoded pictures per task that wait for the model
     */
    record PictureSettings(
            Bytes bytes, long pixels, int side, boolean applyOrientation, int captionLength, int inFlight) {
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
            long pictureBytes,
            long picturePixels,
            int pictureSide,
            boolean applyOrientation,
            int captionLength,
            int inFlight,
            HttpSettings http)
            implements Serializable {
        EncoderSettings encoder(int deviceId) {
            return new Model(device, threads, batch, Duration.ofNanos(lingerNanos)).encoder(deviceId);
        }

        DecodeLimits limits() {
            return new DecodeLimits(pictureBytes, picturePixels, pictureSide);
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
        requireRange("picture.in-flight", picture.inFlight, 1, 4096);
        requireRange("picture.caption-length", picture.captionLength, 0, 100_000);
        requireRange("input.http-timeout (ms)", input.httpTimeout.toMillis(), 1, MAX_HTTP_TIMEOUT.toMillis());
        picture.limits();
    }

    TaskSettings forTasks() {
        return new TaskSettings(
                model.device,
                model.threads,
                model.batch,
                model.linger.toNanos(),
                picture.bytes.count(),
                picture.pixels,
                picture.side,
                picture.applyOrientation,
                picture.captionLength,
                picture.inFlight,
                new HttpSettings(input.allowHttp, List.copyOf(input.httpHosts), input.httpTimeout.toNanos()));
    }

    private static void requireRange(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw ImageSearchException.input("setting embed.%s is %d, expected %d to %d", name, value, least, most);
        }
    }
}
