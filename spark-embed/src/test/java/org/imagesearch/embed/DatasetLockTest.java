package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetLockTest {
    @TempDir
    Path folder;

    private DatasetFolder dataset;

    @BeforeEach
    void open() {
        dataset = DatasetFolder.open(folder.resolve("dataset").toString(), new Configuration(false));
    }

    @Test
    void secondRunIsKeptOutAndToldWhoIsAtWork() throws IOException {
        try (DatasetLock lock = DatasetLock.take(dataset)) {
            lock.requireHeld();
            assertThatThrownBy(() -> DatasetLock.take(dataset))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.INPUT))
                    .hasMessageContaining("is in use by another run")
                    .hasMessageContaining(" " + ProcessHandle.current().pid() + " ")
                    .hasMessageContaining("delete ");
        }
        assertThat(lockFile()).doesNotExist();
        DatasetLock.take(dataset).close();
    }

    @Test
    void lockOfAProcessThatHasEndedIsTakenOver() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        leave(InetAddress.getLocalHost().getHostName(), ended.pid(), "unknown", Instant.now());
        assertThatCode(() -> DatasetLock.take(dataset).close()).doesNotThrowAnyException();
    }

    @Test
    void lockOfAnEarlierProcessWithTheNumberOfALivingOneIsTakenOver() throws Exception {
        leave(
                InetAddress.getLocalHost().getHostName(),
                ProcessHandle.current().pid(),
                "2001-01-01T00:00:00Z",
                Instant.now());
        assertThatCode(() -> DatasetLock.take(dataset).close()).doesNotThrowAnyException();
    }

    @Test
    void lockOfAnotherHostHoldsUntilItIsNotRenewed() throws IOException {
        leave("elsewhere", 1, "unknown", Instant.now().minusSeconds(100));
        assertThatThrownBy(() -> DatasetLock.take(dataset)).hasMessageContaining("elsewhere 1 ");
        leave("elsewhere", 1, "unknown", Instant.now().minusSeconds(130));
        assertThatCode(() -> DatasetLock.take(dataset).close()).doesNotThrowAnyException();
    }

    @Test
    void lockThatIsBeingWrittenHoldsUntilItIsOld() throws IOException {
        DrawnPictures.write(lockFile(), new byte[0]);
        assertThatThrownBy(() -> DatasetLock.take(dataset)).hasMessageContaining("is in use by another run");
        Files.setLastModifiedTime(lockFile(), FileTime.from(Instant.now().minusSeconds(130)));
        assertThatCode(() -> DatasetLock.take(dataset).close()).doesNotThrowAnyException();
    }

    @Test
    void holderLearnsThatItsLockIsGoneAndLeavesTheOtherOneAlone() throws IOException {
        DatasetLock lost = DatasetLock.take(dataset);
        dataset.files().delete(new org.apache.hadoop.fs.Path(dataset.root(), "_lock"), false);
        assertThatThrownBy(lost::requireHeld)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE))
                .hasMessageContaining("has lost");
        try (DatasetLock taken = DatasetLock.take(dataset)) {
            assertThatThrownBy(lost::requireHeld).hasMessageContaining("has lost");
            lost.close();
            taken.requireHeld();
        }
    }

    @Test
    void fileInThePlaceOfTheFolderIsAnInputError() {
        DrawnPictures.write(folder.resolve("dataset"), new byte[1]);
        assertThatThrownBy(() -> DatasetLock.take(dataset))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining("--output")
                .hasMessageContaining("dataset");
    }

    private void leave(String host, long pid, String start, Instant renewed) throws IOException {
        try (var out = dataset.files().create(new org.apache.hadoop.fs.Path(dataset.root(), "_lock"), true)) {
            out.write("%s %d %s %s token".formatted(host, pid, start, renewed).getBytes(StandardCharsets.UTF_8));
        }
    }

    private Path lockFile() {
        return folder.resolve("dataset/_lock");
    }
}
