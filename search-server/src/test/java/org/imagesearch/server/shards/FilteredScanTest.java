package org.imagesearch.server.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.server.SmallIndex;
import org.imagesearch.server.SmallIndex.Item;
import org.imagesearch.server.index.BestHits;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.IndexSettings;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.Screening;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.index.Verification;
import org.imagesearch.server.query.Deadline;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scans with filters, compared with looking at every picture. */
class FilteredScanTest {
    private static final int PICTURES = 500;
    private static final int SHARDS = 4;
    private static final Deadline FAR = Deadline.in(Duration.ofHours(1));

    /** A filter and what it means. */
    private record Meaning(String text, Predicate<Item> means) {}

    @ParameterizedTest
    @CsvSource({"true, NEVER", "true, ALWAYS", "false, NEVER", "false, ALWAYS"})
    void theBestMatchesAreFoundAndAsManyAsThereAre(boolean map, Screening screen, @TempDir Path folder) {
        compare(SmallIndex.publish(folder, 1, 81, PICTURES, SHARDS), map, screen, 1e-5f);
    }

    /** Of codes the scores are not those of the vectors. */
    @ParameterizedTest
    @CsvSource({"SQ8, , 0.05", "PQ16, , 2", "PQ16, Flat, 2"})
    void asManyMatchesOfCodesAreFoundAsThereAre(String codec, String finer, float error, @TempDir Path folder) {
        SmallIndex index = SmallIndex.publish(folder, 1, 81, PICTURES, SHARDS)
                .recode(VectorCodec.parse(codec), Optional.ofNullable(finer).map(VectorCodec::parse));
        compare(index, true, Screening.NEVER, error);
    }

    private static void compare(SmallIndex index, boolean map, Screening screen, float error) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        LocalGeneration whole;
        try (ShardScans scans = new ShardScans(2, 100)) {
            whole = LocalGeneration.open(
                    new IndexDirectory(index.root()),
                    index.generation(),
                    SmallIndex.BUNDLE.fingerprint(),
                    "the demo model",
                    new IndexSettings("", map, screen, Verification.QUICK, Duration.ofSeconds(1), new Bytes(20_000)),
                    scans,
                    new FilterCounts());
            long[] down = index.items().stream()
                    .mapToLong(Item::id)
                    .filter(id -> random.nextInt(6) == 0)
                    .toArray();
            LocalGeneration without = whole.hiding(down);
            try {
                for (int round = 0; round < 150; round++) {
                    Meaning filter = filter(random, 2);
                    boolean hide = random.nextBoolean();
                    List<Item> matches = index.items().stream()
                            .filter(filter.means)
                            .filter(item -> !hide || Arrays.binarySearch(down, item.id()) < 0)
                            .toList();
                    float[] query = SmallIndex.randomUnit(random);
                    int nprobe = 1 + random.nextInt(SmallIndex.NLIST);
                    int k = 1 + random.nextInt(random.nextBoolean() ? 10 : PICTURES);
                    Probe probe = probe(whole, query, k, nprobe, filter.text);

                    List<Found> found = best((hide ? without : whole).scan(probe, true, FAR), k);

                    String what = "seed %d, nprobe %d, k %d, %s".formatted(seed, nprobe, k, filter.text);
                    assertThat(found).as(what).hasSize(Math.min(k, matches.size()));
                    assertThat(found).as(what).allMatch(hit -> matches.contains(index.item(hit.id())));
                    List<Integer> nearest = index.lists(query, nprobe);
                    List<SmallIndex.Found> inNearest = SmallIndex.best(
                            matches.stream()
                                    .filter(item -> nearest.contains(item.list()))
                                    .toList(),
                            query,
                            k);
                    for (int i = 0; i < inNearest.size(); i++) {
                        assertThat(found.get(i).score())
                                .as(what)
                                .isGreaterThanOrEqualTo((float) inNearest.get(i).score() - error);
                    }
                    if (nprobe == SmallIndex.NLIST && error < 1e-4) {
                        assertThat(found).as(what).extracting(Found::id).doesNotHaveDuplicates();
                        List<SmallIndex.Found> best = SmallIndex.best(matches, query, k);
                        for (int i = 0; i < best.size(); i++) {
                            // Two of nearly equal scores may change places.
                            assertThat(score(index.item(found.get(i).id()), query))
                                    .as(what)
                                    .isCloseTo(best.get(i).score(), within((double) error));
                        }
                    }
                }
            } finally {
                without.release();
                whole.release();
            }
        }
        assertThat(whole.retain()).as("someone still holds the generation").isFalse();
    }

    private static double score(Item item, float[] query) {
        return SmallIndex.best(List.of(item), query, 1).get(0).score();
    }

    private static Probe probe(LocalGeneration generation, float[] query, int k, int nprobe, String filter) {
        long[] lists = new long[nprobe];
        float[] coarseScores = new float[nprobe];
        generation.centroids().assign(query, 1, nprobe, lists, coarseScores);
        return new Probe(query, k, Double.NEGATIVE_INFINITY, lists, coarseScores, Optional.of(Filter.parse(filter)));
    }

    private static List<Found> best(List<ShardHits> answers, int k) {
        BestHits merged = new BestHits(k, Double.NEGATIVE_INFINITY);
        answers.forEach(answer -> {
            assertThat(answer.problem()).isNull();
            merged.add(answer.shard(), answer.ids(), answer.scores());
        });
        return merged.sorted();
    }

    /** Over the columns that {@link SmallIndex} writes. */
    private static Meaning filter(Random random, int depth) {
        int place = random.nextInt(PICTURES);
        return switch (random.nextInt(depth == 0 ? 6 : 9)) {
            case 0 -> new Meaning("width>=" + (300 + place), item -> item.row().width() >= 300 + place);
            case 1 -> new Meaning("year<" + (2000 + place), item -> year(item) < 2000 + place);
            case 2 ->
                new Meaning("album=\"album 1\"", item -> "album 1"
                        .equals(item.row().extra().get("album")));
            case 3 -> new Meaning("caption:*", item -> item.row().caption().isPresent());
            case 4 ->
                new Meaning(
                        "caption:\"PICTURE " + place + "\"",
                        item -> item.row().caption().orElse("").startsWith("picture " + place + " "));
            case 5 -> new Meaning("id!=" + (1000 + 7 * place), item -> item.id() != 1000 + 7L * place);
            case 6 -> {
                Meaning part = filter(random, depth - 1);
                yield new Meaning("NOT (" + part.text + ")", part.means.negate());
            }
            case 7 -> {
                Meaning a = filter(random, depth - 1);
                Meaning b = filter(random, depth - 1);
                yield new Meaning("(" + a.text + ") AND (" + b.text + ")", a.means.and(b.means));
            }
            default -> {
                Meaning a = filter(random, depth - 1);
                Meaning b = filter(random, depth - 1);
                yield new Meaning("(" + a.text + ") OR (" + b.text + ")", a.means.or(b.means));
            }
        };
    }

    private static int year(Item item) {
        return (Integer) item.row().extra().get("year");
    }
}
