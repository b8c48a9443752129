package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.core.settings.Settings;
import org.junit.jupiter.api.Test;

class IndexSizeTest {
    @Test
    void nlistGrowsWithTheRootOfThePicturesAndKeepsEnoughOfThemPerList() {
        assertThat(IndexSize.automaticNlist(1)).isEqualTo(1);
        assertThat(IndexSize.automaticNlist(100)).isEqualTo(2);
        assertThat(IndexSize.automaticNlist(10_000)).isEqualTo(256);
        assertThat(IndexSize.automaticNlist(100_000)).isEqualTo(2048);
        assertThat(IndexSize.automaticNlist(300_000)).isEqualTo(4096);
        assertThat(IndexSize.automaticNlist(1_000_000)).isEqualTo(8192);
        assertThat(IndexSize.automaticNlist(1_000_000_000)).isEqualTo(131_072);
    }

    @Test
    void defaultsGiveAShardPerMillionPicturesAndHoldOutAThousand() {
        IndexSize size = IndexSize.choose(2_500_000, 512, settings(Map.of()));
        assertThat(size).isEqualTo(new IndexSize(3, 8192, 524_288, 1000));
    }

    @Test
    void trainingStaysWithinItsMemory() {
        IndexSize size = IndexSize.choose(100_000_000, 512, settings(Map.of("training.memory", "256 MiB")));
        assertThat(size.trainingPoints()).isEqualTo(131_072);
        assertThat(size.warnings()).singleElement().asString().contains("131,072", "65,536", "training.memory");
        assertThatThrownBy(() -> IndexSize.choose(
                        100_000_000, 512, settings(Map.of("training.memory", "1 MiB", "nlist", "1024"))))
                .hasMessageContaining("training.memory")
                .hasMessageContaining("1024");
    }

    @Test
    void aFewPicturesAreNotHeldOut() {
        IndexSize size = IndexSize.choose(50, 8, settings(Map.of()));
        assertThat(size.heldOut()).isZero();
        assertThat(size.trainingPoints()).isEqualTo(50);
        assertThat(size.queries(50, settings(Map.of()))).isEqualTo(50);
        assertThat(size.warnings()).singleElement().asString().contains("hold any out");
        assertThat(IndexSize.choose(1, 8, settings(Map.of()))).isEqualTo(new IndexSize(1, 1, 1, 0));
        // All pictures are needed as training points.
        assertThat(IndexSize.choose(1000, 8, settings(Map.of("nlist", "1000"))).heldOut())
                .isZero();
    }

    @Test
    void moreListsOrShardsThanPicturesAreRefused() {
        assertRefused(() -> IndexSize.choose(50, 8, settings(Map.of("nlist", "51"))), "51", "50 pictures");
        assertRefused(() -> IndexSize.choose(3, 8, settings(Map.of("shards", "4"))), "3 pictures", "4 shards");
    }

    @Test
    void theWordAutoLeavesTheChoiceOfNlist() {
        assertThat(IndexSize.nlistGiven("auto")).isZero();
        assertThat(IndexSize.nlistGiven("4096")).isEqualTo(4096);
        for (String wrong : new String[] {"0", "-1", "many", "", "99999999"}) {
            assertRefused(() -> IndexSize.nlistGiven(wrong), "'" + wrong + "'", "auto");
        }
    }

    @Test
    void theFactoryNamesTheLists() {
        assertThat(settings(Map.of("factory", "IVF64,SQ8")).nlist()).isEqualTo(64);
        assertThat(settings(Map.of("factory", "IVF64,SQ8", "nlist", "64")).nlist())
                .isEqualTo(64);
        assertThat(settings(Map.of("factory", "IVF,SQ8", "nlist", "32")).nlist())
                .isEqualTo(32);
        assertThat(settings(Map.of("factory", "IVF,SQ8")).nlist()).isZero();
        assertThat(settings(Map.of()).wanted()).isEmpty();
        assertRefused(() -> settings(Map.of("factory", "IVF64,SQ8", "nlist", "32")), "64", "32", "contradict");
        assertRefused(() -> settings(Map.of("factory", "HNSW32")), "'HNSW32'", "IVF<nlist>");
    }

    @Test
    void coarseCodesAreComparedAgainMoreOften() {
        assertThat(settings(Map.of()).candidatesPerHit(VectorCodec.BYTES))
                .isLessThan(settings(Map.of()).candidatesPerHit(VectorCodec.product(64)));
        assertThat(settings(Map.of("candidates-per-hit", "7")).candidatesPerHit(VectorCodec.BYTES))
                .isEqualTo(7);
        assertRefused(() -> settings(Map.of("candidates-per-hit", "1001")), "candidates-per-hit", "1001");
    }

    @Test
    void settingsOutOfRangeAreRefusedByName() {
        assertRefused(() -> settings(Map.of("target-recall", "1.5")), "target-recall", "1.5");
        assertRefused(() -> settings(Map.of("target-recall", "NaN")), "target-recall");
        assertRefused(() -> settings(Map.of("shards", "-1")), "shards");
        assertRefused(() -> settings(Map.of("batch", "0")), "batch");
        assertRefused(() -> settings(Map.of("training.iterations", "0")), "training.iterations");
        assertRefused(() -> settings(Map.of("measuring.words", "-1")), "measuring.words");
    }

    @Test
    void defaultsAreWhatTheFileSays() {
        assertThat(settings(Map.of()))
                .isEqualTo(new MergeSettings(
                        0,
                        1_000_000,
                        0,
                        "",
                        0,
                        0.95,
                        1,
                        2048,
                        new Bytes(128 << 20),
                        new MergeSettings.Build(new Bytes(64 << 20)),
                        new MergeSettings.Training(128, 10, new Bytes(1 << 30)),
                        new MergeSettings.Measuring(1000, 1000)));
    }

    private static void assertRefused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContainingAll(parts);
    }

    static MergeSettings settings(Map<String, String> given) {
        return Settings.load("merge", Optional.empty(), Map.of(), given).bind(MergeSettings.class);
    }
}
