package org.imagesearch.embed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.imagesearch.core.ImageSearchException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps two jobs out of one dataset: a file {@code _lock} that names its holder and is renewed while the job runs. A lock whose
 * process has ended on this host, or that was not renewed for {@value #STALE_SECONDS} seconds elsewhere, is taken over.
 */
final class DatasetLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DatasetLock.class);
    private static final int RENEW_SECONDS = 20;
    private static final int STALE_SECONDS = 120;

    private final FileSystem files;
    private final Path file;
    private final ScheduledExecutorService renewal;

    private DatasetLock(FileSystem files, Path file) {
        this.files = files;
        this.file = file;
        this.renewal = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "embed-lock");
            thread.setDaemon(true);
            return thread;
        });
        var unused = renewal.scheduleWithFixedDelay(this::renew, RENEW_SECONDS, RENEW_SECONDS, TimeUnit.SECONDS);
    }

    /** @throws ImageSearchException (input) naming the holder, if another job is at work on the dataset */
    static DatasetLock take(DatasetFolder folder) throws IOException {
        FileSystem files = folder.files();
        Path file = new Path(folder.root(), "_lock");
        files.mkdirs(folder.root());
        if (folder.exists(file)) {
            String holder = read(files, file);
            if (isHeld(holder)) {
                throw ImageSearchException.input(
                        "%s is in use by another run (%s); if that run is gone, delete %s",
                        folder.root(), holder, file);
            }
            files.delete(file, false);
        }
        try (var out = files.create(file, false)) {
            out.write(holder());
        } catch (FileAlreadyExistsException e) {
            throw ImageSearchException.input("%s is in use by another run, which came first", folder.root());
        }
        return new DatasetLock(files, file);
    }

    private void renew() {
        try (var out = files.create(file, true)) {
            out.write(holder());
        } catch (IOException e) {
            LOG.warn("lock={} renewed=false reason=\"{}\"", file, e.getMessage());
        }
    }

    private static byte[] holder() {
        return (host() + " " + ProcessHandle.current().pid() + " " + Instant.now()).getBytes(StandardCharsets.UTF_8);
    }

    private static boolean isHeld(String holder) {
        String[] parts = holder.strip().split(" ");
        try {
            if (parts[0].equals(host())) {
                return ProcessHandle.of(Long.parseLong(parts[1]))
                        .filter(ProcessHandle::isAlive)
                        .isPresent();
            }
            return Instant.parse(parts[2])
                    .plus(Duration.ofSeconds(STALE_SECONDS))
                    .isAfter(Instant.now());
        } catch (RuntimeException e) {
            // Written in part by a process that was killed while it wrote.
            return false;
        }
    }

    private static String read(FileSystem files, Path file) throws IOException {
        byte[] bytes = new byte[(int) Math.min(1024, files.getFileStatus(file).getLen())];
        try (var in = files.open(file)) {
            in.readFully(0, bytes);
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    @Override
    public void close() throws IOException {
        renewal.shutdownNow();
        try {
            if (!renewal.awaitTermination(RENEW_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("lock={} event=renewal-still-running", file);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        files.delete(file, false);
    }
}
