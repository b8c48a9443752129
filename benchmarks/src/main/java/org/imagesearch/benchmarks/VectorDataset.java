package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.parquet.EmbeddingWriter;
import org.imagesearch.core.parquet.QueryRow;

/**
 * A dataset of {@link ClipLikeVectors} as {@code bin/embed} would write it, one file per wave, in memory bounded by a Parquet row
 * group. There are no pictures behind it: uris lead nowhere, widths and heights are 0 for unknown.
 *
 * @param model whose embeddings they pass for
 * @param count pictures; ids are 0 to count - 1
 * @param queries captions, at most one per picture; their pictures are spread evenly
 * @param rowsPerFile pictures per wave
 */
record VectorDataset(ClipLikeVectors vectors, Fingerprint model, long count, int queries, int rowsPerFile) {
    private static final Configuration HADOOP = new Configuration(false);

    /** Of a model that does not exist: nothing else fits it. */
    VectorDataset(ClipLikeVectors vectors, long count, int queries, int rowsPerFile) {
        this(vectors, vectors.fingerprint(), count, queries, rowsPerFile);
    }

    /** Writes into an empty folder; {@code dataset.json} comes last, so what is cut short is no dataset. */
    void write(Path folder, Report report) throws IOException {
        int waves = 0;
        for (long from = 0; from < count; from += rowsPerFile) {
            long end = Math.min(count, from + rowsPerFile);
            writeWave(folder, waves++, from, end);
            if (end < count) {
                report.note("wrote %,d of %,d vectors", end, count);
            }
        }
        writeQueries(folder);
        Files.write(folder.resolve(DatasetLayout.MANIFEST), manifest(waves).toJson());
    }

    private void writeWave(Path folder, int wave, long from, long end) {
        Path file = folder.resolve(DatasetLayout.IMAGES)
                .resolve(DatasetLayout.waveFolder(wave))
                .resolve("part-00000.parquet");
        try (var writer = EmbeddingWriter.images(hadoop(file), model, HADOOP)) {
            for (long id = from; id < end; id++) {
                Optional<String> caption = hasQuery(id) ? Optional.of(caption(id)) : Optional.empty();
                writer.write(new EmbeddingRow(id, "vector:/" + id, 0, 0, caption, vectors.picture(id), Map.of()));
            }
        }
    }

    private void writeQueries(Path folder) {
        if (queries == 0) {
            return;
        }
        Path file = folder.resolve(DatasetLayout.QUERIES).resolve("part-00000.parquet");
        try (var writer = EmbeddingWriter.queries(hadoop(file), model, HADOOP)) {
            for (int query = 0; query < queries; query++) {
                long id = pictureOf(query);
                writer.write(new QueryRow(caption(id), id, vectors.text(id)));
            }
        }
    }

    private long pictureOf(int query) {
        return query * (count / queries);
    }

    private boolean hasQuery(long id) {
        return queries > 0 && id % (count / queries) == 0 && id / (count / queries) < queries;
    }

    private String caption(long id) {
        return "picture " + id + " of subject " + vectors.cluster(id);
    }

    private DatasetManifest manifest(int waves) {
        return new DatasetManifest(
                DatasetManifest.FORMAT_VERSION,
                model,
                "clip-like-vectors",
                vectors.dimension(),
                true,
                count,
                count,
                0,
                rowsPerFile,
                waves,
                "sequence",
                false,
                Instant.now().truncatedTo(ChronoUnit.MILLIS));
    }

    private static org.apache.hadoop.fs.Path hadoop(Path file) {
        return new org.apache.hadoop.fs.Path(file.toUri());
    }
}
