package org.imagesearch.server.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.server.SmallIndex;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.shards.LocalGeneration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Following {@code CURRENT}, a look at a time. */
class ServedIndexTest {
    /** Looks only when the test does. */
    private static final IndexSettings SETTINGS =
            new IndexSettings("", true, Screening.NEVER, Verification.QUICK, Duration.ofDays(1), new Bytes(1 << 20));

    @Test
    void whatWasRefusedIsTriedAgainOnceCurrentHasGoneBack(@TempDir Path folder) throws Exception {
        SmallIndex first = SmallIndex.publish(folder, 1, 91, 40, 1);
        SmallIndex second = SmallIndex.write(folder, 2, 92, 40, 1);
        Path manifest = second.folder().resolve(IndexLayout.MANIFEST);
        byte[] good = Files.readAllBytes(manifest);
        Files.writeString(manifest, "{}");
        try (ServedIndex index = SmallIndex.served(folder, SETTINGS)) {
            index.open();
            second.publish();
            index.follow();
            Files.write(manifest, good);
            index.follow();
            assertThat(served(index)).as("left alone until CURRENT changes").isEqualTo("gen-000001");

            first.publish();
            index.follow();
            second.publish();
            index.follow();
            assertThat(served(index)).isEqualTo("gen-000002");
        }
    }

    @Test
    void aFileThatIsBeingWrittenAnewShowsNothingThatIsDown(@TempDir Path folder) throws Exception {
        SmallIndex.publish(folder, 1, 98, 40, 2);
        Path file = folder.resolve(Takedowns.FILE);
        Files.writeString(file, "{\"id\":1007}\n");
        try (ServedIndex index = open(folder)) {
            assertThat(index.down()).containsExactly(1007);

            Files.writeString(file, "");
            index.follow();
            assertThat(index.down()).as("emptied by an editor").containsExactly(1007);
            Files.writeString(file, "{\"id\":1014}\n{\"id\":1007}\n");
            index.follow();
            assertThat(index.down()).as("down at once").containsExactly(1007, 1014);
            Files.writeString(file, "{\"id\":1014}\n");
            index.follow();
            assertThat(index.down()).as("not yet certain").containsExactly(1007, 1014);
            index.follow();
            assertThat(index.down()).containsExactly(1014);
            assertThat(shows(index, 1007)).isTrue();
            assertThat(shows(index, 1014)).isFalse();

            Files.delete(file);
            index.follow();
            index.follow();
            assertThat(index.down()).isEmpty();
        }
    }

    @Test
    void whatIsTakenDownWhileANewGenerationIsOpenedIsHiddenInIt(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 99, 40, 2);
        SmallIndex second = SmallIndex.write(folder, 2, 99, 60, 3);
        try (ServedIndex index = open(folder)) {
            index.takeDown(new long[] {1007, 1000 + 7 * 50}, Optional.empty());
            assertThat(hidden(index)).isEqualTo(1);
            second.publish();
            index.follow();
            assertThat(served(index)).isEqualTo("gen-000002");
            assertThat(hidden(index)).isEqualTo(2);
            assertThat((long) index.with(Generation::pictures)).isEqualTo(58);
            index.with(generation -> {
                LocalGeneration local = (LocalGeneration) generation;
                long filtered = local.openShards().stream()
                        .filter(shard -> local.filter(shard) != null)
                        .count();
                assertThat(filtered).as("shards with something to leave out").isEqualTo(2);
                return null;
            });
        }
    }

    @Test
    void queriesUnderWayEndOnTheGenerationTheyBeganOn(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 93, 40, 1);
        SmallIndex second = SmallIndex.write(folder, 2, 94, 40, 1);
        try (ServedIndex index = open(folder)) {
            Generation old = index.with(generation -> {
                second.publish();
                index.follow();
                assertThat(served(index)).isEqualTo("gen-000002");
                assertThat(generation.row(1000)).isPresent();
                assertThat(generation.vector(1000)).isPresent();
                return generation;
            });

            assertThat(old.retain())
                    .as("the old one is open after its last query")
                    .isFalse();
        }
    }

    @Test
    void aGenerationOfAnotherModelIsRefused(@TempDir Path folder) throws Exception {
        SmallIndex.publish(folder, 1, 95, 40, 1);
        SmallIndex second = SmallIndex.write(folder, 2, 96, 40, 1);
        Path manifest = second.folder().resolve(IndexLayout.MANIFEST);
        Fingerprint other = new Fingerprint("sha256:" + "0".repeat(64));
        Files.writeString(
                manifest,
                Files.readString(manifest)
                        .replace(SmallIndex.BUNDLE.fingerprint().value(), other.value()));
        try (ServedIndex index = open(folder)) {
            second.publish();
            index.follow();

            assertThat(served(index)).isEqualTo("gen-000001");
        }
    }

    @Test
    void beforeItIsOpenAndAfterItIsClosedItIsUnavailable(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 97, 40, 1);
        ServedIndex index = SmallIndex.served(folder, SETTINGS);
        assertUnavailable(index);
        index.open();
        assertThat(index.isOpen()).isTrue();
        index.close();
        assertUnavailable(index);
        index.follow();
        assertUnavailable(index);
    }

    private static void assertUnavailable(ServedIndex index) {
        assertThat(index.isOpen()).isFalse();
        assertThatThrownBy(() -> served(index))
                .isInstanceOfSatisfying(
                        RequestException.class, e -> assertThat(e.problem()).isEqualTo(Problem.UNAVAILABLE));
    }

    private static ServedIndex open(Path folder) {
        ServedIndex index = SmallIndex.served(folder, SETTINGS);
        index.open();
        return index;
    }

    private static boolean shows(ServedIndex index, long id) {
        return index.with(generation -> generation.row(id).isPresent());
    }

    private static String served(ServedIndex index) {
        return index.with(generation -> generation.manifest().generation());
    }

    private static long hidden(ServedIndex index) {
        return index.with(Generation::hiddenPictures);
    }
}
