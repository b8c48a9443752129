package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.imagesearch.merge.IndexUnderTest.assertNothingLeftBehind;
import static org.imagesearch.merge.IndexUnderTest.assertWhole;
import static org.imagesearch.merge.IndexUnderTest.names;
import static org.imagesearch.merge.IndexUnderTest.published;
import static org.imagesearch.merge.IndexUnderTest.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.index.Drift;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.merge.IndexUnderTest.Ended;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to an index after it was built, through the command line. */
class LifeTest {
    private static final long SEED = 5;
    private static final int NLIST = 32;

    private static List<EmbeddingRow> pictures;

    /** Three shards of a thousand pictures and two of 150: a build and an addition. */
    @TempDir
    private static Path built;

    @TempDir
    Path folder;

    @BeforeAll
    static void build() throws IOException {
        pictures = SyntheticDataset.pictures(3_300, SEED);
        merge(built.resolve("index"), 3_000, "--shards", "3", "--nlist", Integer.toString(NLIST));
        merge(built.resolve("index"), 3_300, "--shards", "2", "--add");
    }

    @Test
    void compactionFoldsSmallShardsAndLinksFullOnes() throws IOException {
        Path index = copyOfIndex();
        IndexManifest before = published(index);

        Ended ended = run("compact", "--index", index, "--pictures-per-shard", 1_200);

        assertThat(ended.error()).isEmpty();
        assertThat(ended.status()).isZero();
        IndexManifest after = published(index);
        assertThat(ended.out())
                .contains("wrote 1 shards and linked 3: 3,300 pictures")
                .contains(
                        "gen-000003: 3,300 pictures in 4 shards (1 written anew, 0 taken-down pictures left out), recall as"
                                + " measured in gen-000002");
        assertThat(after.shards()).extracting(ShardEntry::count).endsWith(300L);
        for (int shard = 0; shard < 3; shard++) {
            assertThat(Files.isSameFile(
                            file(index, "gen-000002", IndexLayout.shardIndex(shard)),
                            file(index, "gen-000003", IndexLayout.shardIndex(shard))))
                    .isTrue();
        }
        assertThat(after.recall()).isEqualTo(before.recall());
        assertThat(after.defaultNprobe()).isEqualTo(before.defaultNprobe());
        assertThat(after.measured()).contains("gen-000002");
        assertThat(after.drift()).isEqualTo(before.drift()).isPresent();
        assertThat(after.centroids()).isEqualTo(before.centroids());
        assertThat(after.calibration()).isEqualTo(before.calibration()).isPresent();
        // The addition drew anew: old and new pictures, all of them, for they are few.
        assertSampled(index, pictures);
        assertHolds(index, pictures);
        assertWhole(index);
        assertNothingLeftBehind(index);

        Ended again = run("compact", "--index", index, "--pictures-per-shard", 1_200);
        assertThat(again.status()).isZero();
        assertThat(again.out()).contains("nothing to compact");
        assertThat(published(index).generation()).isEqualTo("gen-000003");
    }

    @Test
    void compactionWritesRowsAnewThatCannotBeFiltered() throws IOException {
        Path index = copyOfIndex();
        RowsBeforeFilters.write(index.resolve("gen-000002"), 1);
        run("compact", "--index", index, "--pictures-per-shard", 1_200);

        assertHolds(index, pictures);
        assertWhole(index);
        assertThat(Files.isSameFile(
                        file(index, "gen-000002", IndexLayout.shardIndex(0)),
                        file(index, "gen-000003", IndexLayout.shardIndex(0))))
                .isTrue();
        assertThat(run("compact", "--index", index, "--pictures-per-shard", 1_200)
                        .out())
                .contains("nothing to compact");
    }

