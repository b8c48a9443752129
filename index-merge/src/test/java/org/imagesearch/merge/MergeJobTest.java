package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.rows.RowCodec;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.faiss.IvfIndex;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MergeJobTest {
    private static final long SEED = 5;
    private static final Map<String, String> SMALL = Map.of("shards", "3", "nlist", "32", "batch", "100");

    private static JavaSparkContext spark;
    private static List<EmbeddingRow> pictures;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        spark = new JavaSparkContext(new SparkConf()
                .setMaster("local[2]")
                .setAppName("merge test")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.driver.host", "127.0.0.1"));
        pictures = SyntheticDataset.pictures(3_000, SEED);
    }

    @AfterAll
    static void stop() {
        spark.close();
    }

    @Test
    void everyPictureIsInExactlyOneShardWithItsRowAndVector() throws IOException {
        IndexManifest manifest = merge(dataset(pictures), SMALL);
        assertThat(manifest.count()).isEqualTo(3_000);
        assertThat(manifest.nlist()).isEqualTo(32);
        assertThat(manifest.factory()).isEqualTo("IVF32,Flat");
        assertThat(manifest.training()).hasValueSatisfying(training -> {
            assertThat(training.vectors()).isEqualTo(2_700);
            assertThat(training.iterations()).isBetween(2, 10);
            assertThat(training.objective()).isBetween(0.1, 1.0);
            assertThat(training.imbalance()).isBetween(1.0, 4.0);
        });
        assertThat(manifest.shards()).hasSize(3).allMatch(shard -> shard.count() > 900);
        Path generation = index().resolve("gen-000001");
        Set<Long> seen = new HashSet<>();
        for (ShardEntry shard : manifest.shards()) {
            try (IvfIndex vectors =
                            IvfIndex.read(generation.resolve(shard.index().name()));
                    RowStore rows = RowStore.open(generation.resolve(IndexLayout.shardRows(shard.number())))) {
                assertThat(vectors.size()).isEqualTo(shard.count());
                for (int list = 0; list < vectors.nlist(); list++) {
                    for (long id : vectors.listIds(list)) {
                        assertThat(seen.add(id)).isTrue();
                        EmbeddingRow row = pictures.get((int) (id / 3));
                        assertThat(rows.row(id).orElseThrow().uri()).isEqualTo(row.uri());
                        assertThat(rows.row(id).orElseThrow().caption()).isEqualTo(row.caption());
                        assertThat(rows.list(id)).hasValue(list);
                        assertThat(vectors.vector(list, id).orElseThrow()).isEqualTo(row.embedding());
                    }
                }
            }
        }
        assertThat(seen).hasSize(3_000);
    }

    @Test
    void recallGrowsToOneAndTheDefaultNprobeIsTheLeastThatReachesTheTarget() throws IOException {
        IndexManifest manifest = merge(dataset(pictures), SMALL);
        List<RecallPoint> curve = manifest.recall();
        assertThat(curve).extracting(RecallPoint::nprobe).contains(1, 2, 3, 4, 32, manifest.defaultNprobe());
        for (int i = 1; i < curve.size(); i++) {
            assertThat(curve.get(i).pictures())
                    .isGreaterThanOrEqualTo(curve.get(i - 1).pictures());
            assertThat(curve.get(i).words().orElseThrow())
                    .isGreaterThanOrEqualTo(curve.get(i - 1).words().orElseThrow());
            assertThat(curve.get(i).scannedShare())
                    .isGreaterThan(curve.get(i - 1).scannedShare());
        }
        RecallPoint all = curve.get(curve.size() - 1);
        assertThat(all.pictures()).isEqualTo(1.0);
        assertThat(all.words()).contains(1.0);
        assertThat(all.scannedShare()).isEqualTo(1.0);
        assertThat(curve.get(0).pictures()).isBetween(0.1, 0.9);
        assertThat(manifest.nprobeFor(0.95)).isEqualTo(manifest.defaultNprobe());
        assertThat(manifest.nprobeFor(0.9)).isLessThanOrEqualTo(manifest.defaultNprobe());
    }

    @Test
    void measuredRecallIsWhatSearchingGives() throws IOException {
        IndexManifest manifest = merge(dataset(pictures), SMALL);
        int nprobe = 4;
        RecallPoint point = manifest.recall().stream()
                .filter(each -> each.nprobe() == nprobe)
                .findFirst()
                .orElseThrow();
        double hits = 0;
        int queries = 0;
        List<IvfIndex> shards = new ArrayList<>();
        for (ShardEntry shard : manifest.shards()) {
            shards.add(IvfIndex.map(
                    index().resolve(manifest.generation()).resolve(shard.index().name())));
        }
        for (int i = 0; i < 3_000; i += 10) {
            List<Long> exact = search(shards, pictures.get(i), manifest.nlist());
            List<Long> found = search(shards, pictures.get(i), nprobe);
            hits += exact.stream().filter(found::contains).count() / 10.0;
            queries++;
        }
        shards.forEach(IvfIndex::close);
        assertThat(point.pictures()).isBetween(hits / queries - 0.04, hits / queries + 0.04);
    }

    @Test
    void pythonFaissOpensEveryShard() throws Exception {
        IndexManifest manifest = merge(dataset(pictures), SMALL);
        Path generation = index().resolve(manifest.generation());
        long sum = 0;
        for (ShardEntry shard : manifest.shards()) {
            String script =
                    """
                    import faiss, sys
                    index = faiss.read_index(sys.argv[1])
                    lists = index.invlists
                    ids = [int(i) for l in range(index.nlist) if lists.list_size(l)
                           for i in faiss.rev_swig_ptr(lists.get_ids(l), lists.list_size(l))]
                    print(index.ntotal, index.nlist, index.d, len(ids), len(set(ids)), sum(ids))
                    """;
            Process process = new ProcessBuilder(
                            "/usr/bin/python3",
                            "-c",
                            script,
                            generation.resolve(shard.index().name()).toString())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            assertThat(process.waitFor()).as(output).isZero();
            String counts = "%d 32 %d %1$d %1$d ".formatted(shard.count(), SyntheticDataset.DIMENSION);
            assertThat(output).startsWith(counts);
            sum += Long.parseLong(output.substring(counts.length()));
        }
        assertThat(sum).isEqualTo(pictures.stream().mapToLong(EmbeddingRow::id).sum());
    }

    @Test
    void theSameBytesComeOutOfAnyNumberOfTasksAndAnyMemory() throws IOException {
        Path dataset = dataset(pictures);
        Map<String, String> settings = Map.of("shards", "2", "nlist", "32");
        IndexManifest expected = merge(dataset, settings);
        assertThat(new BuildMemory(64 << 10).lists()).isLessThan(1_500 * Integer.BYTES * 2);
        for (Map<String, String> other : List.of(
                Map.of("split", "20 KiB"), Map.of("batch", "7"), Map.of("build.memory", "64 KiB", "batch", "100000"))) {
            Map<String, String> changed = new HashMap<>(settings);
            changed.putAll(other);
            IndexManifest found = merge(dataset, changed);
            for (int shard = 0; shard < 2; shard++) {
                assertThat(found.shards().get(shard).index())
                        .as(other.toString())
                        .isEqualTo(expected.shards().get(shard).index());
                assertThat(rows(found, shard)).isEqualTo(rows(expected, shard));
            }
        }
    }

    @Test
    void shardsHaveTheSameNumberOfPicturesWhateverTheRowGroups() throws IOException {
        Path dataset = dataset(pictures);
        for (int shards : new int[] {1, 2, 7, 50}) {
            IndexManifest manifest = merge(dataset, Map.of("shards", Integer.toString(shards), "nlist", "8"));
            assertThat(manifest.shards())
                    .hasSize(shards)
                    .allMatch(shard -> shard.count() == 3_000 / shards || shard.count() == 3_000 / shards + 1);
        }
    }

    @Test
    void addingTakesTheNewOfPicturesThatStandAmongOldOnes() throws IOException {
        List<EmbeddingRow> old = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            if (i % 3 != 1) {
                old.add(pictures.get(i));
            }
        }
        merge(SyntheticDataset.write(folder.resolve("old"), SyntheticDataset.MODEL, old, List.of()), SMALL);
        IndexManifest manifest =
                run(dataset(pictures), true, Map.of("shards", "2")).orElseThrow();
        assertThat(manifest.count()).isEqualTo(3_000);
        assertThat(manifest.shards()).hasSize(5);
        Set<Long> added = new HashSet<>();
        added.addAll(rows(manifest, 3).keySet());
        added.addAll(rows(manifest, 4).keySet());
        assertThat(added)
                .containsExactlyInAnyOrderElementsOf(pictures.stream()
                        .map(EmbeddingRow::id)
                        .filter(id -> id / 3 % 3 == 1)
                        .toList());
    }

    private Map<Long, String> rows(IndexManifest manifest, int shard) {
        Path rows = index().resolve(manifest.generation()).resolve(IndexLayout.shardRows(shard));
        Map<Long, String> found = new TreeMap<>();
        try (RowStore store = RowStore.open(rows)) {
            store.forEach((id, list, row) -> found.put(
                    id, list + " " + RowCodec.decode(row, 0, row.length).uri()));
        }
        return found;
    }

    @Test
    void everyFileIsInTheManifestAndAFlippedBitIsFound() throws IOException {
        IndexManifest manifest = merge(dataset(pictures), SMALL);
        IndexDirectory directory = new IndexDirectory(index());
        List<FileEntry> files = new ArrayList<>(List.of(
                manifest.centroids(), manifest.calibration().orElseThrow().sample()));
        manifest.shards().forEach(shard -> {
            files.add(shard.index());
            files.addAll(shard.rows());
        });
        files.forEach(file -> directory.verify(manifest.generation(), file));
        Path generation = index().resolve(manifest.generation());
        try (Stream<Path> onDisk = Files.walk(generation)) {
            assertThat(onDisk.filter(Files::isRegularFile)
                            .map(file -> generation.relativize(file).toString()))
                    .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                    Stream.of(IndexLayout.MANIFEST),
                                    files.stream().map(FileEntry::name))
                            .toList());
        }
        for (FileEntry entry : files) {
            Path file = generation.resolve(entry.name());
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length / 2] ^= 4;
            Files.write(file, bytes);
            assertThatThrownBy(() -> directory.verify(manifest.generation(), entry))
                    .hasMessageContaining(file.toString());
        }
    }

    @Test
    void theNextMergeMakesTheNextGenerationAndKeepsTheFirst() throws IOException {
        Path dataset = dataset(pictures);
        merge(dataset, SMALL);
        IndexManifest second = merge(dataset, Map.of("shards", "1", "nlist", "8"));
        assertThat(second.generation()).isEqualTo("gen-000002");
        assertThat(new IndexDirectory(index()).currentGeneration()).isEqualTo("gen-000002");
        assertThat(new IndexDirectory(index()).readManifest("gen-000001").nlist())
                .isEqualTo(32);
    }

    @Test
    void theSameSeedGivesTheSameCentroids() throws IOException {
        Path dataset = dataset(pictures);
        String first = merge(dataset, SMALL).centroids().sha256();
        assertThat(merge(dataset, SMALL).centroids().sha256()).isEqualTo(first);
    }

    @ParameterizedTest
    @EnumSource(Progress.Step.class)
    void aMergeThatFailsAtAnyStepLeavesThePublishedGeneration(Progress.Step failing) throws IOException {
        Path dataset = dataset(pictures.subList(0, 1_000));
        merge(dataset, SMALL);
        MergeJob job = job(dataset, false, SMALL, (step, message) -> {
            if (step == failing) {
                throw new IllegalStateException("injected at " + step);
            }
        });
        assertThatThrownBy(job::run).hasMessageContaining("injected");
        String expected = failing == Progress.Step.PUBLISHED ? "gen-000002" : "gen-000001";
        assertThat(new IndexDirectory(index()).currentGeneration()).isEqualTo(expected);
        merge(dataset, SMALL);
        assertThat(namesInIndex()).allMatch(name -> name.matches("CURRENT|gen-\\d{6}|\\.merge\\.lock"));
    }

    @Test
    void leftoversOfARunThatDiedAreRemoved() throws IOException {
        Path leftover = index().resolve(".gen-000009.tmp-5f0c1e9a");
        Files.createDirectories(leftover.resolve(".attempt-7/shard-00000.rows"));
        Files.writeString(leftover.resolve(".attempt-7/shard-00000.faiss"), "half");
        Files.writeString(index().resolve(".CURRENT.tmp"), "gen-0");
        merge(dataset(pictures.subList(0, 1_000)), SMALL);
        assertThat(namesInIndex()).containsExactlyInAnyOrder("CURRENT", "gen-000001", ".merge.lock");
    }

    @Test
    void twoMergesOnOneIndexAreRefused() throws IOException {
        Path dataset = dataset(pictures.subList(0, 1_000));
        try (IndexLock lock = IndexLock.acquire(index())) {
            assertThat(lock).isNotNull();
            assertThatThrownBy(() -> merge(dataset, SMALL))
                    .isInstanceOf(ImageSearchException.class)
                    .hasMessageContaining("another merge")
                    .hasMessageContaining(index().toString())
                    .hasMessageContaining(Long.toString(ProcessHandle.current().pid()));
        }
        merge(dataset, SMALL);
    }

    @Test
    void newPicturesBecomeNewShardsUnderTheSameCentroids() throws IOException {
        IndexManifest first = merge(dataset(pictures.subList(0, 2_000)), SMALL);
        IndexManifest second =
                run(dataset(pictures), true, Map.of("shards", "2")).orElseThrow();
        assertThat(second.generation()).isEqualTo("gen-000002");
        assertThat(second.count()).isEqualTo(3_000);
        assertThat(second.shards()).hasSize(5).startsWith(first.shards().toArray(new ShardEntry[0]));
        assertThat(second.centroids()).isEqualTo(first.centroids());
        Path old = index().resolve("gen-000001").resolve("shard-00000.faiss");
        Path linked = index().resolve("gen-000002").resolve("shard-00000.faiss");
        assertThat(Files.isSameFile(old, linked)).isTrue();
        assertThat(run(dataset(pictures), true, Map.of())).isEmpty();
        assertThat(new IndexDirectory(index()).currentGeneration()).isEqualTo("gen-000002");
    }

    @Test
    void addingRefusesOtherPicturesUnderKnownIdsAndIndexesThatAreNotThere() throws IOException {
        Path dataset = dataset(pictures.subList(0, 1_000));
        assertThatThrownBy(() -> run(dataset, true, Map.of())).hasMessageContaining("no published index");
        merge(dataset, SMALL);
        List<EmbeddingRow> others = new ArrayList<>(pictures.subList(0, 1_100));
        EmbeddingRow row = others.get(7);
        others.set(7, new EmbeddingRow(21, "file:/else.jpg", 1, 1, Optional.empty(), row.embedding(), Map.of()));
        Path other = SyntheticDataset.write(folder.resolve("other"), SyntheticDataset.MODEL, others, List.of());
        assertThatThrownBy(() -> run(other, true, Map.of()))
                .rootCause()
                .hasMessageContaining("id 21")
                .hasMessageContaining("file:/else.jpg");
        assertThatThrownBy(() -> run(dataset, true, Map.of("nlist", "8"))).hasMessageContaining("nlist is 8");
    }

    @Test
    void aDatasetOfAnotherModelIsRefusedWithBothFingerprints() throws IOException {
        merge(dataset(pictures.subList(0, 1_000)), SMALL);
        Path other = SyntheticDataset.write(
                folder.resolve("other"), SyntheticDataset.OTHER_MODEL, pictures.subList(0, 1_000), List.of());
        assertThatThrownBy(() -> merge(other, SMALL))
                .hasMessageContaining(SyntheticDataset.MODEL.value())
                .hasMessageContaining(SyntheticDataset.OTHER_MODEL.value());
    }

    @Test
    void filesOfAnotherModelThanTheManifestAreRefused() throws IOException {
        Path dataset = dataset(pictures.subList(0, 1_000));
        SyntheticDataset.manifest(dataset, SyntheticDataset.OTHER_MODEL, 1_000, 1_000, 1);
        assertFails(dataset, SyntheticDataset.MODEL.value(), SyntheticDataset.OTHER_MODEL.value(), "part-0.parquet");
    }

    @Test
    void datasetsThatAreEmptyOrNotThereAreRefused() throws IOException {
        assertFails(folder.resolve("absent"), "absent", "dataset.json");
        Path empty = folder.resolve("empty");
        SyntheticDataset.manifest(empty, SyntheticDataset.MODEL, 0, 1_000, 0);
        assertFails(empty, "no committed wave");
        SyntheticDataset.manifest(empty, SyntheticDataset.MODEL, 0, 1_000, 1);
        assertFails(empty, "no pictures");
        Path lost = dataset(pictures.subList(0, 1_000));
        SyntheticDataset.manifest(lost, SyntheticDataset.MODEL, 1_001, 1_000, 1);
        assertFails(lost, "1000", "1001");
    }

    @Test
    void wavesThatAreNotCommittedAreLeftOut() throws IOException {
        Path dataset = dataset(pictures);
        SyntheticDataset.manifest(dataset, SyntheticDataset.MODEL, 2_000, 1_000, 2);
        assertThat(merge(dataset, SMALL).count()).isEqualTo(2_000);
    }

    @Test
    void vectorsThatAreNotWholeAreRefusedWithTheirId() throws IOException {
        assertFails(datasetWith(0, Float.NaN), "id 51", "NaN");
        assertFails(datasetWith(1, 30f), "picture 51", "length");
    }

    @Test
    void anIdThatComesTwiceIsRefused() throws IOException {
        List<EmbeddingRow> rows = new ArrayList<>(pictures.subList(0, 500));
        EmbeddingRow row = rows.get(100);
        rows.set(
                101,
                new EmbeddingRow(
                        row.id(), "u", 1, 1, Optional.empty(), rows.get(101).embedding(), Map.of()));
        Path dataset = SyntheticDataset.write(folder.resolve("twice"), SyntheticDataset.MODEL, rows, List.of());
        assertFails(dataset, "id 300", "twice", "row 100", "row 101");
        List<EmbeddingRow> far = new ArrayList<>(pictures);
        far.set(
                2_500,
                new EmbeddingRow(9, "v", 1, 1, Optional.empty(), far.get(2_500).embedding(), Map.of()));
        Path apart = SyntheticDataset.write(folder.resolve("apart"), SyntheticDataset.MODEL, far, List.of());
        assertFails(apart, "id 9", "twice", "wave=000000", "row 3", "wave=000002", "row 500");
    }

    @Test
    void aFewPicturesWithoutCaptionsMakeAnIndexToo() throws IOException {
        for (int count : new int[] {1, 2, 11}) {
            Path dataset = SyntheticDataset.write(
                    folder.resolve("few" + count), SyntheticDataset.MODEL, pictures.subList(0, count), List.of());
            IndexManifest manifest = merge(dataset, Map.of());
            assertThat(manifest.count()).isEqualTo(count);
            assertThat(manifest.recall().get(manifest.recall().size() - 1).pictures())
                    .isEqualTo(1.0);
            assertThat(manifest.recall().get(0).words()).isEmpty();
        }
        Path dataset =
                SyntheticDataset.write(folder.resolve("s"), SyntheticDataset.MODEL, pictures.subList(0, 5), List.of());
        assertThat(merge(dataset, Map.of("shards", "5")).shards()).hasSize(5);
    }

    private Path datasetWith(int place, float value) throws IOException {
        List<EmbeddingRow> rows = new ArrayList<>(pictures.subList(0, 500));
        EmbeddingRow row = rows.get(17);
        float[] broken = row.embedding().clone();
        broken[place] = value;
        rows.set(17, new EmbeddingRow(row.id(), row.uri(), 1, 1, Optional.empty(), broken, Map.of()));
        return SyntheticDataset.write(folder.resolve("broken" + place), SyntheticDataset.MODEL, rows, List.of());
    }

    private void assertFails(Path dataset, String... parts) {
        assertThatThrownBy(() -> merge(dataset, SMALL))
                .satisfies(e -> assertThat(innermost(e)).contains(parts));
        assertThat(index().resolve(IndexLayout.CURRENT)).doesNotExist();
    }

    private static String innermost(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ImageSearchException known) {
                return known.getMessage();
            }
        }
        return e.toString();
    }

    /** The ten nearest others of a picture over all shards. */
    private static List<Long> search(List<IvfIndex> shards, EmbeddingRow query, int nprobe) {
        NearestPictures nearest = new NearestPictures(1, 11);
        for (IvfIndex shard : shards) {
            long[] ids = new long[11];
            float[] scores = new float[11];
            shard.search(query.embedding(), 1, 11, nprobe, null, ids, scores);
            for (int i = 0; i < 11 && ids[i] >= 0; i++) {
                nearest.offer(0, ids[i], scores[i], 0);
            }
        }
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < nearest.found(0); i++) {
            if (nearest.id(0, i) != query.id() && ids.size() < 10) {
                ids.add(nearest.id(0, i));
            }
        }
        return ids;
    }

    private List<String> namesInIndex() throws IOException {
        try (Stream<Path> entries = Files.list(index())) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }

    private Path index() {
        return folder.resolve("index");
    }

    private Path dataset(List<EmbeddingRow> rows) throws IOException {
        Fingerprint model = SyntheticDataset.MODEL;
        return SyntheticDataset.write(
                folder.resolve("dataset" + rows.size()), model, rows, SyntheticDataset.captions(rows, SEED));
    }

    private IndexManifest merge(Path dataset, Map<String, String> settings) {
        return run(dataset, false, settings).orElseThrow();
    }

    private Optional<IndexManifest> run(Path dataset, boolean add, Map<String, String> settings) {
        return job(dataset, add, settings, (step, message) -> {}).run().manifest();
    }

    private MergeJob job(Path dataset, boolean add, Map<String, String> settings, Progress progress) {
        MergeRequest request = new MergeRequest(dataset.toString(), index(), add, IndexSizeTest.settings(settings));
        return new MergeJob(spark, request, progress);
    }
}
