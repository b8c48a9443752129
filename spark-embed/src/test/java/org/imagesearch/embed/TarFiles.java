package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tars as Python's {@code tarfile} and GNU tar write them. */
final class TarFiles {
    private TarFiles() {}

    /**
     * A tar by Python.
     *
     * @param format of its headers: PAX, GNU or USTAR
     * @param folder whose files it takes, in the order of their names
     */
    static Path python(Path tar, String format, Path folder) {
        String program =
                """
                import os, sys, tarfile
                tar, form, folder = sys.argv[1:]
                with tarfile.open(tar, 'w', format=getattr(tarfile, form + '_FORMAT')) as out:
                    names = []
                    for root, _, files in os.walk(folder):
                        names += [os.path.relpath(os.path.join(root, file), folder) for file in files]
                    for name in sorted(names):
                        out.add(os.path.join(folder, name), arcname=name)
                """;
        run("/usr/bin/python3", "-c", program, tar.toString(), format, folder.toString());
        return tar;
    }

    /** A tar of a whole folder, by GNU tar: names begin with {@code ./}, folders are members, too. */
    static Path gnuTar(Path tar, Path folder, String... options) {
        String[] command = new String[options.length + 6];
        command[0] = "/usr/bin/tar";
        System.arraycopy(options, 0, command, 1, options.length);
        command[options.length + 1] = "-cf";
        command[options.length + 2] = tar.toString();
        command[options.length + 3] = "-C";
        command[options.length + 4] = folder.toString();
        command[options.length + 5] = ".";
        run(command);
        return tar;
    }

    static void run(String... command) {
        try {
            Path log = Files.createTempFile("tar", ".log");
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            int status = process.waitFor();
            assertThat(status).as(() -> text(log)).isZero();
            Files.delete(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