    @Test
    void compactionLeavesTakenDownPicturesOutForGood() throws IOException {
        Path index = copyOfIndex();
        // Whole runs, single ones, the first, one that no shard has, one given back.
        Set<Long> down = new HashSet<>(Set.of(0L, 333L, 2_997L, 9_899L - 2));
        for (long id = 3_000; id < 3_090; id += 3) {
            down.add(id);
        }
        long[] ids = Stream.concat(down.stream(), Stream.of(1L, 6L))
                .mapToLong(Long::longValue)
                .toArray();
        Takedowns.append(index, ids, Instant.EPOCH, Optional.empty());
        Takedowns.restore(index, new long[] {6}, Instant.EPOCH, Optional.empty());

        Ended listed = run("generations", "--index", index);
        assertThat(listed.line("gen-000002")).matches(".* 3,300 +5 .* 34  <- CURRENT");

        Ended ended = run("compact", "--index", index, "--shards", 2);

        assertThat(ended.error()).isEmpty();
        assertThat(ended.out()).contains("34 taken-down pictures left out");
        assertSampled(
                index, pictures.stream().filter(row -> !down.contains(row.id())).toList());
        assertThat(published(index).shards()).hasSize(2);
        List<EmbeddingRow> left =
                pictures.stream().filter(row -> !down.contains(row.id())).toList();
        assertThat(left).hasSize(3_266);
        assertHolds(index, left);
        assertWhole(index);
        assertThat(run("generations", "--index", index).line("gen-000003")).matches(".* 3,266 +2 .* 0  <- CURRENT");
        // Neither an addition brings them back as long as they are down, nor a new build.
        assertThat(merge(index, 3_300, "--add").out()).contains("nothing to add");
        Takedowns.restore(index, new long[] {333}, Instant.EPOCH, Optional.empty());
        merge(index, 3_300, "--add");
        assertThat(published(index).count()).isEqualTo(3_267);
        merge(index, 3_300, "--shards", "2", "--nlist", "16");
        assertHolds(
                index,
                pictures.stream()
                        .filter(row -> row.id() == 333 || !down.contains(row.id()))
                        .toList());
    }

    @Test
    void whatWasCompactedIsAddedToAndMeasuredAnew() throws IOException {
        Path index = copyOfIndex();
        run("compact", "--index", index, "--shards", 1);
        List<EmbeddingRow> more = SyntheticDataset.pictures(3_400, SEED);
        Path dataset = dataset(more);
        Ended ended = run("--embeddings", dataset, "--index", index, "--add");
        assertThat(ended.error()).isEmpty();
        IndexManifest manifest = published(index);
        assertThat(manifest.shards()).extracting(ShardEntry::count).containsExactly(3_300L, 100L);
        assertThat(manifest.measured()).isEmpty();
        assertThat(manifest.drift().orElseThrow().addedPictures()).isEqualTo(100);
    }

    @Test
    void pythonFaissReadsACompactedShard() throws Exception {
        Path index = copyOfIndex();
        run("compact", "--index", index, "--shards", 1);
        Path shard = file(index, "gen-000003", IndexLayout.shardIndex(0));
        EmbeddingRow query = pictures.get(1_234);
        StringBuilder vector = new StringBuilder();
        for (float value : query.embedding()) {
            vector.append(vector.isEmpty() ? "" : ",").append(value);
        }
        String script =
                """
                import faiss, numpy, sys
                index = faiss.read_index(sys.argv[1])
                index.nprobe = index.nlist
                scores, ids = index.search(numpy.array([sys.argv[2].split(",")], dtype="float32"), 5)
                print(index.ntotal, index.nlist, index.d, *ids[0])
                """;
        Process process = new ProcessBuilder("/usr/bin/python3", "-c", script, shard.toString(), vector.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).as(output).isZero();
        String nearest = String.join(
                " ",
                exactNearest(query.embedding(), 5).stream().map(String::valueOf).toList());
        assertThat(output).isEqualTo("3300 32 24 " + nearest);
    }

