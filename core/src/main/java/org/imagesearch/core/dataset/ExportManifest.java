package org.imagesearch.core.dataset;

import java.time.Instant;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * {@code export.json}: what exported embeddings are, beside files that cannot say it themselves.
 *
 * @param formatVersion version of this layout, {@value #FORMAT_VERSION}
 * @param model the model bundle that made every embedding
 * @param modelName the bundle's name, for people
 * @param dimension floats per embedding
 * @param precision {@code float16} or {@code float32}
 * @param count pictures in all parts
 * @param rowsPerPart pictures in every part but the last, which may have fewer
 * @param parts files of each kind
 * @param created when it was written
 */
public record ExportManifest(
        int formatVersion,
        Fingerprint model,
        String modelName,
        int dimension,
        String precision,
        long count,
        long rowsPerPart,
        long parts,
        Instant created) {
    public static final int FORMAT_VERSION = 1;

    /** @throws ImageSearchException (data) naming the field, if one is missing or impossible, or the version is not ours */
    public ExportManifest {
        if (formatVersion != FORMAT_VERSION) {
            throw ImageSearchException.data(
                    "export.json has formatVersion %d, this program reads %d", formatVersion, FORMAT_VERSION);
        }
        if (model == null) {
            throw ImageSearchException.data("export.json lacks model");
        }
        if (dimension < 1 || count < 0) {
            throw ImageSearchException.data(
                    "export.json has dimension %d and count %d, expected at least 1 and 0", dimension, count);
        }
    }

    public byte[] toJson() {
        return Json.write(this);
    }

    /**
     * @param name the file's path, for messages
     * @throws ImageSearchException (data) if the bytes are no manifest of an export
     */
    public static ExportManifest fromJson(byte[] bytes, String name) {
        return Json.read(bytes, ExportManifest.class, name);
    }
}
