package org.imagesearch.embed;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The members of a tar: pictures by offset and length, texts by what they say, in one pass over the headers that seeks past the
 * pictures. The first damage ends the pass and is its last member.
 */
final class TarMembers implements Iterator<TarMembers.Member>, AutoCloseable {
    /** What a member is. */
    enum Kind {
        PICTURE,
        CAPTION,
        JSON,
        OTHER,
        /** No member: what follows in the file cannot be found. */
        DAMAGE
    }

    /**
     * A member.
     *
     * @param kind by its name
     * @param name as the tar has it, without {@code ./} in front
     * @param offset of its first byte in the file
     * @param length bytes
     * @param text of a caption or a json; of damage, what it is
     */
    record Member(Kind kind, String name, long offset, long length, String text) {
        /** What members of one sample have in common: the name up to its last dot. */
        String key() {
            int dot = name.lastIndexOf('.');
            return dot <= name.lastIndexOf('/') ? name : name.substring(0, dot);
        }
    }

    private final FSDataInputStream file;
    private final long fileLength;
    private final SeekingStream position;
    private final MarkedTar tar;
    private Member next;
    private boolean ended;

    private TarMembers(FSDataInputStream file, long fileLength) {
        this.file = file;
        this.fileLength = fileLength;
        this.position = new SeekingStream(file, fileLength);
        this.tar = new MarkedTar(position);
    }

    /** @param uri of the tar */
    static TarMembers open(String uri, Configuration configuration) throws IOException {
        Path path = new Path(URI.create(uri));
        FileSystem files = PictureFiles.withoutChecksums(path.getFileSystem(configuration));
        long length = files.getFileStatus(path).getLen();
        return new TarMembers(files.open(path), length);
    }

    @Override
    public boolean hasNext() {
        if (next == null && !ended) {
            next = advance();
        }
        return next != null;
    }

    @Override
    public Member next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Member member = next;
        next = null;
        return member;
    }

    private Member advance() {
        long before = position.at;
        try {
            if (before == 0 && isPacked()) {
                return damage(0, "it is packed with gzip, and single pictures cannot be read out of it: unpack it");
            }
            TarArchiveEntry entry = nextFile();
            if (entry == null && !tar.marked) {
                return damage(before, "it ends without an end mark, so that something may be missing");
            }
            ended = entry == null;
            return ended ? null : member(entry);
        } catch (IOException | IllegalArgumentException e) {
            return damage(before, e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    private boolean isPacked() throws IOException {
        byte[] magic = new byte[2];
        int read = file.read(0, magic, 0, 2);
        return read == 2 && ((magic[0] & 0xff) | (magic[1] & 0xff) << 8) == GZIPInputStream.GZIP_MAGIC;
    }

    private TarArchiveEntry nextFile() throws IOException {
        while (true) {
            TarArchiveEntry entry = tar.getNextTarEntry();
            if (entry == null) {
                return null;
            }
            if (!entry.isCheckSumOK()) {
                throw new IOException("a header's checksum is wrong");
            }
            if (entry.isFile() && !entry.isSymbolicLink() && !entry.isLink()) {
                return entry;
            }
        }
    }

    private Member member(TarArchiveEntry entry) throws IOException {
        long offset = position.at;
        long length = entry.getSize();
        if (length > fileLength - offset) {
            throw new EOFException(String.format(
                    "%s has %d bytes, and the file ends %d bytes behind its beginning",
                    entry.getName(), length, fileLength - offset));
        }
        String name = entry.getName().startsWith("./") ? entry.getName().substring(2) : entry.getName();
        Kind kind = entry.isSparse() || isHidden(name) ? Kind.OTHER : kind(name);
        boolean text = kind == Kind.CAPTION || kind == Kind.JSON;
        if (text && length > Captions.FILE_BYTES) {
            return new Member(Kind.OTHER, name, offset, length, null);
        }
        return new Member(
                kind, name, offset, length, text ? new String(tar.readAllBytes(), StandardCharsets.UTF_8) : null);
    }

    private static Kind kind(String name) {
        if (PictureFiles.isPicture(name)) {
            return Kind.PICTURE;
        }
        return switch (PictureFiles.extension(name)) {
            case "txt" -> Kind.CAPTION;
            case "json" -> Kind.JSON;
            default -> Kind.OTHER;
        };
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".") || name.contains("/.");
    }

    private Member damage(long offset, String reason) {
        ended = true;
        return new Member(Kind.DAMAGE, "", offset, 0, reason);
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            // It was only read.
        }
    }

    /** A tar that knows whether its end was marked, as it has to be, or whether the file just ended. */
    private static final class MarkedTar extends TarArchiveInputStream {
        private boolean marked;

        MarkedTar(InputStream in) {
            super(in, StandardCharsets.UTF_8.name());
        }

        @Override
        protected boolean isEOFRecord(byte[] header) {
            boolean end = super.isEOFRecord(header);
            marked |= end && header != null;
            return end;
        }
    }

    /** A stream that knows where it is and skips by seeking. */
    private static final class SeekingStream extends InputStream {
        private final FSDataInputStream file;
        private final long length;
        private long at;

        SeekingStream(FSDataInputStream file, long length) {
            this.file = file;
            this.length = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            if (at >= length) {
                return -1;
            }
            if (file.getPos() != at) {
                file.seek(at);
            }
            int read = file.read(bytes, from, count);
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
