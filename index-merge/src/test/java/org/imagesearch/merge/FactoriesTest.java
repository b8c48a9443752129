package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexFactory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.program.Programs;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.faiss.IvfIndex;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Indexes of codes, with and without refinement, built, added to, compacted and checked through the command line. */
class FactoriesTest {
    private static final int NLIST = 32;

    private static List<EmbeddingRow> pictures;

    @TempDir
    Path folder;

    @BeforeAll
    static void makePictures() {
        pictures = SyntheticDataset.pictures(3_300, 5);
    }

    /** Cosine of what is stored to the picture, of all but a few; least recall with all lists. */
    @ParameterizedTest
    @CsvSource({
        "'IVF32,SQfp16', IwSq, 48, 0.99999, 0.99",
        "'IVF32,SQ8', IwSq, 24, 0.9999, 0.95",
        "'IVF32,PQ12', IwPQ, 12, 0.8, 0.4",
        "'IVF32,SQ8,RFlat', IwSq, 24, 0.9999999, 0.999",
        "'IVF32,PQ12,Refine(SQfp16)', IwPQ, 12, 0.99999, 0.98"
    })
    void anIndexOfCodesIsBuiltAddedToCompactedAndWhole(
            String factory, String kind, int codeBytes, double cosine, double recall) throws IOException {
        Path index = folder.resolve("index");
        assertDone(merge(index, 3_000, "--shards", "3", "--factory", factory));
        IndexManifest built = published(index);
        assertThat(built.factory()).isEqualTo(factory);
        assertThat(built.nlist()).isEqualTo(NLIST);
        assertRecallIsWhatSearchesFind(index, 3_000, recall);

        assertDone(merge(index, 3_300, "--shards", "1", "--add"));
        IndexManifest added = published(index);
        assertThat(added.factory()).isEqualTo(factory);
        assertThat(added.count()).isEqualTo(3_300);
        assertHolds(index, kind, codeBytes, cosine);
        assertRecallIsWhatSearchesFind(index, 3_300, recall);

        assertDone(run("compact", "--index", index.toString(), "--shards", "2"));
        assertThat(published(index).shards()).hasSize(2);
        assertHolds(index, kind, codeBytes, cosine);
        assertDone(run("verify", "--index", index.toString()));

        Ended other = merge(index, 3_300, "--shards", "1", "--add", "--factory", "IVF32,Flat");
        assertThat(other.status).isEqualTo(2);
        assertThat(other.error).contains("IVF32,Flat").contains(factory);
    }

    @Test
    void withoutANumberTheListsAreChosen() throws IOException {
        Path index = folder.resolve("index");
        assertDone(merge(index, 3_000, "--factory", "IVF,SQ8"));
        assertThat(published(index).factory()).isEqualTo("IVF" + IndexSize.automaticNlist(3_000) + ",SQ8");
    }

    @Test
    void whatCannotBeIsRefusedInOneLine() throws IOException {
        Path index = folder.resolve("index");
        for (String factory : List.of("IVF32,SQ4", "IVF32,Flat,RFlat", "HNSW32", "IVF32,PQ7")) {
            Ended ended = merge(index, 3_000, "--factory", factory);
            assertThat(ended.status).as(factory).isEqualTo(2);
            assertThat(ended.error.strip().lines()).as(ended.error).hasSize(1);
        }
        assertThat(merge(index, 3_000, "--factory", "IVF32,SQ8", "--nlist", "16").error)
                .contains("contradict");
        assertThat(index.resolve(IndexLayout.CURRENT)).doesNotExist();
    }

    @Test
    void aDamagedRefinementStoreIsFound() throws IOException {
        Path index = folder.resolve("index");
        assertDone(merge(index, 1_000, "--factory", "IVF32,SQ8,Refine(SQfp16)"));
        Path store = index.resolve("gen-000001").resolve(IndexLayout.shardRefinement(0));
        byte[] bytes = Files.readAllBytes(store);
        bytes[bytes.length / 2] ^= 4;
        Files.write(store, bytes);
        Ended ended = run("verify", "--index", index.toString());
        assertThat(ended.status).isEqualTo(1);
        assertThat(ended.out).contains(IndexLayout.shardRefinement(0));
    }

