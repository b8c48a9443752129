package org.imagesearch.merge;

import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.QueryRow;

/** Captions as queries: words are out of distribution for centroids of pictures, so their recall is measured apart. */
final class Captions {
    private Captions() {}

    /**
     * Draws captions at random (reservoir sampling), with the ids of their pictures.
     *
     * @param limit captions at most
     */
    static VectorBlock draw(List<FileSlice> slices, InputFormat format, Configuration hadoop, int limit, long seed) {
        float[][] drawn = new float[limit][];
        long[] ids = new long[limit];
        Random random = new Random(seed);
        int seen = 0;
        if (limit > 0) {
            try (EmbeddingReader<QueryRow> reader =
                    EmbeddingReader.queries(slices, format.dimension(), format.fingerprint(), hadoop)) {
                while (reader.hasNext()) {
                    QueryRow row = reader.next();
                    Vectors.requireUnit(row.embedding(), format.normalised(), "the caption of picture", row.id());
                    int place = seen < limit ? seen : random.nextInt(seen + 1);
                    if (place < limit) {
                        drawn[place] = row.embedding();
                        ids[place] = row.id();
                    }
                    seen++;
                }
            }
        }
        VectorBlock block = new VectorBlock(Math.min(seen, limit), format.dimension());
        for (int i = 0; i < Math.min(seen, limit); i++) {
            block.add(ids[i], drawn[i], 0);
        }
        return block;
    }
}
