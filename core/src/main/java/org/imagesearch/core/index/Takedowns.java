package org.imagesearch.core.index;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * The pictures of an index that must not be shown: the file {@value #FILE} beside {@code CURRENT}, one {@link Takedown} as
 * JSON per line, the newest line about an id holding. It belongs to the index and not to a generation: servers leave these
 * pictures out at once, and whatever builds a generation leaves them out for good.
 *
 * <p>Lines are only ever appended, in one write that is forced to disk, under a lock on {@value #LOCK} that other processes
 * respect. A crash may leave a torn last line, which readers ignore and the next append removes. A last line that is whole
 * but for its line break counts: editors leave files so. Empty lines are ignored; any other damaged line is an error, since
 * passing over it might show a picture that must not be shown.
 *
 * <p>Thread-safe.
 */
public final class Takedowns {
    public static final String FILE = "takedowns.jsonl";
    public static final String LOCK = "takedowns.lock";

    /** Different ids in the file, those given back included: what a reader holds in memory is bounded by it. */
    public static final int LIMIT = 10_000_000;

    /** The longest reason, in characters. */
    public static final int REASON_LIMIT = 1000;

    private static final int LINE_LIMIT_BYTES = 16 << 10;
    private static final int BUFFER_BYTES = 64 << 10;

    /** File locks do not hold between the threads of one process. */
    private static final Object IN_THIS_PROCESS = new Object();

    /**
     * What an append did.
     *
     * @param changed the ids whose state it changed, in the order given
     * @param down all ids that are down after it, ascending
     */
    public record Change(long[] changed, long[] down) {}

    /**
     * How far the file is whole.
     *
     * @param wholeBytes length up to the end of the last whole line
     * @param unterminated that line lacks its line break
     */
    private record Extent(long wholeBytes, boolean unterminated) {}

    private Takedowns() {}

    /**
     * The ids that are down, ascending; none if the index has no such file.
     *
     * @param indexRoot the directory of {@code CURRENT}
     * @throws ImageSearchException (data) naming file and line, if a line is damaged or there are more than {@link #LIMIT} ids
     */
    public static long[] read(Path indexRoot) {
        return states(indexRoot.resolve(FILE)).sortedDown();
    }

    /**
     * Takes pictures down. Ids that are down already are not written again.
     *
     * @param indexRoot the directory of {@code CURRENT}
     * @param ids any ids; whether the index has them does not matter
     * @param at what to note as the time
     * @param reason why, at most {@link #REASON_LIMIT} characters
     * @throws ImageSearchException (input) if an id or the reason is out of bounds; (data) if the file is damaged; (resource)
     *     if it cannot be written: then it is as it was before
     */
    public static Change append(Path indexRoot, long[] ids, Instant at, Optional<String> reason) {
        return change(indexRoot, ids, at, reason, true);
    }

    /** Gives pictures back, as {@link #append} takes them down. Ids that are not down are left alone. */
    public static Change restore(Path indexRoot, long[] ids, Instant at, Optional<String> reason) {
        return change(indexRoot, ids, at, reason, false);
    }

    /**
     * The line that took each of these pictures down, in the order of the ids; ids that are not down are left out.
     *
     * @param ids distinct ids, ascending
     */
    public static List<Takedown> entries(Path indexRoot, long[] ids) {
        Takedown[] newest = new Takedown[ids.length];
        forEachLine(indexRoot.resolve(FILE), line -> {
            int place = Arrays.binarySearch(ids, line.id());
            if (place >= 0) {
                newest[place] = line;
            }
        });
        List<Takedown> found = new ArrayList<>();
        for (Takedown line : newest) {
            if (line != null && line.down()) {
                found.add(line);
            }
        }
        return found;
    }

    private static Change change(Path indexRoot, long[] ids, Instant at, Optional<String> reason, boolean down) {
        if (reason.isPresent() && reason.get().length() > REASON_LIMIT) {
            throw ImageSearchException.input(
                    "the reason has %d characters, at most %d", reason.get().length(), REASON_LIMIT);
        }
        for (long id : ids) {
            Ids.requireValid(id);
        }
        Path file = indexRoot.resolve(FILE);
        synchronized (IN_THIS_PROCESS) {
            try (FileChannel lockFile = FileChannel.open(
                            indexRoot.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = lockFile.lock()) {
                return changeLocked(file, ids, at, reason, down);
            } catch (IOException e) {
                throw new ImageSearchException(ErrorCode.RESOURCE, "cannot write " + file + ": " + e, e);
            }
        }
    }

    private static Change changeLocked(Path file, long[] ids, Instant at, Optional<String> reason, boolean down)
            throws IOException {
        TakedownStates states = new TakedownStates();
        Extent extent = forEachLine(file, line -> states.put(line.id(), line.down()));
        long[] changed = new long[ids.length];
        int n = 0;
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        if (extent.unterminated()) {
            lines.write('\n');
        }
        for (long id : ids) {
            if (states.isDown(id) != down) {
                states.put(id, down);
                changed[n++] = id;
                lines.writeBytes(Json.writeLine(
                        new Takedown(id, Optional.of(at), reason, down ? Optional.empty() : Optional.of(true))));
            }
        }
        if (n > 0) {
            appendForced(file, extent.wholeBytes(), lines.toByteArray());
        }
        return new Change(Arrays.copyOf(changed, n), states.sortedDown());
    }

    /** Writes after the last whole line; what a crash left behind it goes. */
    private static void appendForced(Path file, long wholeBytes, byte[] lines) throws IOException {
        boolean created = !Files.exists(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.truncate(wholeBytes);
            try {
                ByteBuffer rest = ByteBuffer.wrap(lines);
                channel.position(wholeBytes);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
                channel.force(true);
            } catch (IOException e) {
                channel.truncate(wholeBytes);
                throw e;
            }
        }
        if (created) {
            // The name must survive a crash as well as the bytes.
            try (FileChannel directory = FileChannel.open(file.toAbsolutePath().getParent())) {
                directory.force(true);
            }
        }
    }

    private static TakedownStates states(Path file) {
        TakedownStates states = new TakedownStates();
        forEachLine(file, line -> states.put(line.id(), line.down()));
        return states;
    }

    private static Extent forEachLine(Path file, Consumer<Takedown> use) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new Lines(file, use).read(channel);
        } catch (NoSuchFileException e) {
            return new Extent(0, false);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + file + ": " + e, e);
        }
    }

    /** Cuts the file into lines of bounded length. */
    private static final class Lines {
        private final Path file;
        private final Consumer<Takedown> use;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private long number = 1;

        Lines(Path file, Consumer<Takedown> use) {
            this.file = file;
            this.use = use;
        }

        Extent read(FileChannel channel) throws IOException {
            byte[] buffer = new byte[BUFFER_BYTES];
            long bytes = 0;
            long wholeBytes = 0;
            for (int read = channel.read(ByteBuffer.wrap(buffer));
                    read >= 0;
                    read = channel.read(ByteBuffer.wrap(buffer))) {
                int start = 0;
                for (int i = 0; i < read; i++) {
                    if (buffer[i] == '\n') {
                        line.write(buffer, start, i - start);
                        start = i + 1;
                        wholeBytes = bytes + start;
                        use(parse());
                    }
                }
                line.write(buffer, start, read - start);
                bytes += read;
                if (line.size() > LINE_LIMIT_BYTES) {
                    throw ImageSearchException.data(
                            "%s, line %d, is longer than %d bytes", file, number, LINE_LIMIT_BYTES);
                }
            }
            return last(bytes, wholeBytes);
        }

        private Extent last(long bytes, long wholeBytes) {
            if (line.size() == 0) {
                return new Extent(wholeBytes, false);
            }
            Optional<Takedown> whole;
            try {
                whole = parse();
            } catch (ImageSearchException torn) {
                return new Extent(wholeBytes, false);
            }
            use(whole);
            return new Extent(bytes, true);
        }

        private Optional<Takedown> parse() {
            byte[] json = line.toByteArray();
            line.reset();
            for (byte b : json) {
                if (b > ' ' || b < 0) {
                    return Optional.of(Json.read(json, Takedown.class, file + ", line " + number + ","));
                }
            }
            // NULs, as some file systems leave them after a crash, are no empty line.
            for (byte b : json) {
                if (b == 0) {
                    throw ImageSearchException.data("%s, line %d, is not valid: it holds NULs", file, number);
                }
            }
            return Optional.empty();
        }

        private void use(Optional<Takedown> takedown) {
            try {
                takedown.ifPresent(use);
            } catch (ImageSearchException e) {
                throw new ImageSearchException(e.code(), file + ", line " + number + ": " + e.getMessage(), e);
            }
            number++;
        }
    }
}
