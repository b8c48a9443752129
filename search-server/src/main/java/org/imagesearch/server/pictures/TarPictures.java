package org.imagesearch.server.pictures;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Where the members of tars are. A tar has no table of contents: the first question makes one, in a pass over the headers that
 * seeks past what is between them, and the tables of the tars asked for last are kept. Thread-safe.
 */
final class TarPictures {
    /** Members in all tables that are kept: some 200 bytes each. */
    private static final long MEMBERS = 1_000_000;

    private final Cache<Tar, Map<String, Part>> recent = Caffeine.newBuilder()
            .maximumWeight(MEMBERS)
            .weigher((Tar tar, Map<String, Part> members) -> 1 + members.size())
            .build();

    /** The file's size and time are part of the key: a tar that was replaced is read anew. */
    private record Tar(Path file, long bytes, long modifiedMillis) {}

    /** A part of a file. */
    record Part(long offset, long bytes) {}

    /**
     * The part of a tar that is a member.
     *
     * @param member its name, without {@code ./} in front
     * @throws IOException if there is no such file
     */
    Optional<Part> find(Path tar, String member) throws IOException {
        Tar key = new Tar(tar, Files.size(tar), Files.getLastModifiedTime(tar).toMillis());
        try {
            return Optional.ofNullable(recent.get(key, TarPictures::members).get(member));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static Map<String, Part> members(Tar tar) {
        Map<String, Part> members = new HashMap<>();
        try (SeekableByteChannel channel = Files.newByteChannel(tar.file)) {
            HeaderStream position = new HeaderStream(channel, tar.bytes);
            TarArchiveInputStream headers = new TarArchiveInputStream(position, StandardCharsets.UTF_8.name());
            try {
                TarArchiveEntry entry = headers.getNextEntry();
                while (entry != null && entry.isCheckSumOK()) {
                    if (entry.isFile() && entry.getSize() <= tar.bytes - position.at) {
                        String name = entry.getName();
                        members.putIfAbsent(
                                name.startsWith("./") ? name.substring(2) : name,
                                new Part(position.at, entry.getSize()));
                    }
                    entry = headers.getNextEntry();
                }
            } catch (IOException | IllegalArgumentException e) {
                // Damaged from here on; what is in front was found, and was embedded, too.
                return members;
            }
            return members;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A stream that knows where it is and skips by seeking. */
    private static final class HeaderStream extends InputStream {
        private final SeekableByteChannel channel;
        private final long length;
        private long at;

        HeaderStream(SeekableByteChannel channel, long length) {
            this.channel = channel;
            this.length = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            int read = channel.position(at).read(ByteBuffer.wrap(bytes, from, count));
            at += Math.max(0, read);
            return read;
        }

        @Override
        public long skip(long count) {
            long skipped = Math.max(0, Math.min(count, length - at));
            at += skipped;
            return skipped;
        }

        @Override
        public int available() {
            return (int) Math.min(Integer.MAX_VALUE, length - at);
        }
    }
}
