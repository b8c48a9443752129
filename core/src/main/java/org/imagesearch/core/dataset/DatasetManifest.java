package org.imagesearch.core.dataset;

import java.time.Instant;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * {@code dataset.json}: what a dataset of embeddings is made of and how far it has come.
 *
 * @param formatVersion version of this layout, {@value #FORMAT_VERSION}
 * @param model the model bundle that made every embedding in it
 * @param modelName the bundle's name, for people
 * @param dimension floats per embedding
 * @param normalised whether every embedding has length 1
 * @param listed pictures found in the input; each has an id
 * @param embedded pictures with a row in {@code images/}
 * @param failed pictures with a row in {@code failures/}
 * @param waveSize pictures per wave; fixed when the input is listed
 * @param waves waves committed so far
 * @param ids how ids were assigned: {@code sequence} or {@code filename}
 * @param updated when this file was written
 */
public record DatasetManifest(
        int formatVersion,
        Fingerprint model,
        String modelName,
        int dimension,
        boolean normalised,
        long listed,
        long embedded,
        long failed,
        int waveSize,
        int waves,
        String ids,
        Instant updated) {
    public static final int FORMAT_VERSION = 1;

    /** @throws ImageSearchException (data) if a field is missing or the version is not ours */
    public DatasetManifest {
        if (formatVersion != FORMAT_VERSION) {
            throw ImageSearchException.data(
                    "dataset.json has formatVersion %d, this program reads %d", formatVersion, FORMAT_VERSION);
        }
        if (ids == null || model == null || modelName == null || updated == null || dimension <= 0 || waveSize <= 0) {
            throw ImageSearchException.data("dataset.json lacks ids, model, modelName, updated, dimension or waveSize");
        }
    }

    public byte[] toJson() {
        return Json.write(this);
    }

    /**
     * @param name the file's path, for messages
     * @throws ImageSearchException (data) if the bytes are not a dataset manifest
     */
    public static DatasetManifest fromJson(byte[] bytes, String name) {
        return Json.read(bytes, DatasetManifest.class, name);
    }
}
