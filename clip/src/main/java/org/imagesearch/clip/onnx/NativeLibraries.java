package org.imagesearch.clip.onnx;

import java.io.IOException;
import java.io.InputStream;
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
 * Unpacks ONNX Runtime's native libraries once per host and user. Left to itself, ONNX Runtime unpacks them into a temporary folder
 * of every JVM: more than 600 MB of its GPU build, which a few executors on a host make a full disk of, and an empty folder is left
 * behind each time.
 */
final class NativeLibraries {
    private static final Logger LOG = LoggerFactory.getLogger(NativeLibraries.class);

    /** Where ONNX Runtime looks for libraries before it unpacks its own. */
    private static final String FOLDER_PROPERTY = "onnxruntime.native.path";

    private static final String RESOURCES = "ai/onnxruntime/native/linux-x64/";

    /** Every build has the first two, the GPU build the others, too. */
    private static final List<String> LIBRARIES = List.of(
            "libonnxruntime.so",
            "libonnxruntime4j_jni.so",
            "libonnxruntime_providers_shared.so",
            "libonnxruntime_providers_cuda.so");

    private NativeLibraries() {}

    /**
     * Tells ONNX Runtime of a folder with its libraries, unpacking them if nobody has. Does nothing where somebody else has
     * named a folder; where unpacking fails, ONNX Runtime goes its own way.
     */
    static void prepare() {
        if (System.getProperty(FOLDER_PROPERTY) != null) {
            return;
        }
        try {
            unpack(NativeLibraries.class.getClassLoader(), cache())
                    .ifPresent(folder -> System.setProperty(FOLDER_PROPERTY, folder.toString()));
        } catch (IOException e) {
            LOG.info("event=libraries-not-unpacked-once reason=\"{}\"", e.toString());
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
     * @return the folder with the libraries; nothing where the class path has none for this platform
     */
    static Optional<Path> unpack(ClassLoader loader, Path cache) throws IOException {
        List<String> libraries = LIBRARIES.stream()
                .filter(library -> loader.getResource(RESOURCES + library) != null)
                .toList();
        if (libraries.isEmpty()) {
            return Optional.empty();
        }
        long bytes = 0;
        for (String library : libraries) {
            bytes += size(loader, library);
        }
        // Two builds with as many bytes in all would be a rare thing.
        Path folder = cache.resolve("onnxruntime-" + libraries.size() + "-" + bytes);
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
                for (String library : libraries) {
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
        var connection = loader.getResource(RESOURCES + library).openConnection();
        // Otherwise the jar stays open behind a cache that others may close.
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            return connection.getContentLengthLong();
        }
    }
}
