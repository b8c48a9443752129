package org.imagesearch.clip.onnx;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Unpacks the native libraries of ONNX Runtime's GPU build once per host and user. Left to itself, ONNX Runtime unpacks more than
 * 600 MB into a temporary folder of every JVM: with a few executors on a host, that fills a small disk and takes seconds each time.
 */
final class GpuLibraries {
    private static final Logger LOG = LoggerFactory.getLogger(GpuLibraries.class);

    /** Where ONNX Runtime looks for libraries before it unpacks its own. */
    private static final String FOLDER_PROPERTY = "onnxruntime.native.path";

    private static final String RESOURCES = "ai/onnxruntime/native/linux-x64/";
    private static final String CUDA = "libonnxruntime_providers_cuda.so";
    private static final List<String> LIBRARIES =
            List.of("libonnxruntime.so", "libonnxruntime4j_jni.so", "libonnxruntime_providers_shared.so", CUDA);

    private GpuLibraries() {}

    /**
     * Tells ONNX Runtime of a folder with its libraries, unpacking them if nobody has. Does nothing for the CPU build, nor where
     * somebody else has named a folder; where unpacking fails, ONNX Runtime goes its own way.
     */
    static void prepare() {
        if (System.getProperty(FOLDER_PROPERTY) != null) {
            return;
        }
        try {
            unpack(GpuLibraries.class.getClassLoader(), cache())
                    .ifPresent(folder -> System.setProperty(FOLDER_PROPERTY, folder.toString()));
        } catch (IOException e) {
            LOG.warn("event=libraries-not-unpacked-once reason=\"{}\"", e.toString());
        }
    }

    private static Path cache() {
        String given = System.getenv("XDG_CACHE_HOME");
        Path caches =
                given == null || given.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(given);
        return caches.resolve("imagesearch");
    }

    /**
     * Unpacks.
     *
     * @param cache a folder of this user's: who can write there decides what code runs
     * @return the folder with the libraries; nothing for the CPU build
     */
    static Optional<Path> unpack(ClassLoader loader, Path cache) throws IOException {
        if (loader.getResource(RESOURCES + CUDA) == null) {
            return Optional.empty();
        }
        long bytes = 0;
        for (String library : LIBRARIES) {
            bytes += size(loader, library);
        }
        // Two builds with as many bytes in all would be a rare thing.
        Path folder = cache.resolve("onnxruntime-gpu-" + bytes);
        if (Files.isDirectory(folder)) {
            return Optional.of(folder);
        }
        Files.createDirectories(cache);
        try (FileChannel file = FileChannel.open(
                        cache.resolve(folder.getFileName() + ".lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            if (lock.isValid() && !Files.isDirectory(folder)) {
                // The rename is what makes it whole; what a killed process left behind is written over.
                Path partial = Files.createDirectories(cache.resolve(folder.getFileName() + ".partial"));
                for (String library : LIBRARIES) {
                    try (InputStream in = loader.getResourceAsStream(RESOURCES + library)) {
                        Files.copy(in, partial.resolve(library), StandardCopyOption.REPLACE_EXISTING);
                    }
                }
                Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        return Optional.of(folder);
    }

    private static long size(ClassLoader loader, String library) throws IOException {
        URL resource = loader.getResource(RESOURCES + library);
        if (resource == null) {
            throw new IOException("there is no " + RESOURCES + library + " on the class path");
        }
        var connection = resource.openConnection();
        // Otherwise the jar stays open behind a cache that others may close.
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            return connection.getContentLengthLong();
        }
    }
}
