package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.ExportLayout;
import org.imagesearch.core.dataset.ExportManifest;
import org.imagesearch.core.npy.NpyHeader;
import org.imagesearch.core.npy.NpyReader;
import org.imagesearch.core.parquet.EmbeddingReader;

/**
 * A folder of embeddings as clip-retrieval or {@code bin/export} left it: parts of vectors and metadata that belong together by
 * their numbers.
 *
 * @param name as the user gave it
 * @param export what {@code bin/export} says of it; empty if it is of other software
 * @param parts in the order of their numbers, with as many rows on either side
 */
record ImportedFolder(String name, Optional<ExportManifest> export, List<Part> parts) {
    private static final int MANIFEST_LIMIT_BYTES = 1 << 20;

    /**
     * What belongs together.
     *
     * @param embeddings uri of an NPY file
     * @param metadata uri of a Parquet file
     * @param rows of each
     */
    record Part(String embeddings, String metadata, long rows) {}

    /**
     * Looks into the head of every file.
     *
     * @param dimension floats that every embedding must have
     * @throws ImageSearchException (input) if this is no such folder; (data) naming the file, if one has no counterpart, other
     *     rows or another dimension than it should have, or cannot be read
     */
    static ImportedFolder open(String name, int dimension, Configuration configuration) throws IOException {
        Path root = new Path(name);
        FileSystem files = root.getFileSystem(configuration);
        SortedMap<Long, FileStatus> embeddings =
                numbered(files, new Path(root, ExportLayout.EMBEDDINGS), ExportLayout::partOfEmbeddings);
        SortedMap<Long, FileStatus> metadata =
                numbered(files, new Path(root, ExportLayout.METADATA), ExportLayout::partOfMetadata);
        requireCounterparts(embeddings, metadata, ExportLayout.METADATA);
        requireCounterparts(metadata, embeddings, ExportLayout.EMBEDDINGS);
        List<Part> parts = new ArrayList<>();
        for (Map.Entry<Long, FileStatus> vectors : embeddings.entrySet()) {
            parts.add(part(files, vectors.getValue(), metadata.get(vectors.getKey()), dimension, configuration));
        }
        Optional<ExportManifest> export = manifest(files, new Path(root, ExportLayout.MANIFEST));
        ImportedFolder folder = new ImportedFolder(name, export, List.copyOf(parts));
        if (export.isPresent() && export.get().count() != folder.rows()) {
            throw ImageSearchException.data(
                    "--input %s has %d embeddings, but its export.json says %d",
                    name, folder.rows(), export.get().count());
        }
        return folder;
    }

    private static SortedMap<Long, FileStatus> numbered(
            FileSystem files, Path folder, Function<String, OptionalLong> number) throws IOException {
        SortedMap<Long, FileStatus> numbered = new TreeMap<>();
        try {
            for (FileStatus file : files.listStatus(folder)) {
                OptionalLong found = number.apply(file.getPath().getName());
                if (found.isPresent()) {
                    FileStatus other = numbered.put(found.getAsLong(), file);
                    if (other != null) {
                        throw ImageSearchException.data(
                                "%s and %s have the same number",
                                other.getPath(), file.getPath().getName());
                    }
                }
            }
        } catch (FileNotFoundException e) {
            throw new ImageSearchException(
                    ErrorCode.INPUT,
                    "there is no folder " + folder + ": expected " + ExportLayout.EMBEDDINGS + " and "
                            + ExportLayout.METADATA + ", as clip-retrieval has them",
                    e);
        }
        if (numbered.isEmpty()) {
            throw ImageSearchException.input(
                    "%s has no files such as %s",
                    folder,
                    folder.getName().equals(ExportLayout.METADATA)
                            ? ExportLayout.metadataFile(0)
                            : ExportLayout.embeddingsFile(0));
        }
        return numbered;
    }

    private static void requireCounterparts(
            SortedMap<Long, FileStatus> files, SortedMap<Long, FileStatus> others, String folder) {
        for (Map.Entry<Long, FileStatus> file : files.entrySet()) {
            if (!others.containsKey(file.getKey())) {
                throw ImageSearchException.data(
                        "%s has no counterpart: there is no file of number %d in %s",
                        file.getValue().getPath(), file.getKey(), folder);
            }
        }
    }

    private static Part part(
            FileSystem files, FileStatus embeddings, FileStatus metadata, int dimension, Configuration configuration)
            throws IOException {
        FSDataInputStream in = files.open(embeddings.getPath());
        NpyHeader header;
        try (NpyReader reader = NpyReader.open(in, embeddings.getPath().toString(), embeddings.getLen())) {
            header = reader.header();
        }
        if (header.columns() != dimension) {
            throw ImageSearchException.data(
                    "%s has embeddings of %d floats, the model makes %d: they are of another model",
                    embeddings.getPath(), header.columns(), dimension);
        }
        long rows = EmbeddingReader.rowCount(metadata.getPath(), configuration);
        if (rows != header.rows()) {
            throw ImageSearchException.data(
                    "%s has %d embeddings, but %s has %d rows",
                    embeddings.getPath(), header.rows(), metadata.getPath(), rows);
        }
        return new Part(PictureFiles.uri(embeddings.getPath()), PictureFiles.uri(metadata.getPath()), rows);
    }

    private static Optional<ExportManifest> manifest(FileSystem files, Path file) throws IOException {
        if (!PictureFiles.exists(files, file)) {
            return Optional.empty();
        }
        try (FSDataInputStream in = files.open(file)) {
            return Optional.of(ExportManifest.fromJson(in.readNBytes(MANIFEST_LIMIT_BYTES), file.toString()));
        }
    }

    /** Embeddings in all parts. */
    long rows() {
        return parts.stream().mapToLong(Part::rows).sum();
    }
}
