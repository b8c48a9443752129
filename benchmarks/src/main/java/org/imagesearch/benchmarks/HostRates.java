package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.PictureSquares;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * What the two halves of an embedding job reach on this machine each for itself, in pictures/s: preparing squares on all
 * processors from files that lie in memory, and the model on squares that are ready.
 */
final class HostRates implements AutoCloseable {
    private static final int FILES = 64;
    private static final int BATCHES = 4;

    private final List<byte[]> files;
    private final PictureSquares squares;
    private final ImageEncoder encoder;
    private final ByteBuffer ready;

    private HostRates(List<byte[]> files, PictureSquares squares, ImageEncoder encoder, ByteBuffer ready) {
        this.files = files;
        this.squares = squares;
        this.encoder = encoder;
        this.ready = ready;
    }

    /**
     * Opens the model, and reads some pictures of a folder.
     *
     * @param batch pictures in a run of the model
     * @throws ImageSearchException (input) if there are no pictures
     */
    static HostRates open(Path folder, ModelBundle bundle, int batch) throws IOException {
        List<byte[]> files = new ArrayList<>();
        try (Stream<Path> found = Files.walk(folder)) {
            for (Path file :
                    found.filter(HostRates::isPicture).sorted().limit(FILES).toList()) {
                files.add(Files.readAllBytes(file));
            }
        }
        if (files.isEmpty()) {
            throw ImageSearchException.input("there is no .jpg, .jpeg or .png below %s", folder);
        }
        PictureSquares squares = new PictureSquares(bundle.image(), DecodeLimits.DEFAULT, true, false);
        ByteBuffer ready = ByteBuffer.allocateDirect(batch * BATCHES * squares.squareBytes());
        for (int i = 0; i < batch * BATCHES; i++) {
            squares.prepare(files.get(i % files.size()), ready, i * squares.squareBytes());
        }
        ImageEncoder encoder = ImageEncoder.open(bundle, EncoderSettings.cpu(processors(), batch));
        return new HostRates(files, squares, encoder, ready);
    }

    static int processors() {
        return Runtime.getRuntime().availableProcessors();
    }

    private static boolean isPicture(Path file) {
        return file.getFileName().toString().toLowerCase(Locale.ROOT).matches(".*\\.(jpe?g|png)");
    }

    /** The model alone. */
    double model(int seconds) {
        long encoded = 0;
        long begin = System.nanoTime();
        while (SideBySide.secondsSince(begin) < seconds) {
            ByteBuffer batch = ready.slice(
                    (int) (encoded / encoder.maxBatch() % BATCHES) * encoder.maxBatch() * squares.squareBytes(),
                    encoder.maxBatch() * squares.squareBytes());
            encoder.encode(batch, encoder.maxBatch());
            encoded += encoder.maxBatch();
        }
        return encoded / SideBySide.secondsSince(begin);
    }

    /** Decoding and resizing alone, on some threads at once. */
    double squares(int threads, int seconds) throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            long begin = System.nanoTime();
            long end = begin + TimeUnit.SECONDS.toNanos(seconds);
            List<Future<Long>> counts = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int first = thread;
                counts.add(pool.submit(() -> prepareUntil(end, first)));
            }
            long prepared = 0;
            for (Future<Long> count : counts) {
                prepared += count.get();
            }
            return prepared / SideBySide.secondsSince(begin);
        } catch (ExecutionException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot prepare pictures: " + e.getCause(), e);
        } finally {
            pool.shutdownNow();
        }
    }

    private long prepareUntil(long end, int first) {
        ByteBuffer square = ByteBuffer.allocateDirect(squares.squareBytes());
        long prepared = 0;
        while (System.nanoTime() < end) {
            squares.prepare(files.get((int) ((first + prepared) % files.size())), square, 0);
            prepared++;
        }
        return prepared;
    }

    @Override
    public void close() {
        encoder.close();
    }
}
