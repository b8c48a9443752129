package org.imagesearch.core.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TakedownsTest {
    private static final Instant AT = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir
    Path root;

    @Test
    void anIndexWithoutTheFileHasNothingDown() {
        assertThat(Takedowns.read(root)).isEmpty();
        assertThat(Takedowns.entries(root, new long[] {1})).isEmpty();
    }

    @Test
    void whatIsTakenDownStaysDownUntilItIsGivenBack() throws IOException {
        Takedowns.Change first = append(30, 10, 20, 10);
        assertThat(first.changed()).containsExactly(30, 10, 20);
        assertThat(first.down()).containsExactly(10, 20, 30);
        assertThat(Takedowns.read(root)).containsExactly(10, 20, 30);

        Takedowns.Change second = append(20, 40);
        assertThat(second.changed()).as("only what is new is written").containsExactly(40);

        Takedowns.Change back = Takedowns.restore(root, new long[] {10, 99}, AT, Optional.empty());
        assertThat(back.changed()).containsExactly(10);
        assertThat(Takedowns.read(root)).containsExactly(20, 30, 40);

        assertThat(append(10).changed()).containsExactly(10);
        assertThat(Takedowns.read(root)).containsExactly(10, 20, 30, 40);
        assertThat(Files.readAllLines(file()))
                .hasSize(6)
                .contains(
                        "{\"id\":30,\"at\":\"2026-01-01T00:00:00Z\",\"reason\":\"asked for\"}",
                        "{\"id\":10,\"at\":\"2026-01-01T00:00:00Z\",\"restored\":true}");
        assertThat(Takedowns.entries(root, new long[] {5, 10, 20}))
                .extracting(Takedown::id)
                .containsExactly(10L, 20L);
    }

    @Test
    void aReasonMayHoldAnything() throws IOException {
        String reason = "line\nbreak \"quotes\" \u2028 🐻";
        Takedowns.append(root, new long[] {1}, AT, Optional.of(reason));
        assertThat(Files.readAllLines(file())).hasSize(1);
        assertThat(Takedowns.entries(root, new long[] {1}).get(0).reason()).contains(reason);
        assertThatThrownBy(() ->
                        Takedowns.append(root, new long[] {2}, AT, Optional.of("x".repeat(Takedowns.REASON_LIMIT + 1))))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("1001 characters");
    }

    @Test
    void idsOutOfRangeAreRefusedBeforeAnythingIsWritten() {
        for (long bad : new long[] {-1, Ids.LIMIT}) {
            assertThatThrownBy(() -> append(1, bad))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.INPUT));
        }
        assertThat(file()).doesNotExist();
    }

    @Test
    void aLineTornAtAnyByteIsIgnoredAndRepaired() throws IOException {
        append(1, 2);
        byte[] whole = Files.readAllBytes(file());
        append(3);
        byte[] more = Files.readAllBytes(file());
        for (int length = whole.length; length < more.length; length++) {
            Files.write(file(), Arrays.copyOf(more, length));
            boolean closed = length == more.length - 1;
            if (closed) {
                assertThat(Takedowns.read(root))
                        .as("only its line break is missing")
                        .containsExactly(1, 2, 3);
            } else {
                assertThat(Takedowns.read(root)).as("cut at byte %d", length).containsExactly(1, 2);
            }
            assertThat(append(4).down()).contains(1, 2, 4);
            assertThat(Takedowns.read(root)).containsExactly(closed ? new long[] {1, 2, 3, 4} : new long[] {1, 2, 4});
            assertThat(Files.readAllLines(file())).hasSize(closed ? 4 : 3);
        }
    }

    @Test
    void nulsThatACrashLeftAtTheEndAreATornLine() throws IOException {
        append(1);
        Files.write(file(), new byte[100], StandardOpenOption.APPEND);
        assertThat(Takedowns.read(root)).containsExactly(1);
        append(2);
        assertThat(Takedowns.read(root)).containsExactly(1, 2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\":2",
                "[]",
                "null",
                "{\"at\":\"2026-01-01T00:00:00Z\"}",
                "{\"id\":-2}",
                "{\"id\":\"x\"}",
                "{\"id\":1.5}",
                "{\"id\":2,\"at\":\"soon\"}",
                "{\"id\":2} {\"id\":3}",
                "{\"id\":2,\"restored\":\"perhaps\"}",
                "\0\0"
            })
    void aDamagedLineInTheMiddleNamesFileAndLine(String line) throws IOException {
        Files.writeString(file(), "{\"id\":1}\n" + line + "\n{\"id\":3}\n");
        for (Runnable attempt : List.<Runnable>of(
                () -> Takedowns.read(root), () -> append(4), () -> Takedowns.entries(root, new long[] {1}))) {
            assertThatThrownBy(attempt::run)
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessageContaining(file().toString())
                    .hasMessageContaining("line 2");
        }
    }

    @Test
    void aLineWithoutEndIsRefusedBeforeItFillsTheMemory() throws IOException {
        Files.writeString(file(), "{\"id\":1,\"reason\":\"" + "x".repeat(1 << 20));
        assertThatThrownBy(() -> Takedowns.read(root))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("line 1, is longer than");
    }

    @Test
    void filesWrittenByHandAreRead() throws IOException {
        Files.writeString(file(), "\n{ \"id\" : 7 }\r\n  \n{\"id\":8,\"reason\":\"x\",\"by\":\"me\"}");
        assertThat(Takedowns.read(root)).containsExactly(7, 8);
        append(9);
        assertThat(Takedowns.read(root)).containsExactly(7, 8, 9);
    }

    @Test
    void manyIdsComeBackSorted() throws IOException {
        long[] ids =
                LongStream.range(0, 100_000).map(i -> (i * 7919) % 1_000_003).toArray();
        append(ids);
        assertThat(Takedowns.read(root))
                .containsExactly(LongStream.of(ids).sorted().toArray());
    }

    @Test
    void threadsAndProcessesDoNotLoseEachOthersLines() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int process = 0; process < 2; process++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Appender.class.getName(),
                            root.toString(),
                            Integer.toString(1000 * process))
                    .inheritIO()
                    .start());
        }
        List<Thread> threads = new ArrayList<>();
        for (int thread = 2; thread < 4; thread++) {
            int from = 1000 * thread;
            threads.add(new Thread(() -> Appender.appendOneByOne(root, from), "appender-" + thread));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        for (Process process : processes) {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }
        TreeSet<Long> expected = new TreeSet<>();
        for (int writer = 0; writer < 4; writer++) {
            for (long i = 0; i < Appender.LINES; i++) {
                expected.add(1000L * writer + i);
            }
        }
        assertThat(Takedowns.read(root))
                .containsExactly(expected.stream().mapToLong(Long::longValue).toArray());
    }

    /** Appends many lines one at a time, as another process. */
    static final class Appender {
        static final int LINES = 40;

        private Appender() {}

        public static void main(String[] arguments) {
            appendOneByOne(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
        }

        static void appendOneByOne(Path root, int from) {
            for (int i = 0; i < LINES; i++) {
                Takedowns.append(root, new long[] {from + i}, AT, Optional.empty());
            }
        }
    }

    private Takedowns.Change append(long... ids) {
        return Takedowns.append(root, ids, AT, Optional.of("asked for"));
    }

    private Path file() {
        return root.resolve(Takedowns.FILE);
    }
}
