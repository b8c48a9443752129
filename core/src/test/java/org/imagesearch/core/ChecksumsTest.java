package org.imagesearch.core;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksumsTest {
    @TempDir
    Path folder;

    /** Source: FIPS 180-4, the examples of NIST. */
    @Test
    void theStandardsExamplesComeOut() {
        assertThat(Checksums.of(new byte[0]))
                .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assertThat(Checksums.of("abc".getBytes(US_ASCII)))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(Checksums.of("a".repeat(1_000_000).getBytes(US_ASCII)))
                .isEqualTo("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }

    @Test
    void aFileAStreamAndADigestAgreeAtAnyLength() throws IOException {
        long seed = 9;
        Random random = new Random(seed);
        for (int length : new int[] {0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_001}) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            Path file = Files.write(folder.resolve("file"), bytes);
            MessageDigest digest = Checksums.newDigest();
            digest.update(bytes);
            String expected = Checksums.hex(digest);
            assertThat(Checksums.of(bytes))
                    .as("seed %d, length %d", seed, length)
                    .isEqualTo(expected);
            assertThat(Checksums.of(file)).isEqualTo(expected);
            assertThat(Checksums.of(new InSmallPieces(bytes))).isEqualTo(expected);
        }
    }

    @Test
    void whatCannotBeReadIsNamed() {
        Path absent = folder.resolve("absent");
        for (Path file : new Path[] {absent, folder}) {
            assertThatThrownBy(() -> Checksums.of(file))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessageContaining(file.toString());
        }
    }

    /** A stream that gives less than it is asked for, as sockets do. */
    private static final class InSmallPieces extends InputStream {
        private final InputStream whole;

        InSmallPieces(byte[] bytes) {
            this.whole = new ByteArrayInputStream(bytes);
        }

        @Override
        public int read() throws IOException {
            return whole.read();
        }

        @Override
        public int read(byte[] out, int offset, int length) throws IOException {
            return whole.read(out, offset, Math.min(length, 1000));
        }
    }
}
