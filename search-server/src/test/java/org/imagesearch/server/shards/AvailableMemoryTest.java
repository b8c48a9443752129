package org.imagesearch.server.shards;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AvailableMemoryTest {
    @TempDir
    Path folder;

    @Test
    void memoryIsWhatLinuxSaysIsAvailable() throws IOException {
        Path file = folder.resolve("meminfo");
        Files.writeString(
                file, "MemTotal:       24684000 kB\nMemFree:   1 kB\nMemAvailable:   23671234 kB\nBuffers: 8 kB\n");
        assertThat(AvailableMemory.ofMachine(file)).isEqualTo(23671234L * 1024);
        assertThat(AvailableMemory.ofMachine(folder.resolve("none"))).isZero();
        assertThat(AvailableMemory.bytes()).isPositive();
    }
}
