package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.imagesearch.merge.IndexUnderTest.assertNothingLeftBehind;
import static org.imagesearch.merge.IndexUnderTest.assertWhole;
import static org.imagesearch.merge.IndexUnderTest.names;
import static org.imagesearch.merge.IndexUnderTest.published;
import static org.imagesearch.merge.IndexUnderTest.run;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.merge.IndexUnderTest.Ended;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Merges that are killed and disks that fill up: what is published stays what it was, byte for byte, and the same command
 * run again succeeds and leaves nothing behind.
 */
class MergeFaultsIT {
    private static final long SEED = 5;
    private static final int KILLED = 128 + 9;

    /** Shards of 1,000, 1,000 and 500 pictures. */
    @TempDir
    private static Path built;

    private static Path few;
    private static Path all;

    @TempDir
    Path folder;

    @BeforeAll
    static void build() throws IOException {
        List<EmbeddingRow> pictures = SyntheticDataset.pictures(3_000, SEED);
        few = SyntheticDataset.write(
                built.resolve("few"),
                SyntheticDataset.MODEL,
                pictures.subList(0, 2_500),
                SyntheticDataset.captions(pictures.subList(0, 2_500), SEED));
        all = SyntheticDataset.write(
                built.resolve("all"), SyntheticDataset.MODEL, pictures, SyntheticDataset.captions(pictures, SEED));
        Ended ended = run("--embeddings", few, "--index", built.resolve("index"), "--shards", 3, "--nlist", 32);
        assertThat(ended.status()).as(ended.error()).isZero();
    }

    static Stream<Arguments> aMergeThatIsKilledLeavesWhatIsPublished() {
        List<Arguments> cases = new ArrayList<>();
        for (Progress.Step step : Progress.Step.values()) {
            cases.add(Arguments.of("build", "step:" + step));
            if (step != Progress.Step.TRAINED) {
                cases.add(Arguments.of("add", "step:" + step));
            }
        }
        for (Progress.Step step :
                List.of(Progress.Step.OPENED, Progress.Step.BUILT, Progress.Step.COMPLETED, Progress.Step.PUBLISHED)) {
            cases.add(Arguments.of("compact", "step:" + step));
        }
        for (String work : List.of("build", "add", "compact")) {
            cases.add(Arguments.of(work, "file:\\.gen-.*/shard-\\d+\\.faiss"));
            cases.add(Arguments.of(work, "file:\\.gen-.*\\.rows/.*"));
        }
        cases.add(Arguments.of("build", "file:\\.gen-.*/centroids\\.faiss"));
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource
    void aMergeThatIsKilledLeavesWhatIsPublished(String work, String when) throws Exception {
        Path index = IndexUnderTest.copy(built.resolve("index"), folder.resolve("index"));
        Path dataset = work.equals("add") ? all : few;

        Path log = folder.resolve("killed.log");
        assertThat(doomed(log, work, dataset.toString(), index.toString(), when))
                .as(() -> text(log))
                .isEqualTo(KILLED);

        boolean wasPublished = when.equals("step:PUBLISHED");
        assertThat(new IndexDirectory(index).currentGeneration()).isEqualTo(wasPublished ? "gen-000002" : "gen-000001");
        assertWhole(index);
        if (when.startsWith("file:")) {
            assertThat(names(index)).as("what it was writing").anyMatch(name -> name.startsWith(".gen-000002.tmp-"));
        }

        boolean more = !(wasPublished && (work.equals("add") || work.equals("compact")));
        Ended next = again(work, dataset, index);
        assertThat(next.status()).as(next.error()).isZero();
        assertThat(published(index).count()).isEqualTo(work.equals("add") ? 3_000 : 2_500);
        assertThat(next.out()).as("something to do").matches(out -> more != out.contains("nothing to "));
        assertWhole(index);
        assertNothingLeftBehind(index);
    }

    @Test
    void aDiskThatFillsUpIsToldWithTheFileAndLeavesWhatIsPublished() throws Exception {
        Path disk = Files.createDirectories(folder.resolve("disk"));
        assumeTrue(
                status("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk.toString()) == 0,
                "a small disk cannot be mounted here: no root, or a container without the right to");
        try {
            Path index = IndexUnderTest.copy(built.resolve("index"), disk.resolve("index"));
            for (String work : List.of("build", "add", "compact")) {
                Path dataset = work.equals("add") ? all : few;
                leave(disk, 32 << 10);
                Ended full = again(work, dataset, index);
                assertThat(full.status()).as(work).isEqualTo(1);
                assertThat(full.error())
                        .as(work)
                        .hasLineCount(1)
                        .startsWith("merge: ")
                        .contains(index + "/.gen-")
                        .contains("No space left on device");
                assertThat(new IndexDirectory(index).currentGeneration()).isEqualTo("gen-000001");
                assertWhole(index);
                assertNothingLeftBehind(index);

                resize(disk, "64m");
                Ended next = again(work, dataset, index);
                assertThat(next.status()).as(next.error()).isZero();
                assertThat(run("rollback", "--index", index, "--to", "gen-000001")
                                .status())
                        .isZero();
                assertThat(run("prune", "--index", index, "--keep", 1, "--newer")
                                .status())
                        .isZero();
                assertNothingLeftBehind(index);
            }
        } finally {
            status("umount", disk.toString());
        }
    }

    /** Less than any shard takes, and more than the centroids. */
    private static void leave(Path disk, long bytes) throws Exception {
        FileStore store = Files.getFileStore(disk);
        resize(disk, Long.toString(store.getTotalSpace() - store.getUnallocatedSpace() + bytes));
    }

    private static void resize(Path disk, String size) throws Exception {
        assertThat(status("mount", "-o", "remount,size=" + size, disk.toString()))
                .isZero();
    }

    /** The same work, to its end. */
    private static Ended again(String work, Path dataset, Path index) {
        return switch (work) {
            case "build" -> run("--embeddings", dataset, "--index", index, "--shards", 1, "--nlist", 32);
            case "add" -> run("--embeddings", dataset, "--index", index, "--shards", 1, "--add");
            default -> run("compact", "--index", index, "--shards", 1);
        };
    }

    private static int doomed(Path log, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--add-opens") || option.startsWith("-Dorg.bytedeco"))
                .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), DoomedMerge.class.getName()));
        command.addAll(Arrays.asList(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("ended in time").isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    private static int status(String... command) throws Exception {
        return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
    }

    private static String text(Path log) {
        try {
            return Files.readString(log, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "(" + log + " cannot be read: " + e + ")";
        }
    }
}