    private void assertHolds(Path index, String kind, int codeBytes, double cosine) throws IOException {
        IndexManifest manifest = published(index);
        Path generation = index.resolve(manifest.generation());
        boolean refined = IndexFactory.parse(manifest.factory()).refinement().isPresent();
        TreeSet<Long> seen = new TreeSet<>();
        int far = 0;
        for (ShardEntry shard : manifest.shards()) {
            byte[] file = Files.readAllBytes(generation.resolve(shard.index().name()));
            assertThat(new String(file, 0, 4, StandardCharsets.US_ASCII)).isEqualTo(kind);
            assertThat(shard.refinement().isPresent()).isEqualTo(refined);
            try (IvfIndex vectors = IvfIndex.ofShard(generation, shard, true);
                    RowStore rows = RowStore.open(generation.resolve(IndexLayout.shardRows(shard.number())))) {
                assertThat(vectors.codeBytes()).isEqualTo(codeBytes);
                assertThat(vectors.isRefined()).isEqualTo(refined);
                for (int list = 0; list < NLIST; list++) {
                    for (long id : vectors.listIds(list)) {
                        assertThat(seen.add(id)).isTrue();
                        assertThat(rows.list(id)).hasValue(list);
                        float[] stored = vectors.vector(list, id).orElseThrow();
                        float[] picture = pictures.get((int) (id / 3)).embedding();
                        if (!refined) {
                            byte[] code = new byte[codeBytes];
                            vectors.encode(picture, 1, new long[] {list}, code);
                            assertThat(stored).as("id %d", id).containsExactly(vectors.decode(list, code, 1));
                        }
                        far += Vectors.cosine(stored, picture) < cosine ? 1 : 0;
                    }
                }
            }
        }
        assertThat(seen).hasSize(3_300);
        // Of a few, a component lies outside the ranges of the training sample and is clamped to them.
        assertThat(far).isLessThanOrEqualTo(refined ? 0 : 3_300 / 100);
    }

    /** The measured points against searches here, with exact neighbours from the pictures themselves. */
    private void assertRecallIsWhatSearchesFind(Path index, int count, double least) throws IOException {
        IndexManifest manifest = published(index);
        Path generation = index.resolve(manifest.generation());
        RecallPoint last = manifest.recall().get(manifest.recall().size() - 1);
        assertThat(last.dependable()).isGreaterThanOrEqualTo(least);
        List<IvfIndex> shards = new ArrayList<>();
        manifest.shards().forEach(shard -> shards.add(IvfIndex.ofShard(generation, shard, true)));
        double hits = 0;
        int queries = 0;
        for (int i = 0; i < count; i += 20) {
            float[] query = pictures.get(i).embedding();
            long self = pictures.get(i).id();
            List<Long> exact = pictures.subList(0, count).stream()
                    .filter(row -> row.id() != self)
                    .sorted(Comparator.comparingDouble(row -> -Vectors.cosine(query, row.embedding())))
                    .limit(10)
                    .map(EmbeddingRow::id)
                    .toList();
            List<Long> found = search(shards, query, self, manifest.defaultNprobe());
            hits += exact.stream().filter(found::contains).count() / 10.0;
            queries++;
        }
        shards.forEach(IvfIndex::close);
        RecallPoint point = manifest.recall().stream()
                .filter(each -> each.nprobe() == manifest.defaultNprobe())
                .findFirst()
                .orElseThrow();
        assertThat(point.pictures()).isBetween(hits / queries - 0.05, hits / queries + 0.05);
    }

    private static List<Long> search(List<IvfIndex> shards, float[] query, long self, int nprobe) {
        record Hit(long id, float score) {}
        List<Hit> hits = new ArrayList<>();
        for (IvfIndex shard : shards) {
            long[] ids = new long[11];
            float[] scores = new float[11];
            shard.search(query, 1, 11, nprobe, null, ids, scores);
            for (int i = 0; i < ids.length; i++) {
                hits.add(new Hit(ids[i], scores[i]));
            }
        }
        return hits.stream()
                .filter(hit -> hit.id >= 0 && hit.id != self)
                .sorted(Comparator.comparingDouble(hit -> -hit.score))
                .limit(10)
                .map(Hit::id)
                .toList();
    }

    private record Ended(int status, String out, String error) {}

    private Ended merge(Path index, int count, String... options) throws IOException {
        List<EmbeddingRow> rows = pictures.subList(0, count);
        Path dataset = folder.resolve("dataset-" + count);
        if (!Files.exists(dataset)) {
            SyntheticDataset.write(dataset, SyntheticDataset.MODEL, rows, SyntheticDataset.captions(rows, 5));
        }
        List<String> arguments = new ArrayList<>(
                List.of("--embeddings", dataset.toString(), "--index", index.toString(), "--master", "local[2]"));
        arguments.addAll(List.of(options));
        return run(arguments.toArray(String[]::new));
    }

    private static Ended run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter error = new StringWriter();
        CommandLine line = Programs.endingInOneLine(new CommandLine(new MergeCommand()))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(error, true));
        return new Ended(line.execute(arguments), out.toString(), error.toString());
    }

    private static void assertDone(Ended ended) {
        assertThat(ended.status).as(ended.out + ended.error).isZero();
    }

    private static IndexManifest published(Path index) {
        IndexDirectory directory = new IndexDirectory(index);
        return directory.readManifest(directory.currentGeneration());
    }
}
