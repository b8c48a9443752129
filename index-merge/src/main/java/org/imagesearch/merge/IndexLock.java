package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * Keeps two merges off one index. The lock is the operating system's on {@code .merge.lock}: it ends with the process that
 * holds it, however that ends, so a file left behind means nothing.
 */
final class IndexLock implements Closeable {
    private static final String FILE = ".merge.lock";

    private final FileChannel channel;

    private IndexLock(FileChannel channel) {
        this.channel = channel;
    }

    /** @throws ImageSearchException (resource) naming the index and who holds the lock, if somebody does */
    static IndexLock acquire(Path index) {
        Path file = index.resolve(FILE);
        try {
            Files.createDirectories(index);
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (!tryLock(channel)) {
                channel.close();
                throw ImageSearchException.resource(
                        "another merge is writing %s (%s)",
                        index, Files.readString(file, StandardCharsets.UTF_8).strip());
            }
            channel.truncate(0);
            String holder = "process " + ProcessHandle.current().pid() + "\n";
            channel.write(ByteBuffer.wrap(holder.getBytes(StandardCharsets.UTF_8)));
            return new IndexLock(channel);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.RESOURCE, "cannot lock " + file + ": " + e, e);
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.RESOURCE, "cannot release " + FILE + ": " + e, e);
        }
    }
}
