package org.imagesearch.merge;

/**
 * What a task that writes a shard holds at most, beside the centroids and a page of every Parquet column that it reads (a
 * megabyte each as they are written): a bound that holds for a shard of any size, and is shared out here.
 *
 * <ul>
 *   <li>a quarter: vectors on their way, as floats and as codes, {@code batch} rows at most;
 *   <li>a quarter: vectors that wait for their place in the file, but no more than a 64th of the shard;
 *   <li>an eighth: the lists of the vectors, 4 bytes each; what does not fit goes to a temporary file;
 *   <li>an eighth: the rows that Lucene has not written yet, 8 MiB at most;
 *   <li>the rest: sizes and places of the lists, Lucene's merging, the Java objects around all of it.
 * </ul>
 *
 * A shard of 250,000 vectors of 512 floats takes 4 + 8 + 1 + 8 MiB, a 25th of its size.
 *
 * @param bytes the bound
 */
record BuildMemory(long bytes) {
    private static final long LEAST_PLACING = 256 << 10;
    private static final long MOST_ROWS = 8 << 20;

    /** Rows read and assigned at once. */
    int batch(int wanted, int dimension, int codeBytes) {
        long rowBytes = (long) dimension * Float.BYTES + codeBytes + 32;
        return (int) Math.max(1, Math.min(wanted, bytes / 4 / rowBytes));
    }

    /** Bytes of vectors that wait for their place. */
    int placing(long shardBytes) {
        long some = Math.max(LEAST_PLACING, shardBytes / 64);
        return (int) Math.min(Math.min(some, bytes / 4), 1 << 30);
    }

    /** Bytes of the lists of vectors. */
    long lists() {
        return bytes / 8;
    }

    /** Bytes of rows that are not written yet. */
    long rows() {
        return Math.min(MOST_ROWS, bytes / 8);
    }
}
