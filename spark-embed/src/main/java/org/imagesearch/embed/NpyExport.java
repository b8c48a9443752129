package org.imagesearch.embed;

import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.imagesearch.core.HalfFloat;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.dataset.ExportLayout;
import org.imagesearch.core.dataset.ExportManifest;
import org.imagesearch.core.npy.NpyType;
import org.imagesearch.core.npy.NpyWriter;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.ImageFooters;
import org.imagesearch.core.parquet.MetadataWriter;
import org.imagesearch.core.parquet.PictureRow;

/**
 * Writes a dataset in the layout of clip-retrieval, see {@link ExportLayout}: in the order of its waves, of the files' names in a
 * wave and of the rows in a file. Rows stream; one is in memory. The folder gets its name when everything is in it. One thread;
 * used once.
 */
final class NpyExport {
    private static final int BUFFER_BYTES = 1 << 20;

    private final DatasetFolder folder;
    private final DatasetManifest manifest;
    private final NpyType precision;
    private final long rowsPerPart;
    private final Configuration configuration;
    private final PrintWriter out;
    private final AtomicLong done = new AtomicLong();

    /**
     * @param rowsPerPart pictures in a file at most
     * @param configuration how Hadoop reaches files
     */
    NpyExport(
            DatasetFolder folder,
            DatasetManifest manifest,
            NpyType precision,
            long rowsPerPart,
            Configuration configuration,
            PrintWriter out) {
        this.folder = folder;
        this.manifest = manifest;
        this.precision = precision;
        this.rowsPerPart = rowsPerPart;
        this.configuration = withoutChecksumFiles(configuration);
        this.out = out;
    }

    /** Hadoop would leave a hidden file beside every one that it writes to a local disk. */
    private static Configuration withoutChecksumFiles(Configuration configuration) {
        Configuration plain = new Configuration(configuration);
        plain.setClass("fs.file.impl", RawLocalFileSystem.class, FileSystem.class);
        plain.setBoolean("fs.file.impl.disable.cache", true);
        return plain;
    }

    /**
     * Exports all pictures.
     *
     * @param output a folder that does not exist, or is empty
     * @return parts written
     * @throws ImageSearchException (input) if there is something at {@code output}; (data) if the dataset is not what its manifest
     *     says
     */
    long run(String output) throws IOException {
        Path given = new Path(output);
        FileSystem files = given.getFileSystem(configuration);
        Path target = files.makeQualified(given);
        requireEmpty(files, target);
        List<Path> waves = imageFiles();
        ImageFooters footers = ImageFooters.of(waves, configuration);
        requireWhole(footers);
        if (!footers.leftBehind().isEmpty()) {
            out.println("not exported, for they are no plain numbers, texts or times: columns "
                    + String.join(", ", footers.leftBehind()));
        }
        Path staged = new Path(target.getParent(), "." + target.getName() + ".partial");
        if (!files.mkdirs(target.getParent()) || files.exists(staged)) {
            throw ImageSearchException.input(
                    "%s is there: another export to %s is running, or one was cut off; delete it then", staged, output);
        }
        try {
            long parts = write(files, staged, waves, footers);
            files.delete(target, false);
            if (!files.rename(staged, target)) {
                throw new IOException("cannot rename " + staged + " to " + target);
            }
            return parts;
        } finally {
            files.delete(staged, true);
        }
    }

    private static void requireEmpty(FileSystem files, Path target) throws IOException {
        if (files.exists(target)
                && (!files.getFileStatus(target).isDirectory() || files.listStatus(target).length > 0)) {
            throw ImageSearchException.input("--output %s is there already, and not an empty folder", target);
        }
    }

    private void requireWhole(ImageFooters footers) {
        if (footers.rows() != manifest.embedded()) {
            throw ImageSearchException.data(
                    "the dataset %s has %d pictures in its files, but dataset.json says %d: run bin/embed on it again",
                    folder.root(), footers.rows(), manifest.embedded());
        }
    }

