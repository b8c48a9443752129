package org.imagesearch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampledChecksumTest {
    @TempDir
    Path folder;

    @Test
    void smallFilesAreHashedWholeAfterTheirLength() throws IOException {
        for (int length : new int[] {0, 1, 65_536, 65_537, SampledChecksum.WHOLE_BYTES}) {
            byte[] bytes = random(length);
            MessageDigest digest = digestOfLength(length);
            digest.update(bytes);
            assertThat(of(bytes)).as("length %d", length).isEqualTo(Checksums.hex(digest));
        }
    }

    /** The layout as docs/FORMATS.md has it, written down once more. */
    @Test
    void largeFilesAreHashedAtTheirEndsAndInSpreadBlocks() throws IOException {
        for (int length : new int[] {SampledChecksum.WHOLE_BYTES + 1, 1_000_003, 4 << 20}) {
            byte[] bytes = random(length);
            MessageDigest digest = digestOfLength(length);
            digest.update(bytes, 0, 65_536);
            for (int block = 0; block < 62; block++) {
                digest.update(bytes, (int) (65_536 + block * (length - 135_168L) / 61), 4_096);
            }
            digest.update(bytes, length - 65_536, 65_536);
            assertThat(of(bytes)).as("length %d", length).isEqualTo(Checksums.hex(digest));
        }
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> SampledChecksum.of(folder.resolve("absent")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("absent");
    }

    private String of(byte[] bytes) throws IOException {
        return SampledChecksum.of(Files.write(folder.resolve("file"), bytes));
    }

    private static MessageDigest digestOfLength(long length) {
        MessageDigest digest = Checksums.newDigest();
        digest.update(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .flip());
        return digest;
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
