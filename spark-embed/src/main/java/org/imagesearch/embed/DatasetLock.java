package org.imagesearch.embed;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps two jobs out of one dataset: a file {@code _lock} that names its holder and is renewed while the job runs. A lock whose
 * process has ended on this host, or that was not renewed for {@value #STALE_SECONDS} seconds elsewhere, is taken over; so a
 * holder asks before every commit whether the lock is still its own.
 *
 * <p>The file is one line: host, process id, start of the process, time of the renewal, a random token.
 */
final class DatasetLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DatasetLock.class);
    private static final int RENEW_SECONDS = 20;
    private static final int STALE_SECONDS = 120;
    private static final int MAX_BYTES = 1024;

    private final FileSystem files;
    private final Path file;
    private final String token = UUID.randomUUID().toString();
    private final ScheduledExecutorService renewal;

    private DatasetLock(FileSystem files, Path file) {
        this.files = files;
        this.file = file;
        this.renewal = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "embed-lock");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** @throws ImageSearchException (input) naming the holder, if another job is at work on the dataset */
    static DatasetLock take(DatasetFolder folder) throws IOException {
        FileSystem files = folder.files();
        Path file = new Path(folder.root(), "_lock");
        try {
            files.mkdirs(folder.root());
        } catch (IOException e) {
            throw new ImageSearchException(
                    ErrorCode.INPUT, "--output " + folder.root() + " cannot be made: " + e.getMessage(), e);
        }
        if (folder.exists(file)) {
            FileStatus status = files.getFileStatus(file);
            String holder = read(files, file);
            if (isHeld(holder, Instant.ofEpochMilli(status.getModificationTime()))) {
                throw ImageSearchException.input(
                        "%s is in use by another run (%s); if that run is gone, delete %s",
                        folder.root(), holder.strip(), file);
            }
            files.delete(file, false);
        }
        DatasetLock lock = new DatasetLock(files, file);
        lock.create();
        return lock;
    }

    private void create() throws IOException {
        try (var out = files.create(file, false)) {
            out.write(line());
        } catch (FileAlreadyExistsException e) {
            throw ImageSearchException.input("%s is in use by another run, which came first", file.getParent());
        }
        var unused = renewal.scheduleWithFixedDelay(this::renew, RENEW_SECONDS, RENEW_SECONDS, TimeUnit.SECONDS);
    }

    /**
     * To be called before every commit.
     *
     * @throws ImageSearchException (resource) if another run has taken the lock over, or someone has deleted it
     */
    synchronized void requireHeld() throws IOException {
        if (!isOurs()) {
            throw ImageSearchException.resource(
                    "this run has lost %s: another run took it over after %d seconds without a renewal, or it was deleted;"
                            + " what was committed so far stands",
                    file, STALE_SECONDS);
        }
    }

    private synchronized void renew() {
        try {
            if (isOurs()) {
                try (var out = files.create(file, true)) {
                    out.write(line());
                }
            }
        } catch (IOException e) {
            LOG.warn("lock={} renewed=false reason=\"{}\"", file, e.getMessage());
        }
    }

    private boolean isOurs() throws IOException {
        return read(files, file).endsWith(token);
    }

    private byte[] line() {
        ProcessHandle process = ProcessHandle.current();
        return String.join(
                        " ",
                        host(),
                        String.valueOf(process.pid()),
                        startOf(process),
                        Instant.now().toString(),
                        token)
                .getBytes(StandardCharsets.UTF_8);
    }

    /** Tells a process from a later one of the same number, which is the rule in containers. */
    private static String startOf(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toString).orElse("unknown");
    }

    private static boolean isHeld(String holder, Instant written) {
        String[] parts = holder.strip().split(" ");
        Duration stale = Duration.ofSeconds(STALE_SECONDS);
        if (parts.length != 5) {
            // Being written at this moment, or left by a process that was killed while it wrote.
            return written.plus(stale).isAfter(Instant.now());
        }
        try {
            if (parts[0].equals(host())) {
                return ProcessHandle.of(Long.parseLong(parts[1]))
                        .filter(ProcessHandle::isAlive)
                        .filter(process -> startOf(process).equals(parts[2]))
                        .isPresent();
            }
            return Instant.parse(parts[3]).plus(stale).isAfter(Instant.now());
        } catch (RuntimeException e) {
            return false; // Nothing that this program wrote.
        }
    }

    /** What the file says; empty if there is none, or it is being written. */
    private static String read(FileSystem files, Path file) throws IOException {
        try {
            byte[] bytes =
                    new byte[(int) Math.min(MAX_BYTES, files.getFileStatus(file).getLen())];
            try (var in = files.open(file)) {
                in.readFully(0, bytes);
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (FileNotFoundException | ChecksumException | EOFException e) {
            LOG.debug("lock={} absent or being written", file, e);
            return "";
        }
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
        if (isOurs()) {
            files.delete(file, false);
        }
    }
}