    private List<Path> imageFiles() throws IOException {
        List<Path> found = new ArrayList<>();
        for (int wave : folder.committedWaves().headSet(manifest.waves())) {
            Arrays.stream(folder.files().listStatus(folder.wave(wave)))
                    .map(FileStatus::getPath)
                    .filter(NpyExport::isTable)
                    .sorted(Comparator.comparing(Path::getName))
                    .forEach(found::add);
        }
        return found;
    }

    private static boolean isTable(Path file) {
        String name = file.getName();
        return name.endsWith(".parquet") && !name.startsWith("_") && !name.startsWith(".");
    }

    private long write(FileSystem files, Path staged, List<Path> tables, ImageFooters footers) throws IOException {
        for (String kind : List.of(ExportLayout.EMBEDDINGS, ExportLayout.METADATA, ExportLayout.ROWS)) {
            files.mkdirs(new Path(staged, kind));
        }
        long parts = (footers.rows() + rowsPerPart - 1) / rowsPerPart;
        try (Progress progress = new Progress(out, footers.rows(), done::get);
                EmbeddingReader<EmbeddingRow> rows = EmbeddingReader.images(
                        tables.stream().map(FileSlice::whole).toList(),
                        manifest.dimension(),
                        Optional.of(manifest.model()),
                        configuration)) {
            for (long part = 0; part < parts; part++) {
                long count = Math.min(rowsPerPart, footers.rows() - part * rowsPerPart);
                try (Part one = new Part(files, staged, part, count, footers)) {
                    for (long row = 0; row < count; row++) {
                        one.write(rows.next());
                        done.incrementAndGet();
                    }
                }
                progress.say(String.format(Locale.ROOT, "wrote part %d of %d", part + 1, parts));
            }
        }
        try (OutputStream json = files.create(new Path(staged, ExportLayout.MANIFEST))) {
            json.write(exported(footers.rows(), parts).toJson());
        }
        return parts;
    }

    private ExportManifest exported(long count, long parts) {
        return new ExportManifest(
                ExportManifest.FORMAT_VERSION,
                manifest.model(),
                manifest.modelName(),
                manifest.dimension(),
                precision.name().toLowerCase(Locale.ROOT),
                count,
                rowsPerPart,
                parts,
                Instant.now());
    }

    /** A line of rows/. */
    private record Line(
            long id, String uri, int width, int height, Optional<String> caption, Map<String, Object> columns) {}

    /** The files of one part. */
    private final class Part implements Closeable {
        private final NpyWriter embeddings;
        private final MetadataWriter metadata;
        private final OutputStream lines;

        Part(FileSystem files, Path folder, long part, long rows, ImageFooters footers) throws IOException {
            embeddings = new NpyWriter(
                    create(files, folder, ExportLayout.EMBEDDINGS, ExportLayout.embeddingsFile(part)),
                    precision,
                    rows,
                    manifest.dimension());
            metadata = new MetadataWriter(
                    new Path(new Path(folder, ExportLayout.METADATA), ExportLayout.metadataFile(part)),
                    footers.extra(),
                    configuration);
            lines = create(files, folder, ExportLayout.ROWS, ExportLayout.rowsFile(part));
        }

        private static OutputStream create(FileSystem files, Path folder, String kind, String name) throws IOException {
            return new BufferedOutputStream(files.create(new Path(new Path(folder, kind), name)), BUFFER_BYTES);
        }

        void write(EmbeddingRow row) throws IOException {
            requireFits(row);
            embeddings.write(row.embedding());
            metadata.write(new PictureRow(row.id(), row.uri(), row.width(), row.height(), row.caption(), row.extra()));
            lines.write(Json.writeLine(
                    new Line(row.id(), row.uri(), row.width(), row.height(), row.caption(), row.extra())));
        }

        @Override
        public void close() throws IOException {
            embeddings.close();
            metadata.close();
            lines.close();
        }
    }

    /** Embeddings of length 1 always do. */
    private void requireFits(EmbeddingRow row) {
        if (manifest.normalised() || precision == NpyType.FLOAT32) {
            return;
        }
        for (float value : row.embedding()) {
            if (Math.abs(value) > HalfFloat.MAX_VALUE) {
                throw ImageSearchException.data(
                        "the embedding of id %d has %s in it, which is too large for float16: use --precision float32",
                        row.id(), Float.toString(value));
            }
        }
    }
}
