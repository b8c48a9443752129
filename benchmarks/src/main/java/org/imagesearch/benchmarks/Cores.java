package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.imagesearch.core.ImageSearchException;

/**
 * Processors for what is measured and for what drives it, apart from each other, so that neither takes the other's time. Linux.
 *
 * @param measured as {@code taskset} lists them
 * @param driver as {@code taskset} lists them; the same where there is only one
 */
record Cores(String measured, String driver) {
    /** The processors that this process may use, in two halves; of an odd number, the larger one is measured. */
    static Cores inHalves() throws IOException {
        List<Integer> all = allowed();
        int half = (all.size() + 1) / 2;
        return new Cores(list(all.subList(0, half)), list(all.subList(all.size() == 1 ? 0 : half, all.size())));
    }

    int measuredCount() {
        return measured.split(",").length;
    }

    private static String list(List<Integer> processors) {
        return processors.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    private static List<Integer> allowed() throws IOException {
        List<Integer> all = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("Cpus_allowed_list:")) {
                for (String range : line.replaceFirst("\\S+\\s+", "").split(",")) {
                    String[] ends = range.strip().split("-");
                    for (int i = Integer.parseInt(ends[0]); i <= Integer.parseInt(ends[ends.length - 1]); i++) {
                        all.add(i);
                    }
                }
            }
        }
        return all;
    }

    /** The beginning of a command line that binds the program named behind it. */
    List<String> measuring() {
        return List.of("taskset", "-c", measured);
    }

    /** Binds the calling thread. */
    static void bindThisThread(String processors) throws IOException, InterruptedException {
        Path self = Files.readSymbolicLink(Path.of("/proc/thread-self"));
        run(List.of("taskset", "-cp", processors, self.getFileName().toString()));
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() != 0) {
            throw ImageSearchException.resource("%s ended with %d", String.join(" ", command), process.exitValue());
        }
    }
}