    @Test
    void compactionRefusesADamagedShardAndKeepsWhatIsPublished() throws IOException {
        Path index = copyOfIndex();
        Path damaged = file(index, "gen-000002", IndexLayout.shardIndex(3));
        flip(damaged, Files.size(damaged) / 2);

        Ended ended = run("compact", "--index", index, "--pictures-per-shard", 1_200);

        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.error())
                .startsWith("merge: " + damaged + " is damaged: sha256")
                .hasLineCount(1);
        assertThat(published(index).generation()).isEqualTo("gen-000002");
        assertNothingLeftBehind(index);
    }

    @Test
    void verifyNamesEveryFileThatIsWrongOnALineOfItsOwn() throws IOException {
        Path index = copyOfIndex();
        Ended sound = run("verify", "--index", index);
        assertThat(sound.status()).isZero();
        assertThat(sound.error()).isEmpty();
        assertThat(sound.out()).hasLineCount(1).matches("(?s)gen-000002: read [0-9.]+ [KM]iB in \\d+ files, .* s\\s");

        Path vectors = file(index, "gen-000002", IndexLayout.shardIndex(1));
        flip(vectors, Files.size(vectors) - 10);
        Path rows = rowFile(index, "gen-000002", 4);
        Files.write(rows, Arrays.copyOf(Files.readAllBytes(rows), (int) Files.size(rows) - 1));
        Path centroids = file(index, "gen-000002", IndexLayout.CENTROIDS);
        flip(centroids, 1_000);

        Ended ended = run("verify", "--index", index);

        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.out())
                .hasLineCount(4)
                .contains(vectors + " is damaged: sha256")
                .contains(rows + " has ")
                .contains(centroids + " is damaged: sha256");
        assertThat(ended.error()).hasLineCount(1).contains("merge: gen-000002").contains("3 of its");
        // What the first generation shares is wrong there, too, and what it does not share is not.
        assertThat(run("verify", "--index", index, "--generation", "gen-000001").out())
                .contains("gen-000001/shard-00001.faiss is damaged")
                .doesNotContain("shard-00004");
    }

    @Test
    void verifyFindsFilesThatAreWhatTheyWereAndDoNotFit() throws IOException {
        Path index = copyOfIndex();
        // The row store of another shard, with a manifest that says so.
        IndexManifest manifest = published(index);
        List<ShardEntry> shards = new ArrayList<>(manifest.shards());
        shards.set(
                0,
                new ShardEntry(
                        0,
                        shards.get(0).count(),
                        shards.get(1).index(),
                        shards.get(0).rows()));
        Path generation = index.resolve("gen-000002");
        Files.write(
                generation.resolve(IndexLayout.MANIFEST),
                new IndexManifest(
                                manifest.formatVersion(),
                                manifest.generation(),
                                manifest.model(),
                                manifest.modelName(),
                                manifest.dimension(),
                                manifest.metric(),
                                manifest.factory(),
                                manifest.nlist(),
                                manifest.defaultNprobe(),
                                manifest.targetRecall(),
                                manifest.recall(),
                                manifest.count(),
                                manifest.centroids(),
                                manifest.training(),
                                shards,
                                manifest.created(),
                                manifest.measured(),
                                manifest.drift(),
                                manifest.calibration())
                        .toJson());
        Ended ended = run("verify", "--index", index);
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.out()).contains(IndexLayout.shardIndex(1) + " has ");
    }

    @Test
    void rollbackPublishesTheGenerationBeforeAndAnyOther() throws IOException {
        Path index = copyOfIndex();

        Ended back = run("rollback", "--index", index);
        assertThat(back.status()).isZero();
        assertThat(back.out()).isEqualTo("published gen-000001 in " + index + ", before it was gen-000002\n");
        assertThat(published(index).generation()).isEqualTo("gen-000001");

        Ended none = run("rollback", "--index", index);
        assertThat(none.status()).isEqualTo(2);
        assertThat(none.error()).contains("has no generation before gen-000001");

        Ended forth = run("rollback", "--index", index, "--to", "gen-000002");
        assertThat(forth.status()).isZero();
        assertThat(published(index).generation()).isEqualTo("gen-000002");
        assertThat(run("rollback", "--index", index, "--to", "gen-000002").out())
                .contains("is published already");

        Ended unknown = run("rollback", "--index", index, "--to", "gen-000009");
        assertThat(unknown.status()).isEqualTo(2);
        assertThat(unknown.error()).contains("gen-000009").contains("gen-000001, gen-000002");
        assertNothingLeftBehind(index);
    }

    @Test
    void rollbackRefusesAGenerationThatIsDamaged() throws IOException {
        Path index = copyOfIndex();
        Path shard = file(index, "gen-000001", IndexLayout.shardIndex(2));
        Files.write(shard, Arrays.copyOf(Files.readAllBytes(shard), 5_000));

        Ended ended = run("rollback", "--index", index);

        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.error()).hasLineCount(1).contains(shard + " has 5000 bytes");
        assertThat(published(index).generation()).isEqualTo("gen-000002");
    }

    @Test
    void generationsAreListedWithWhatTheyShare() throws IOException {
        Path index = copyOfIndex();
        run("compact", "--index", index, "--pictures-per-shard", 1_200);
        Files.writeString(index.resolve("gen-000001").resolve(IndexLayout.MANIFEST), "{");

        Ended ended = run("generations", "--index", index);

        assertThat(ended.status()).isZero();
        assertThat(ended.line("gen-000001")).contains("index.json cannot be read");
        assertThat(ended.line("gen-000002")).contains("3,300").doesNotContain("CURRENT");
        assertThat(ended.line("gen-000003")).endsWith("<- CURRENT");
        List<GenerationSummary> all = GenerationSummary.all(new IndexDirectory(index));
        IndexManifest manifest = all.get(2).manifest().orElseThrow();
        long linked = manifest.centroids().bytes()
                + manifest.calibration().orElseThrow().sample().bytes()
                + manifest.shards().stream()
                        .limit(3)
                        .flatMap(ShardEntry::files)
                        .mapToLong(FileEntry::bytes)
                        .sum();
        assertThat(all.get(2).sharedBytes()).isEqualTo(linked);
        assertThat(all.get(2).ownBytes())
                .isEqualTo(manifest.shards()
                                .get(3)
                                .files()
                                .mapToLong(FileEntry::bytes)
                                .sum()
                        + Files.size(file(index, "gen-000003", IndexLayout.MANIFEST)));
    }

    @Test
    void pruningKeepsThePublishedOneAndWhatIsNewer() throws IOException {
        Path index = copyOfIndex();
        run("compact", "--index", index, "--pictures-per-shard", 1_200);
        run("compact", "--index", index, "--shards", 1);
        run("rollback", "--index", index, "--to", "gen-000003");
        Files.createDirectories(index.resolve(".gen-000007.tmp-left/.attempt-3"));

        Ended ended = run("prune", "--index", index, "--keep", 1);

        assertThat(ended.error()).isEmpty();
        assertThat(ended.out())
                .contains("removed gen-000001, freed ")
                .contains("removed gen-000002, freed ")
                .contains("kept gen-000003, gen-000004; published is gen-000003");
        assertThat(names(index)).containsExactlyInAnyOrder("CURRENT", ".merge.lock", "gen-000003", "gen-000004");
        assertWhole(index);

        assertThat(run("prune", "--index", index, "--keep", 1).out()).doesNotContain("removed");
        assertThat(run("prune", "--index", index, "--keep", 1, "--newer").out()).contains("removed gen-000004");
        assertThat(new IndexDirectory(index).generations()).containsExactly("gen-000003");
        assertWhole(index);
        assertHolds(index, pictures);
    }

    @Test
    void pruningKeepsAsManyAsItIsTold() throws IOException {
        Path index = copyOfIndex();
        assertThat(run("prune", "--index", index, "--keep", 2).out()).contains("kept gen-000001, gen-000002");
        Ended zero = run("prune", "--index", index, "--keep", 0);
        assertThat(zero.status()).isEqualTo(2);
        assertThat(zero.error()).contains("--keep is 0");
    }

    @Test
    void whatCannotBeDoneIsToldInOneLine() throws IOException {
        Path index = copyOfIndex();
        Path absent = folder.resolve("absent");
        for (String command : List.of("verify", "generations", "rollback", "compact")) {
            assertUsage(run(command, "--index", absent), "is not a published index");
            assertUsage(run(command), "Missing required option: '--index=DIR'");
        }
        assertThat(absent).doesNotExist();
        assertUsage(run("prune", "--index", index), "--keep");
        assertUsage(run("verify", "--index", index, "--generation", "gen-9"), "gen-000001, gen-000002");
        assertUsage(run("compact", "--index", index, "--shards", 9), "compaction folds, it does not split");
        assertUsage(run("compact", "--index", index, "--shards", 0), "--shards is 0");
        assertUsage(run("compact", "--index", index, "--pictures-per-shard", 0), "pictures-per-shard is 0");
        assertUsage(
                run("compact", "--index", index, "--shards", 1, "--pictures-per-shard", 5), "contradict each other");
        assertUsage(run("compact", "--index", "s3a://bucket/index"), "local or shared file system");
        assertUsage(run("--index", index), "Missing required option: '--embeddings=DIR'");
        assertUsage(run("shrink", "--index", index), "shrink");
        Takedowns.append(
                index, pictures.stream().mapToLong(EmbeddingRow::id).toArray(), Instant.EPOCH, Optional.empty());
        assertUsage(run("compact", "--index", index), "nothing would be left");
        assertThat(run("--help").out()).contains("compact", "generations", "verify", "rollback", "prune");
        assertThat(run("compact", "--help").out()).contains("--pictures-per-shard");
    }

    @Test
    void anotherRunOnTheIndexKeepsThemAllOut() throws IOException {
        Path index = copyOfIndex();
        IndexLock lock = IndexLock.acquire(index);
        try (lock) {
            for (String[] command : new String[][] {{"compact"}, {"rollback"}, {"prune", "--keep", "1"}}) {
                Object[] arguments = Stream.concat(Arrays.stream(command), Stream.of("--index", index.toString()))
                        .toArray();
                Ended ended = run(arguments);
                assertThat(ended.status()).isEqualTo(1);
                assertThat(ended.error()).contains("another merge is writing");
            }
            assertThat(run("verify", "--index", index).status()).isZero();
            assertThat(run("generations", "--index", index).status()).isZero();
        }
    }

    @Test
    void likePicturesFitTheCentroidsAndOthersAreToldApart() throws IOException {
        Path index = copyOfIndex();
        Drift alike = published(index).drift().orElseThrow();
        assertThat(alike.retrain()).isFalse();
        assertThat(alike.addedPictures()).isEqualTo(300);
        assertThat(alike.addedFit()).isCloseTo(alike.trainedFit(), within(0.03));

        // Nine hundred pictures of one subject, which a centroid fits.
        List<EmbeddingRow> others = new ArrayList<>(pictures);
        float[] subject;
        try (IvfIndex centroids =
                IvfIndex.read(index.resolve(published(index).generation()).resolve(IndexLayout.CENTROIDS))) {
            subject = Arrays.copyOf(centroids.centroids(), centroids.dimension());
        }
        for (long id = 1; id < 2_700; id += 3) {
            others.add(new EmbeddingRow(id, "file:/one/" + id, 1, 1, Optional.empty(), subject.clone(), Map.of()));
        }
        Ended ended = run("--embeddings", dataset(others), "--index", index, "--add");

        assertThat(ended.out())
                .containsPattern("new pictures .*crowd into few lists: .*; retrain with bin/merge without --add");
        Drift drift = published(index).drift().orElseThrow();
        assertThat(drift.retrain()).isTrue();
        assertThat(drift.addedPictures()).isEqualTo(900);
        assertThat(drift.imbalance()).isGreaterThan(2 * drift.trainedImbalance());
        // The reference stays that of the pictures trained on.
        assertThat(drift.trainedFit()).isEqualTo(alike.trainedFit());
        assertThat(drift.trainedImbalance()).isEqualTo(alike.trainedImbalance());
    }

    @Test
    void theRecallTableHasStandardErrors() throws IOException {
        Ended ended = merge(folder.resolve("index"), 1_000, "--nlist", "16", "--target-recall", "0.999");
        assertThat(ended.out())
                .containsPattern("\\d+ +[0-9.]+% +0\\.\\d{4} \\+-0\\.0\\d{3} +0\\.\\d{4} \\+-0\\.0\\d{3}");
        assertThat(ended.out())
                .containsPattern("the target recall 0.999 needs nprobe \\d+ of 16, which compares \\d+%");
        List<RecallPoint> curve = published(folder.resolve("index")).recall();
        assertThat(curve.get(curve.size() - 1).picturesError()).contains(0.0);
        // A hundred queries, ten neighbours each: with independent hits it would be the root of p (1 - p) / 1000.
        double p = curve.get(0).pictures();
        assertThat(curve.get(0).picturesError().orElseThrow())
                .isBetween(0.5 * Math.sqrt(p * (1 - p) / 1_000), 4 * Math.sqrt(p * (1 - p) / 1_000));
    }

    private static void assertUsage(Ended ended, String part) {
        assertThat(ended.status()).as(ended.error()).isEqualTo(2);
        assertThat(ended.error()).startsWith("merge: ").hasLineCount(1).contains(part);
    }

    private static Ended merge(Path index, int count, Object... more) throws IOException {
        Path dataset = dataset(pictures.subList(0, count));
        Object[] arguments = Stream.concat(Stream.of("--embeddings", dataset, "--index", index), Arrays.stream(more))
                .toArray();
        Ended ended = run(arguments);
        assertThat(ended.status()).as(ended.error()).isZero();
        return ended;
    }

    private static Path dataset(List<EmbeddingRow> rows) throws IOException {
        Path target = built.resolve(
                "dataset-" + rows.size() + "-" + rows.get(rows.size() - 1).id());
        return Files.exists(target)
                ? target
                : SyntheticDataset.write(target, SyntheticDataset.MODEL, rows, SyntheticDataset.captions(rows, SEED));
    }

    private Path copyOfIndex() throws IOException {
        return IndexUnderTest.copy(built.resolve("index"), folder.resolve("index"));
    }

    private static Path file(Path index, String generation, String name) {
        return index.resolve(generation).resolve(name);
    }

    private static Path rowFile(Path index, String generation, int shard) {
        return file(
                index,
                generation,
                published(index).shards().get(shard).rows().get(0).name());
    }

    private static void flip(Path file, long place) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[Math.toIntExact(place)] ^= 1;
        Files.write(file, bytes);
    }

    /** Every picture once, with its vector and its row, and nothing else; each finds itself. */
    private static void assertSampled(Path index, List<EmbeddingRow> expected) {
        IndexManifest manifest = published(index);
        BackgroundSample sample = BackgroundSample.read(
                file(index, manifest.generation(), IndexLayout.SAMPLE), SyntheticDataset.DIMENSION);
        Map<Long, float[]> vectors =
                expected.stream().collect(Collectors.toMap(EmbeddingRow::id, EmbeddingRow::embedding));
        assertThat(manifest.calibration().orElseThrow().count()).isEqualTo(sample.size());
        assertThat(sample.size()).isEqualTo(expected.size());
        for (int row = 0; row < sample.size(); row++) {
            assertThat(vectors.remove(sample.id(row))).isEqualTo(sample.vector(row));
        }
    }

    private static void assertHolds(Path index, List<EmbeddingRow> expected) {
        Map<Long, EmbeddingRow> missing = new HashMap<>();
        expected.forEach(row -> missing.put(row.id(), row));
        IndexManifest manifest = published(index);
        assertThat(manifest.count()).isEqualTo(expected.size());
        for (ShardEntry shard : manifest.shards()) {
            Path generation = index.resolve(manifest.generation());
            try (IvfIndex vectors =
                            IvfIndex.map(generation.resolve(shard.index().name()));
                    RowStore rows = RowStore.open(generation.resolve(IndexLayout.shardRows(shard.number())))) {
                for (int list = 0; list < vectors.nlist(); list++) {
                    for (long id : vectors.listIds(list)) {
                        EmbeddingRow row = missing.remove(id);
                        assertThat(row).as("id %d", id).isNotNull();
                        assertThat(vectors.vector(list, id).orElseThrow()).isEqualTo(row.embedding());
                        assertThat(rows.list(id)).hasValue(list);
                        assertThat(rows.row(id).orElseThrow().uri()).isEqualTo(row.uri());
                        assertThat(rows.row(id).orElseThrow().caption()).isEqualTo(row.caption());
                        assertThat(rows.matching(Filter.parse("uri=\"" + row.uri() + "\""), new long[0])
                                        .ids())
                                .containsExactly(id);
                        long[] found = new long[1];
                        vectors.search(row.embedding(), 1, 1, 2, null, found, new float[1]);
                        assertThat(found[0]).isEqualTo(id);
                    }
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    private static List<Long> exactNearest(float[] query, int k) {
        NearestPictures nearest = new NearestPictures(1, k);
        for (EmbeddingRow row : pictures) {
            float score = 0;
            for (int i = 0; i < query.length; i++) {
                score += query[i] * row.embedding()[i];
            }
            nearest.offer(0, row.id(), score, 0);
        }
        List<Long> ids = new ArrayList<>();
        for (int place = 0; place < k; place++) {
            ids.add(nearest.id(0, place));
        }
        return ids;
    }
}
