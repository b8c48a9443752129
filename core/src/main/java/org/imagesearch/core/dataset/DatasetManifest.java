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
 * @param fastDecode whether large JPEGs were decoded at a smaller scale, which changes embeddings slightly;
 *     absent in files of earlier versions, which always decoded at full scale
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
        Boolean fastDecode,
        Instant updated) {
    public static final int FORMAT_VERSION = 1;

    /** @throws ImageSearchException (data) naming the field, if one is missing or impossible, or the version is not ours */
    public DatasetManifest {
        if (formatVersion != FORMAT_VERSION) {
            throw ImageSearchException.data(
                    "dataset.json has formatVersion %d, this program reads %d", formatVersion, FORMAT_VERSION);
        }
        requirePresent("model", model);
        requirePresent("modelName", modelName);
        requirePresent("ids", ids);
        requirePresent("updated", updated);
        fastDecode = fastDecode != null && fastDecode;
        requireAtLeast("dimension", dimension, 1);
        requireAtLeast("waveSize", waveSize, 1);
        requireAtLeast("listed", listed, 0);
        requireAtLeast("embedded", embedded, 0);
        requireAtLeast("failed", failed, 0);
        requireAtLeast("waves", waves, 0);
    }

    private static void requirePresent(String field, Object value) {
        if (value == null) {
            throw ImageSearchException.data("dataset.json lacks %s", field);
        }
    }

    private static void requireAtLeast(String field, long value, long least) {
        if (value < least) {
            throw ImageSearchException.data("dataset.json: %s is %d, expected at least %d", field, value, least);
        }
    }

    /** Whether the other one differs in {@code updated} at most. */
    public boolean saysTheSameAs(DatasetManifest other) {
        return equals(new DatasetManifest(
                other.formatVersion,
                other.model,
                other.modelName,
                other.dimension,
                other.normalised,
                other.listed,
                other.embedded,
                other.failed,
                other.waveSize,
                other.waves,
                other.ids,
                other.fastDecode,
                updated));
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
