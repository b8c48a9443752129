package org.imagesearch.embed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.EmbedSettings.IdSource;
import org.imagesearch.embed.PictureFiles.Picture;

/**
 * Every picture that the dataset knows, with the id and the wave that it was given when it was first seen: {@code listing/}, a
 * folder per batch of additions. Ids and waves never change, so that a resumed run does just what the killed one would have done.
 */
final class Listing {
    private static final Pattern FILE_NAME = Pattern.compile("(?:.*/)?(\\d+)\\.[^./]+");

    private static final int ROWS_PER_FILE = 1_000_000;

    private final SparkSession spark;
    private final DatasetFolder folder;

    Listing(SparkSession spark, DatasetFolder folder) {
        this.spark = spark;
        this.folder = folder;
    }

    /** The pictures listed so far; empty before the first run. */
    Dataset<ListedPicture> read() throws IOException {
        if (!folder.exists(folder.listing())) {
            return spark.emptyDataset(Encoders.bean(ListedPicture.class));
        }
        return spark.read()
                .schema(Encoders.bean(ListedPicture.class).schema())
                .option("recursiveFileLookup", true)
                .parquet(folder.listing().toString())
                .as(Encoders.bean(ListedPicture.class));
    }

    /**
     * Adds the pictures of the input that are not listed yet, in the order of their uris.
     *
     * @param firstWave the first wave that may be used
     * @return how many were added
     * @throws ImageSearchException (input) naming the files, if file names are asked to be ids and are not
     */
    long add(List<Picture> found, IdSource ids, int waveSize, int firstWave) throws IOException {
        Map<Long, String> uriOfId = new HashMap<>();
        Set<String> known = new HashSet<>();
        long nextId = 0;
        for (ListedPicture listed : read().collectAsList()) {
            known.add(listed.getUri());
            nextId = Math.max(nextId, listed.getId() + 1);
            if (ids == IdSource.FILENAME) {
                uriOfId.put(listed.getId(), listed.getUri());
            }
        }
        List<ListedPicture> added = new ArrayList<>();
        for (Picture picture : found) {
            if (known.contains(picture.uri())) {
                continue;
            }
            long id = ids == IdSource.SEQUENCE ? Ids.requireValid(nextId++) : idOf(picture.uri());
            String other = ids == IdSource.FILENAME ? uriOfId.put(id, picture.uri()) : null;
            if (other != null) {
                throw ImageSearchException.input("%s and %s have the same id %d", other, picture.uri(), id);
            }
            added.add(new ListedPicture(id, picture.uri(), picture.captionUri(), firstWave + added.size() / waveSize));
        }
        if (!added.isEmpty()) {
            write(added, firstWave);
        }
        return added.size();
    }

    private void write(List<ListedPicture> added, int firstWave) throws IOException {
        Path staged = folder.staging("listing");
        spark.createDataset(DriverRows.distribute(spark, added).rdd(), Encoders.bean(ListedPicture.class))
                .repartition(1 + added.size() / ROWS_PER_FILE)
                .write()
                .mode(SaveMode.Overwrite)
                .parquet(staged.toString());
        folder.replaceFolder(staged, folder.listingBatch(firstWave));
    }

    private static long idOf(String uri) {
        Matcher name = FILE_NAME.matcher(uri);
        if (!name.matches() || name.group(1).length() > 15) {
            throw ImageSearchException.input(
                    "%s: with --ids filename, file names are numbers of at most 15 digits", uri);
        }
        return Long.parseLong(name.group(1));
    }
}
