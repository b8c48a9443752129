package org.imagesearch.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.Json;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.index.CalibrationEntry;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexFactory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowCodec;
import org.imagesearch.core.rows.RowStoreWriter;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.KMeans;
import org.imagesearch.faiss.KMeansOptions;
import org.imagesearch.faiss.RefinementFile;
import org.imagesearch.server.index.IndexSettings;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.shards.LocalShards;
import org.imagesearch.server.shards.ShardScans;

/**
 * A small generation of an index under the demo model, written without Spark, and exact answers over it.
 *
 * <p>A few items are pictures that the test draws, embedded by the model; some share one vector, so that their scores tie;
 * some have files that must not be handed out; the others are random unit vectors without files.
 */
public final class SmallIndex {
    public static final Path MODEL = Path.of("../demo/model").toAbsolutePath().normalize();
    public static final ModelBundle BUNDLE = ModelBundle.open(MODEL);
    public static final int DIMENSION = BUNDLE.dimension();
    public static final int NLIST = 8;
    public static final int DEFAULT_NPROBE = 4;
    public static final List<String> FORMATS = List.of("png", "jpeg", "gif", "bmp");

    /** Places of the items that are drawn pictures, one per format. */
    public static final int DRAWN = 4;

    /** Places of items whose files are no picture, not there, or not on this machine. */
    public static final int NO_PICTURE = DRAWN;

    public static final int NOT_THERE = DRAWN + 1;
    public static final int ELSEWHERE = DRAWN + 2;

    /** The place of the item whose picture is a copy of the second drawn one, in a tar; and of one that no tar has. */
    public static final int IN_TAR = DRAWN + 3;

    public static final int NOT_IN_TAR = DRAWN + 4;

    /** The first and the last place of the items that share a vector. */
    public static final int TWINS = 20;

    public static final int LAST_TWIN = 31;

    /** Standings from which on hits stand out. */
    public static final double WORDS_CUTOFF = 2;

    public static final double PICTURES_CUTOFF = 3;

    private static final List<RecallPoint> RECALL = List.of(
            new RecallPoint(1, 0.15, 0.5, Optional.of(0.4)),
            new RecallPoint(2, 0.3, 0.8, Optional.of(0.7)),
            new RecallPoint(DEFAULT_NPROBE, 0.55, 0.95, Optional.of(0.9)),
            new RecallPoint(NLIST, 1, 1, Optional.of(1.0)));

    private static final ShardScans SCANS = new ShardScans(1, 1000);

    private final Path root;
    private final String generation;
    private final List<Item> items;
    private final float[] centroids;

    private SmallIndex(Path root, String generation, List<Item> items, float[] centroids) {
        this.root = root;
        this.generation = generation;
        this.items = items;
        this.centroids = centroids;
    }

    /** A picture of the index. */
    public record Item(long id, int shard, int list, float[] vector, ImageRow row) {}

    /** What an exact search finds. */
    public record Found(long id, double score) {}

    /** What serves an index with the demo model, its shards in this process, scanned by one thread. */
    public static ServedIndex served(Path root, IndexSettings settings) {
        LocalShards shards = new LocalShards(root, BUNDLE.fingerprint(), "the demo model", settings, SCANS);
        return new ServedIndex(root, shards, settings.poll());
    }

    /** Writes a generation and publishes it. */
    public static SmallIndex publish(Path root, int number, long seed, int pictures, int shards) {
        SmallIndex written = write(root, number, seed, pictures, shards);
        written.publish();
        return written;
    }

    /** Writes a generation without publishing it. */
    public static SmallIndex write(Path root, int number, long seed, int pictures, int shards) {
        try {
            String generation = IndexLayout.generation(number);
            Path folder = Files.createDirectories(root.resolve(generation));
            float[][] vectors = vectors(new Random(seed), pictures);
            List<Path> drawn = draw(Files.createDirectories(root.resolve("pictures-" + number)), seed);
            try (ImageEncoder encoder = ImageEncoder.open(BUNDLE, EncoderSettings.cpu(1, 4))) {
                for (int i = 0; i < DRAWN; i++) {
                    vectors[i] = embed(encoder, Files.readAllBytes(drawn.get(i)));
                }
            }
            float[] all = flat(List.of(vectors));
            float[] centroids = KMeans.train(all, pictures, DIMENSION, NLIST, new KMeansOptions(5, 1, 0, 1))
                    .centroids();
            List<Item> items = new ArrayList<>();
            for (int i = 0; i < pictures; i++) {
                long id = 1000 + 7L * i;
                items.add(new Item(
                        id, i % shards, nearest(centroids, vectors[i]), vectors[i], row(i, number, drawn, folder)));
            }
            SmallIndex index = new SmallIndex(root, generation, List.copyOf(items), centroids);
            index.writeFiles(folder, shards);
            return index;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static float[][] vectors(Random random, int count) {
        float[][] vectors = new float[count][];
        for (int i = 0; i < count; i++) {
            vectors[i] = i > TWINS && i <= LAST_TWIN ? vectors[TWINS] : randomUnit(random);
        }
        return vectors;
    }

    /** A random unit vector. */
    public static float[] randomUnit(Random random) {
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) random.nextGaussian();
        }
        return unit(vector);
    }

