package org.imagesearch.core.parquet;

import java.io.Serializable;
import org.apache.hadoop.fs.Path;

/**
 * A range of bytes of a Parquet file; a reader of it gets the row groups whose middle lies inside, so that slices that
 * cover a file give every row once.
 *
 * @param file the file's URI
 * @param start first byte
 * @param length bytes
 */
public record FileSlice(String file, long start, long length) implements Serializable {
    /** The whole of a file. */
    public static FileSlice whole(Path file) {
        return new FileSlice(file.toString(), 0, Long.MAX_VALUE);
    }

    Path path() {
        return new Path(file);
    }

    long end() {
        return length > Long.MAX_VALUE - start ? Long.MAX_VALUE : start + length;
    }
}
