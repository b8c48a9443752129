package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.imagesearch.core.program.Programs;
import org.imagesearch.server.access.ApiKeys;
import org.imagesearch.server.access.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class KeyCommandTest {
    @TempDir
    Path folder;

    private final StringWriter told = new StringWriter();
    private final StringWriter complained = new StringWriter();

    @Test
    void theKeyIsPrintedAndOnlyItsDigestIsWritten() throws IOException {
        Path file = folder.resolve("keys");

        assertThat(run("page", "--keys", file.toString())).isZero();
        String secret = secret();
        assertThat(run("ops", "--role", "admin", "--keys", file.toString())).isZero();

        assertThat(Files.readString(file)).doesNotContain(secret).hasLineCount(2);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        ApiKeys keys = ApiKeys.open(file.toString(), "");
        assertThat(keys.find(secret).orElseThrow().role()).isEqualTo(Role.SEARCH);
        assertThat(keys.find(secret()).orElseThrow().role()).isEqualTo(Role.ADMIN);
    }

    @Test
    void withoutAFileTheLineIsPrintedToo() throws IOException {
        assertThat(run("page")).isZero();

        String line = line("line: ");
        Path file = Files.writeString(folder.resolve("keys"), line);
        assertThat(ApiKeys.open(file.toString(), "")
                        .find(secret())
                        .orElseThrow()
                        .name())
                .isEqualTo("page");
    }

    @Test
    void aLineWithoutAnEndIsEndedFirst() throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), "# ours");

        assertThat(run("page", "--keys", file.toString())).isZero();

        assertThat(Files.readAllLines(file)).hasSize(2).first().isEqualTo("# ours");
    }

    @Test
    void aNameThatIsTakenIsRefusedAndNothingIsWritten() throws IOException {
        Path file = folder.resolve("keys");
        run("page", "--keys", file.toString());
        String before = Files.readString(file);

        assertThat(run("page", "--keys", file.toString())).isEqualTo(2);

        assertThat(complained.toString()).contains("'page' already");
        assertThat(Files.readString(file)).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({"a b, search, the name of a key", "page, guest, the role is 'guest'"})
    void whatIsWrongIsNamed(String name, String role, String message) {
        assertThat(run(name, "--role", role)).isEqualTo(2);
        assertThat(complained.toString()).contains(message);
    }

    @Test
    void theProgramKnowsTheCommand() {
        assertThat(ServeCommand.execute("key", "--help")).isZero();
    }

    private int run(String... arguments) {
        told.getBuffer().setLength(0);
        return Programs.endingInOneLine(new CommandLine(new KeyCommand()))
                .setOut(new PrintWriter(told, true))
                .setErr(new PrintWriter(complained, true))
                .execute(arguments);
    }

    private String secret() {
        return line("key:  ");
    }

    private String line(String beginning) {
        return told.toString()
                .lines()
                .filter(line -> line.startsWith(beginning))
                .findFirst()
                .orElseThrow()
                .substring(beginning.length());
    }
}