    private static ImageRow row(int place, int number, List<Path> drawn, Path folder) {
        String uri =
                switch (place) {
                    case NO_PICTURE ->
                        folder.resolve(IndexLayout.MANIFEST).toUri().toString();
                    case ELSEWHERE -> "s3a://bucket/picture.jpg";
                    case IN_TAR -> tar(drawn).toUri() + "#drawn-1.jpeg";
                    case NOT_IN_TAR -> tar(drawn).toUri() + "#drawn-99.jpeg";
                    default ->
                        place < DRAWN
                                ? drawn.get(place).toUri().toString()
                                : folder.resolve("no-such-file-" + place + ".png")
                                        .toUri()
                                        .toString();
                };
        Optional<String> caption =
                place % 5 == 4 ? Optional.empty() : Optional.of("picture " + place + " of " + number);
        return new ImageRow(
                uri, 300 + place, 200, caption, Map.of("album", "album " + place % 3, "year", 2000 + place));
    }

    /** A tar of the drawn pictures, beside their folder. */
    private static Path tar(List<Path> drawn) {
        Path folder = drawn.get(0).getParent();
        Path tar = folder.resolveSibling(folder.getFileName() + " of tar.tar");
        try {
            Process process = new ProcessBuilder("/usr/bin/tar", "-cf", tar.toString(), "-C", folder.toString(), ".")
                    .inheritIO()
                    .start();
            if (process.waitFor() != 0) {
                throw new AssertionError("tar ended with " + process.exitValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        return tar;
    }

    private static List<Path> draw(Path folder, long seed) throws IOException {
        List<Path> files = new ArrayList<>();
        Random random = new Random(seed);
        for (int i = 0; i < DRAWN; i++) {
            Path file = folder.resolve("drawn-" + i + "." + FORMATS.get(i));
            Files.write(file, picture(FORMATS.get(i), 300 + i, 200, new Color(random.nextInt(0x1000000))));
            files.add(file);
        }
        return files;
    }

    /** A picture file: a disc before a background. */
    public static byte[] picture(String format, int width, int height, Color colour) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(new Color(~colour.getRGB() & 0xffffff));
        graphics.fillRect(0, 0, width, height);
        graphics.setColor(colour);
        graphics.fillOval(width / 4, height / 4, width / 2, height / 2);
        graphics.dispose();
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            if (!ImageIO.write(image, format, out)) {
                throw new IllegalArgumentException("this Java writes no " + format);
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void writeFiles(Path folder, int shards) throws IOException {
        Path centroidsFile = folder.resolve(IndexLayout.CENTROIDS);
        try (IvfIndex empty = IvfIndex.fromCentroids(centroids, NLIST, DIMENSION)) {
            empty.write(centroidsFile);
        }
        List<ShardEntry> entries = new ArrayList<>();
        for (int shard = 0; shard < shards; shard++) {
            entries.add(writeShard(folder, shard));
        }
        IndexManifest manifest = new IndexManifest(
                IndexManifest.FORMAT_VERSION,
                generation,
                BUNDLE.fingerprint(),
                BUNDLE.name(),
                DIMENSION,
                IndexManifest.METRIC,
                "IVF" + NLIST + ",Flat",
                NLIST,
                DEFAULT_NPROBE,
                0.9,
                RECALL,
                items.size(),
                entry(folder, centroidsFile),
                Optional.empty(),
                entries,
                Instant.parse("2024-01-01T00:00:00Z"),
                Optional.empty(),
                Optional.empty(),
                calibration(folder));
        Files.write(folder.resolve(IndexLayout.MANIFEST), manifest.toJson());
    }

    /** Every picture is in the sample; the cutoffs are as measured on CLIP-like data, not on these vectors. */
    private Optional<CalibrationEntry> calibration(Path folder) {
        Path file = folder.resolve(IndexLayout.SAMPLE);
        List<Item> sampled = items.stream().limit(BackgroundSample.MOST).toList();
        new BackgroundSample(
                        sampled.stream().mapToLong(Item::id).toArray(),
                        flat(sampled.stream().map(Item::vector).toList()),
                        DIMENSION)
                .write(file);
        return Optional.of(new CalibrationEntry(
                entry(folder, file),
                sampled.size(),
                Optional.of(new CalibrationEntry.Cutoff(WORDS_CUTOFF, 0.5, 0.001, 100, "captions")),
                Optional.of(new CalibrationEntry.Cutoff(PICTURES_CUTOFF, 0.8, 0.0001, 100, "captions"))));
    }

    private ShardEntry writeShard(Path folder, int shard) throws IOException {
        List<Item> inShard = items.stream().filter(item -> item.shard == shard).toList();
        Path vectors = folder.resolve(IndexLayout.shardIndex(shard));
        try (IvfIndex index = IvfIndex.fromCentroids(centroids, NLIST, DIMENSION)) {
            index.add(
                    flat(inShard.stream().map(Item::vector).toList()),
                    inShard.stream().mapToLong(Item::id).toArray(),
                    inShard.stream().mapToLong(Item::list).toArray(),
                    inShard.size());
            index.write(vectors);
        }
        Path rows = folder.resolve(IndexLayout.shardRows(shard));
        List<FileEntry> rowFiles = new ArrayList<>();
        try (RowStoreWriter writer = new RowStoreWriter(rows)) {
            inShard.forEach(item -> writer.add(item.id, item.list, item.row));
            for (String name : writer.finish()) {
                rowFiles.add(entry(folder, rows.resolve(name)));
            }
        }
        return new ShardEntry(shard, inShard.size(), entry(folder, vectors), rowFiles);
    }

    private static FileEntry entry(Path folder, Path file) {
        return FileEntry.of(folder, folder.relativize(file).toString());
    }

    /** Makes this generation the published one, as {@code bin/merge} does: by one rename. */
    public void publish() {
        try {
            Path next = Files.writeString(root.resolve("CURRENT.next"), generation + "\n");
            Files.move(next, root.resolve(IndexLayout.CURRENT), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path root() {
        return root;
    }

    public Path folder() {
        return root.resolve(generation);
    }

    public String generation() {
        return generation;
    }

    public List<Item> items() {
        return items;
    }

    public Item item(long id) {
        return items.stream().filter(item -> item.id == id).findFirst().orElseThrow();
    }

    /** The lists that a query of so many probes scans, nearest first. */
    public List<Integer> lists(float[] query, int nprobe) {
        return IntStream.range(0, NLIST)
                .boxed()
                .sorted(Comparator.comparingDouble(list -> -dot(centroids, list * DIMENSION, query)))
                .limit(nprobe)
                .toList();
    }

    /** The best k of some items: higher scores first, lower ids first among equal ones. */
    public static List<Found> best(List<Item> items, float[] query, int k) {
        return items.stream()
                .map(item -> new Found(item.id, dot(item.vector, 0, query)))
                .sorted(Comparator.comparingDouble((Found found) -> -found.score)
                        .thenComparingLong(Found::id))
                .limit(k)
                .toList();
    }

    /** The embedding of a picture's file. */
    public static float[] embed(byte[] picture) {
        try (ImageEncoder encoder = ImageEncoder.open(BUNDLE, EncoderSettings.cpu(1, 4))) {
            return embed(encoder, picture);
        }
    }

    private static float[] embed(ImageEncoder encoder, byte[] picture) {
        PictureDecoder decoder = new PictureDecoder(DecodeLimits.DEFAULT, true);
        byte[] pixels = new Preprocessor(BUNDLE.image()).apply(decoder.decode(picture));
        return encoder.encode(ByteBuffer.wrap(pixels), 1);
    }

    /** The embedding of words. */
    public static float[] embed(String words) {
        try (TextEncoder encoder = TextEncoder.open(BUNDLE, EncoderSettings.cpu(1, 4))) {
            return encoder.encode(List.of(words));
        }
    }

    /** A weighted sum, scaled to length 1. */
    public static float[] mix(Map<float[], Double> weights) {
        float[] sum = new float[DIMENSION];
        weights.forEach((vector, weight) -> {
            for (int i = 0; i < DIMENSION; i++) {
                sum[i] += (float) (weight * vector[i]);
            }
        });
        return unit(sum);
    }

    private static float[] unit(float[] vector) {
        double length = Math.sqrt(dot(vector, 0, vector));
        float[] unit = new float[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (vector[i] / length);
        }
        return unit;
    }

    private static int nearest(float[] centroids, float[] vector) {
        return IntStream.range(0, NLIST)
                .boxed()
                .max(Comparator.comparingDouble(list -> dot(centroids, list * DIMENSION, vector)))
                .orElseThrow();
    }

    private static double dot(float[] left, int from, float[] right) {
        double sum = 0;
        for (int i = 0; i < right.length; i++) {
            sum += (double) left[from + i] * right[i];
        }
        return sum;
    }

    /** Writes the shards anew with codes in place of vectors, and a store of better vectors beside them. */
    public SmallIndex recode(VectorCodec codec, Optional<VectorCodec> finer) {
        try {
            Path file = folder().resolve(IndexLayout.MANIFEST);
            ObjectNode manifest = Json.read(Files.readAllBytes(file), ObjectNode.class, file.toString());
            for (JsonNode shard : manifest.get("shards")) {
                recode((ObjectNode) shard, codec, finer);
            }
            IndexFactory factory = new IndexFactory(OptionalInt.of(NLIST), codec, finer);
            manifest.put("factory", factory.toString());
            Files.write(file, Json.write(manifest));
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void recode(ObjectNode entry, VectorCodec codec, Optional<VectorCodec> finer) throws IOException {
        int number = entry.get("number").intValue();
        Path vectors = folder().resolve(IndexLayout.shardIndex(number));
        List<Item> inShard = items.stream().filter(item -> item.shard == number).toList();
        float[] all = flat(items.stream().map(Item::vector).toList());
        try (IvfIndex index = IvfIndex.trained(centroids, NLIST, DIMENSION, codec, all, items.size(), 1)) {
            index.add(
                    flat(inShard.stream().map(Item::vector).toList()),
                    inShard.stream().mapToLong(Item::id).toArray(),
                    inShard.stream().mapToLong(Item::list).toArray(),
                    inShard.size());
            index.write(vectors);
            entry.set("index", tree(entry(folder(), vectors)));
            if (finer.isPresent()) {
                Path store = folder().resolve(IndexLayout.shardRefinement(number));
                writeStore(store, index, finer.get());
                entry.set("refinement", tree(entry(folder(), store)));
            }
        }
    }

    private void writeStore(Path store, IvfIndex index, VectorCodec codec) throws IOException {
        Map<Long, float[]> vectors = items.stream().collect(Collectors.toMap(Item::id, Item::vector));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(
                new RefinementFile(codec, DIMENSION, 8, index.size()).header().array());
        try (IvfIndex encoder = IvfIndex.trained(new float[DIMENSION], 1, DIMENSION, codec, new float[0], 0, 1)) {
            byte[] code = new byte[encoder.codeBytes()];
            for (int list = 0; list < NLIST; list++) {
                for (long id : index.listIds(list)) {
                    encoder.encode(vectors.get(id), 1, new long[1], code);
                    bytes.write(code);
                }
            }
        }
        Files.write(store, bytes.toByteArray());
    }

    /** Writes the rows of a shard anew in the form that they had before there were filters. */
    public SmallIndex withRowsFromBeforeFilters(int shard) {
        try {
            Path rows = folder().resolve(IndexLayout.shardRows(shard));
            try (Directory lucene = FSDirectory.open(rows)) {
                for (String name : lucene.listAll()) {
                    lucene.deleteFile(name);
                }
                try (IndexWriter writer = new IndexWriter(lucene, new IndexWriterConfig())) {
                    for (Item item : items) {
                        if (item.shard == shard) {
                            Document document = new Document();
                            document.add(new NumericDocValuesField("id", item.id));
                            document.add(new NumericDocValuesField("list", item.list));
                            document.add(
                                    new BinaryDocValuesField("row", new BytesRef(RowCodec.encode(item.id, item.row))));
                            writer.addDocument(document);
                        }
                    }
                    writer.commit();
                }
                lucene.deleteFile(IndexWriter.WRITE_LOCK_NAME);
                Path file = folder().resolve(IndexLayout.MANIFEST);
                ObjectNode manifest = Json.read(Files.readAllBytes(file), ObjectNode.class, file.toString());
                ArrayNode entries = ((ObjectNode) manifest.get("shards").get(shard)).putArray("rows");
                for (String name : lucene.listAll()) {
                    entries.add(tree(entry(folder(), rows.resolve(name))));
                }
                Files.write(file, Json.write(manifest));
            }
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode tree(FileEntry file) {
        return Json.read(Json.write(file), JsonNode.class, file.name());
    }

    private static float[] flat(List<float[]> vectors) {
        float[] all = new float[vectors.size() * DIMENSION];
        for (int i = 0; i < vectors.size(); i++) {
            System.arraycopy(vectors.get(i), 0, all, i * DIMENSION, DIMENSION);
        }
        return all;
    }

    /** Changes one bit in the middle of a file. */
    public static void flipBit(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length / 2] ^= 4;
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
