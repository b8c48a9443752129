package org.imagesearch.embed;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.npy.NpyReader;

/**
 * The pictures of one task with the embeddings that other software made, scaled to length 1. One whose embedding has no
 * direction is no row, and is told to {@code failures}. NPY files are read forward, a row at a time.
 */
final class ImportedRows implements TaskRows {
    private final Iterator<ListedPicture> pictures;
    private final Configuration configuration;
    private final int dimension;
    private final PictureCount done;
    private final Consumer<FailedPicture> failures;
    private String file = "";
    private NpyReader reader;
    private Row next;

    /** @param dimension floats that every embedding must have */
    ImportedRows(
            Iterator<ListedPicture> pictures,
            int dimension,
            Configuration configuration,
            PictureCount done,
            Consumer<FailedPicture> failures) {
        this.pictures = inOrderOfPlace(pictures);
        this.dimension = dimension;
        this.configuration = configuration;
        this.done = done;
        this.failures = failures;
    }

    private static Iterator<ListedPicture> inOrderOfPlace(Iterator<ListedPicture> pictures) {
        List<ListedPicture> all = new ArrayList<>();
        while (pictures.hasNext()) {
            ListedPicture picture = pictures.next();
            if (!picture.hasEmbedding()) {
                throw ImageSearchException.input(
                        "the dataset has pictures that bin/embed has listed and not embedded, such as %s: run it again"
                                + " before you import",
                        picture.getUri());
            }
            all.add(picture);
        }
        all.sort(Comparator.comparing(ListedPicture::getContainer).thenComparing(ListedPicture::getPosition));
        return all.iterator();
    }

    @Override
    public boolean hasNext() {
        while (next == null && pictures.hasNext()) {
            next = row(pictures.next());
            done.add(System.currentTimeMillis());
        }
        return next != null;
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Row row = next;
        next = null;
        return row;
    }

    /** The row of a picture; null if it has failed. */
    private Row row(ListedPicture listed) {
        float[] embedding = new float[dimension];
        open(listed.getContainer());
        reader.skipTo(listed.getPosition());
        reader.read(embedding);
        double length = length(embedding);
        if (!(length > 0) || Double.isInfinite(length)) {
            failures.accept(FailedPicture.of(
                    listed,
                    new PictureOutcome.Failed(
                            Stage.ENCODE,
                            "corrupt",
                            "row " + listed.getPosition() + " of " + listed.getContainer() + " has length " + length
                                    + ", which has no direction")));
            return null;
        }
        for (int i = 0; i < dimension; i++) {
            embedding[i] = (float) (embedding[i] / length);
        }
        return RowFactory.create(
                listed.getId(),
                listed.getUri(),
                pixels(listed.getWidth()),
                pixels(listed.getHeight()),
                listed.getCaption(),
                embedding);
    }

    private static double length(float[] vector) {
        double square = 0;
        for (float value : vector) {
            square += (double) value * value;
        }
        return Math.sqrt(square);
    }

    private static int pixels(Integer size) {
        return size == null ? 0 : Math.max(0, size);
    }

    private void open(String wanted) {
        if (file.equals(wanted)) {
            return;
        }
        close();
        try {
            Path path = new Path(URI.create(wanted));
            FileSystem files = PictureFiles.withoutChecksums(path.getFileSystem(configuration));
            reader = NpyReader.open(
                    files.open(path), wanted, files.getFileStatus(path).getLen());
            file = wanted;
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + wanted + ": " + e.getMessage(), e);
        }
        if (reader.header().columns() != dimension) {
            throw ImageSearchException.data(
                    "%s has embeddings of %d floats, expected %d",
                    wanted, reader.header().columns(), dimension);
        }
    }

    @Override
    public void close() {
        if (reader != null) {
            NpyReader closing = reader;
            reader = null;
            file = "";
            closing.close();
        }
    }
}
