package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetManifest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatasetFolderTest {
    private static final Fingerprint MODEL = new Fingerprint("sha256:" + "0".repeat(64));

    /** Something that commits. */
    private interface Commit {
        void run(DatasetFolder folder) throws IOException;
    }

    /** Waves with pictures and waves with failures. */
    private record State(Set<Integer> committed, Set<Integer> failures) {}

    /** Of a wave. */
    private static final List<String> FILES = List.of("part-0.parquet", "part-1.parquet", "part-2.parquet");

    @TempDir
    Path temporary;

    private Path root;

    @AfterEach
    void heal() {
        FaultyFileSystem.heal();
        FaultyFileSystem.moveByCopying(false);
    }

    @ParameterizedTest
    @CsvSource({"false, 12", "true, 18"})
    void waveIsCommittedWhollyOrNotAtAllWhereverTheRunIsKilled(boolean copying, int changes) throws IOException {
        FaultyFileSystem.moveByCopying(copying);
        State before = new State(Set.of(0), Set.of(0));
        State after = new State(Set.of(0, 1), Set.of(0, 1));
        int deaths = dieEverywhere(
                folder -> folder.commitWave(1, staged(folder, 1), Optional.of(stagedFailures(folder, 1))),
                before,
                after);
        assertThat(deaths).isEqualTo(changes);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void retryTakesThePlaceOfEarlierFailuresWhollyOrNotAtAllWhereverTheRunIsKilled(boolean copying) throws IOException {
        FaultyFileSystem.moveByCopying(copying);
        State before = new State(Set.of(0), Set.of(0));
        int deaths = dieEverywhere(
                folder -> folder.commitRetry(1, List.of(0), staged(folder, 1), Optional.of(stagedFailures(folder, 1))),
                before,
                new State(Set.of(0, 1), Set.of(1)));
        assertThat(deaths).isGreaterThan(10);
        dieEverywhere(
                folder -> folder.commitRetry(1, List.of(0), staged(folder, 1), Optional.empty()),
                before,
                new State(Set.of(0, 1), Set.of()));
    }

    @Test
    void manifestIsTheOldOrTheNewOneWhereverTheRunIsKilled() throws IOException {
        State unchanged = new State(Set.of(0), Set.of(0));
        dieEverywhere(folder -> folder.write(manifest(7)), unchanged, unchanged);
        DatasetFolder folder = reopen();
        folder.write(manifest(8));
        assertThat(folder.manifest().orElseThrow().listed()).isEqualTo(8);
    }

    @Test
    void whatAKilledRunLeftIsCleared() throws IOException {
        DatasetFolder folder = datasetOfOneWave();
        Files.createDirectories(root.resolve("_staging/wave=000001/_temporary"));
        DrawnPictures.write(root.resolve("failures/wave-000001.parquet"), new byte[1]);
        DrawnPictures.write(root.resolve("_dataset.json.written"), new byte[1]);
        DrawnPictures.write(root.resolve("__retry.written"), new byte[1]);
        folder.recover();
        assertThat(state(folder)).isEqualTo(new State(Set.of(0), Set.of(0)));
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void committingAWaveTwiceIsAnErrorAndHidesNoPicturesInsideTheFirst() throws IOException {
        DatasetFolder folder = datasetOfOneWave();
        assertThatThrownBy(() -> folder.commitWave(0, staged(folder, 0), Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("exists");
        assertThat(root.resolve("images/wave=000000/wave=000000")).doesNotExist();
    }

    @Test
    void wavesWithoutAManifestAreRefusedForNothingSaysByWhichModelTheyWereMade() throws IOException {
        DatasetFolder folder = datasetOfOneWave();
        Files.delete(root.resolve("dataset.json"));
        assertThatThrownBy(folder::recover)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining("1 committed waves but no dataset.json");
    }

    @Test
    void namesAreWrittenInAsciiDigitsInEveryLanguage() throws IOException {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG"));
        try {
            DatasetFolder folder = datasetOfOneWave();
            assertThat(state(folder)).isEqualTo(new State(Set.of(0), Set.of(0)));
            assertThat(folder.wave(12).getName()).isEqualTo("wave=000012");
            assertThat(folder.failuresOfWave(12).getName()).isEqualTo("wave-000012.parquet");
            assertThat(folder.listingBatch(12).getName()).isEqualTo("batch-000012");
        } finally {
            Locale.setDefault(before);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"out [1]", "out*", "{out}", "out?", ""})
    void pathsThatCannotBeADatasetsAreInputErrors(String path) {
        assertThatThrownBy(() -> DatasetFolder.open(path, new Configuration(false)))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageStartingWith("--output ");
    }

    @Test
    void manifestBeyondTheLimitIsRefused() throws IOException {
        DatasetFolder folder = datasetOfOneWave();
        DrawnPictures.write(root.resolve("dataset.json"), new byte[(1 << 20) + 1]);
        assertThatThrownBy(folder::manifest).hasMessageContaining("has 1048577 bytes, expected at most 1048576");
    }

    /** Kills a commit at its first change, in a fresh dataset at its second, and so on; returns how many changes it makes. */
    private int dieEverywhere(Commit commit, State before, State after) throws IOException {
        boolean seenAfter = false;
        for (int fatal = 1; ; fatal++) {
            DatasetFolder folder = datasetOfOneWave();
            int last = fatal;
            AtomicInteger changes = new AtomicInteger();
            FaultyFileSystem.dieAt(change -> changes.incrementAndGet() == last);
            try {
                commit.run(folder);
                FaultyFileSystem.heal();
                assertThat(state(folder)).isEqualTo(after);
                return fatal - 1;
            } catch (IOException e) {
                assertThat(e).hasMessageStartingWith("died at");
            }
            FaultyFileSystem.heal();
            DatasetFolder again = reopen();
            again.recover();
            State found = state(again);
            // Once it is committed at some point, it is committed at every later one.
            assertThat(found).as("killed at change %d", fatal).isIn(before, after);
            assertThat(seenAfter && !found.equals(after))
                    .as("killed at change %d", fatal)
                    .isFalse();
            seenAfter = found.equals(after) && !before.equals(after);
            assertThat(again.manifest().orElseThrow().listed()).isIn(5L, 7L);
            assertThat(leftovers()).as("killed at change %d", fatal).isEmpty();
        }
    }

    private DatasetFolder datasetOfOneWave() throws IOException {
        FaultyFileSystem.heal();
        root = Files.createTempDirectory(temporary, "dataset");
        DatasetFolder folder = reopen();
        folder.write(manifest(5));
        folder.commitWave(0, staged(folder, 0), Optional.of(stagedFailures(folder, 0)));
        return folder;
    }

    private DatasetFolder reopen() {
        Configuration configuration = new Configuration(false);
        configuration.set("fs.faulty.impl", FaultyFileSystem.class.getName());
        return DatasetFolder.open(FaultyFileSystem.uri(root), configuration);
    }

    private static org.apache.hadoop.fs.Path staged(DatasetFolder folder, int wave) throws IOException {
        for (String name : FILES) {
            stagedFile(folder, "wave" + wave, name);
        }
        return folder.staging("wave" + wave);
    }

    private static org.apache.hadoop.fs.Path stagedFailures(DatasetFolder folder, int wave) throws IOException {
        return stagedFile(folder, "failures" + wave, "part.parquet");
    }

    private static org.apache.hadoop.fs.Path stagedFile(DatasetFolder folder, String in, String name)
            throws IOException {
        org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(folder.staging(in), name);
        try (var out = folder.files().create(file)) {
            out.write(in.getBytes(StandardCharsets.UTF_8));
        }
        return file;
    }

    private State state(DatasetFolder folder) throws IOException {
        for (int wave : folder.committedWaves()) {
            for (String name : FILES) {
                Path file =
                        root.resolve("images/" + folder.wave(wave).getName()).resolve(name);
                assertThat(file).hasContent("wave" + wave);
            }
        }
        return new State(new TreeSet<>(folder.committedWaves()), new TreeSet<>(folder.wavesWithFailures()));
    }

    private List<String> leftovers() throws IOException {
        try (Stream<Path> files = Files.list(root)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("_"))
                    .toList();
        }
    }

    private static DatasetManifest manifest(long listed) {
        return new DatasetManifest(
                DatasetManifest.FORMAT_VERSION,
                MODEL,
                "none",
                4,
                true,
                listed,
                0,
                0,
                10,
                1,
                "sequence",
                false,
                Instant.EPOCH);
    }
}
