package org.imagesearch.merge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.parquet.EmbeddingWriter;
import org.imagesearch.core.parquet.QueryRow;

/** Datasets of clustered unit vectors, written as the embedding job would. */
final class SyntheticDataset {
    static final Fingerprint MODEL = new Fingerprint("sha256:" + "0123456789abcdef".repeat(4));
    static final Fingerprint OTHER_MODEL = new Fingerprint("sha256:" + "f".repeat(64));
    static final int DIMENSION = 24;

    private static final Configuration HADOOP = new Configuration(false);
    private static final int CLUSTERS = 40;

    private SyntheticDataset() {}

    /** The vectors of pictures 0, 3, 6 and so on: the same seed gives the same first pictures for any count. */
    static List<EmbeddingRow> pictures(int count, long seed) {
        Random random = new Random(seed);
        float[][] centres = new float[CLUSTERS][];
        for (int i = 0; i < CLUSTERS; i++) {
            centres[i] = direction(random, null, 0);
        }
        List<EmbeddingRow> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long id = 3L * i;
            float[] vector = direction(random, centres[random.nextInt(CLUSTERS)], 1.3);
            Optional<String> caption = i % 5 == 0 ? Optional.of("caption " + i) : Optional.empty();
            rows.add(new EmbeddingRow(id, "file:/p/" + id + ".jpg", 64, 48, caption, vector, Map.of()));
        }
        return rows;
    }

    /** Captions whose vectors lie somewhere near their pictures. */
    static List<QueryRow> captions(List<EmbeddingRow> pictures, long seed) {
        Random random = new Random(seed);
        return pictures.stream()
                .filter(row -> row.caption().isPresent())
                .map(row ->
                        new QueryRow(row.caption().orElseThrow(), row.id(), direction(random, row.embedding(), 1.0)))
                .toList();
    }

    /** Writes a dataset with a wave per 1,000 pictures. */
    static Path write(Path folder, Fingerprint model, List<EmbeddingRow> pictures, List<QueryRow> captions)
            throws IOException {
        int waveSize = 1000;
        int waves = 0;
        for (int from = 0; from < pictures.size(); from += waveSize) {
            List<EmbeddingRow> wave = pictures.subList(from, Math.min(pictures.size(), from + waveSize));
            Path file = folder.resolve(DatasetLayout.IMAGES)
                    .resolve(DatasetLayout.waveFolder(waves++))
                    .resolve("part-0.parquet");
            try (EmbeddingWriter<EmbeddingRow> writer = EmbeddingWriter.images(hadoop(file), model, HADOOP)) {
                wave.forEach(writer::write);
            }
        }
        if (!captions.isEmpty()) {
            Path file = folder.resolve(DatasetLayout.QUERIES).resolve("part-0.parquet");
            try (EmbeddingWriter<QueryRow> writer = EmbeddingWriter.queries(hadoop(file), model, HADOOP)) {
                captions.forEach(writer::write);
            }
        }
        manifest(folder, model, pictures.size(), waveSize, waves);
        return folder;
    }

    static void manifest(Path folder, Fingerprint model, long embedded, int waveSize, int waves) throws IOException {
        DatasetManifest manifest = new DatasetManifest(
                DatasetManifest.FORMAT_VERSION,
                model,
                "synthetic",
                DIMENSION,
                true,
                embedded,
                embedded,
                0,
                waveSize,
                waves,
                "sequence",
                false,
                Instant.parse("2026-01-01T00:00:00Z"));
        Files.createDirectories(folder);
        Files.write(folder.resolve(DatasetLayout.MANIFEST), manifest.toJson());
    }

    private static org.apache.hadoop.fs.Path hadoop(Path file) {
        return new org.apache.hadoop.fs.Path(file.toUri());
    }

    /** A unit vector around a centre. */
    private static float[] direction(Random random, float[] centre, double spread) {
        double[] values = new double[DIMENSION];
        double squares = 0;
        for (int i = 0; i < DIMENSION; i++) {
            double noise = random.nextGaussian() / Math.sqrt(DIMENSION);
            values[i] = centre == null ? noise : centre[i] + spread * noise;
            squares += values[i] * values[i];
        }
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) (values[i] / Math.sqrt(squares));
        }
        return vector;
    }
}
