package org.imagesearch.server.pictures;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.imagesearch.core.Checksums;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.pictures.TarPictures.Part;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * The files behind ids, and the members of tars. A path comes from the index's row of the id and from nowhere else; what the file holds must be a
 * picture by its first bytes, so that an index over the wrong folder does not hand out other files.
 */
public final class OriginalPictures {
    private static final int MAGIC_BYTES = 12;

    private final ServedIndex index;
    private final TarPictures tars = new TarPictures();

    public OriginalPictures(ServedIndex index) {
        this.index = index;
    }

    /**
     * A picture: a file, or a part of one.
     *
     * @param offset of its first byte in the file
     * @param type its media type, by its first bytes
     * @param modifiedMillis when the file was written last
     */
    public record Original(Path file, long offset, long bytes, String type, long modifiedMillis) {
        /** A short text that is another one for another picture or when the file has changed. */
        public String version() {
            return Checksums.of((file + "\0" + offset + "\0" + bytes + "\0" + modifiedMillis)
                            .getBytes(StandardCharsets.UTF_8))
                    .substring(0, 24);
        }
    }

    /** @throws RequestException (not found) if the index has no such id, or its picture is not on this machine */
    public Original find(long id) {
        ImageRow row = index.with(generation -> generation.row(id))
                .orElseThrow(() ->
                        RequestException.of(Problem.NOT_FOUND, "there is no picture with id %d in the index", id));
        return find(id, row.uri());
    }

    /**
     * The same of a picture whose row is known.
     *
     * @param rowUri what the index's row of the id says
     * @throws RequestException (not found) if the picture is not on this machine
     */
    Original find(long id, String rowUri) {
        URI uri = localUri(rowUri)
                .orElseThrow(() -> RequestException.of(
                        Problem.NOT_FOUND, "the picture with id %d is not on this machine's disk", id));
        try {
            Path file = Path.of(uri.getPath());
            Part part = part(file, uri.getFragment())
                    .orElseThrow(() -> RequestException.of(
                            Problem.NOT_FOUND, "the picture with id %d is inside a file and not found there", id));
            String type = typeOf(file, part)
                    .orElseThrow(() -> RequestException.of(
                            Problem.NOT_FOUND, "the file of the picture with id %d is no picture any more", id));
            return new Original(
                    file,
                    part.offset(),
                    part.bytes(),
                    type,
                    Files.getLastModifiedTime(file).toMillis());
        } catch (IOException e) {
            throw RequestException.of(Problem.NOT_FOUND, "the file of the picture with id %d cannot be read", id);
        }
    }

    private static Optional<URI> localUri(String uri) {
        try {
            URI parsed = URI.create(uri);
            return "file".equals(parsed.getScheme()) ? Optional.of(parsed) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The whole file; or, with a fragment, the tar's member of this name. Rows of Parquet files are not looked for. */
    private Optional<Part> part(Path file, String fragment) throws IOException {
        if (fragment == null) {
            return Optional.of(new Part(0, Files.size(file)));
        }
        return file.toString().toLowerCase(Locale.ROOT).endsWith(".tar") ? tars.find(file, fragment) : Optional.empty();
    }

    private static Optional<String> typeOf(Path file, Part part) throws IOException {
        byte[] magic;
        try (InputStream in = Files.newInputStream(file)) {
            in.skipNBytes(part.offset());
            magic = in.readNBytes((int) Math.min(MAGIC_BYTES, part.bytes()));
        }
        if (startsWith(magic, 0, 0xff, 0xd8, 0xff)) {
            return Optional.of("image/jpeg");
        } else if (startsWith(magic, 0, 0x89, 'P', 'N', 'G')) {
            return Optional.of("image/png");
        } else if (startsWith(magic, 0, 'G', 'I', 'F', '8')) {
            return Optional.of("image/gif");
        } else if (startsWith(magic, 0, 'B', 'M')) {
            return Optional.of("image/bmp");
        } else if (startsWith(magic, 0, 'R', 'I', 'F', 'F') && startsWith(magic, 8, 'W', 'E', 'B', 'P')) {
            return Optional.of("image/webp");
        }
        return Optional.empty();
    }

    private static boolean startsWith(byte[] bytes, int from, int... expected) {
        if (bytes.length < from + expected.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if ((bytes[from + i] & 0xff) != expected[i]) {
                return false;
            }
        }
        return true;
    }
}
