package org.imagesearch.server.pictures;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * The files behind ids. A path comes from the index's row of the id and from nowhere else; what the file holds must be a
 * picture by its first bytes, so that an index over the wrong folder does not hand out other files.
 */
public final class OriginalPictures {
    private static final int MAGIC_BYTES = 12;

    private final ServedIndex index;

    public OriginalPictures(ServedIndex index) {
        this.index = index;
    }

    /**
     * A picture's file.
     *
     * @param type its media type, by its first bytes
     */
    public record Original(Path file, long bytes, String type) {}

    /** @throws RequestException (not found) if the index has no such id, or its picture is not on this machine */
    public Original find(long id) {
        ImageRow row = index.with(generation -> generation.row(id))
                .orElseThrow(() ->
                        RequestException.of(Problem.NOT_FOUND, "there is no picture with id %d in the index", id));
        Path file = localFile(row.uri())
                .orElseThrow(() -> RequestException.of(
                        Problem.NOT_FOUND, "the picture with id %d is not on this machine's disk", id));
        try {
            String type = typeOf(file)
                    .orElseThrow(() -> RequestException.of(
                            Problem.NOT_FOUND, "the file of the picture with id %d is no picture any more", id));
            return new Original(file, Files.size(file), type);
        } catch (IOException e) {
            throw RequestException.of(Problem.NOT_FOUND, "the file of the picture with id %d cannot be read", id);
        }
    }

    private static Optional<Path> localFile(String uri) {
        try {
            URI parsed = URI.create(uri);
            return "file".equals(parsed.getScheme()) ? Optional.of(Path.of(parsed.getPath())) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> typeOf(Path file) throws IOException {
        byte[] magic;
        try (InputStream in = Files.newInputStream(file)) {
            magic = in.readNBytes(MAGIC_BYTES);
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
