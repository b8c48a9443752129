package org.imagesearch.server.shards;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory that this process may still take without anything being swapped out or ended, files in the page cache aside. */
final class AvailableMemory {
    private static final Path MEMINFO = Path.of("/proc/meminfo");
    private static final String AVAILABLE = "MemAvailable:";

    private AvailableMemory() {}

    /** Bytes, at most what the container has; 0 if it is not known. */
    static long bytes() {
        long ofContainer =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return Math.min(ofMachine(MEMINFO), ofContainer);
    }

    /** What Linux tells in a file like {@code /proc/meminfo}, in KiB. */
    static long ofMachine(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> line.startsWith(AVAILABLE))
                    .map(line ->
                            line.substring(AVAILABLE.length()).replace("kB", "").trim())
                    .mapToLong(kib -> Long.parseLong(kib) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException | NumberFormatException e) {
            // Elsewhere than on Linux.
            return 0;
        }
    }
}
