package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** That docs/SECURITY.md promises nothing without a test that is there. */
class SecurityDocumentTest {
    private static final Path DOCUMENT = Path.of("../docs/SECURITY.md");
    private static final Pattern TEST = Pattern.compile("`([A-Za-z]+Test)#([A-Za-z0-9]+)`");

    @Test
    void everyTestThatIsNamedIsThere() throws IOException {
        String table = table();
        List<String> named = TEST.matcher(table)
                .results()
                .map(match -> match.group(1) + "#" + match.group(2))
                .toList();

        assertThat(named).hasSizeGreaterThan(40);
        assertThat(named).allMatch(SecurityDocumentTest::isThere);
    }

    @Test
    void everyPromiseNamesATest() throws IOException {
        List<String> rows = table().lines()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| promise") && !line.startsWith("| ---"))
                .toList();

        assertThat(rows).hasSizeGreaterThan(30).allMatch(row -> TEST.matcher(row)
                .find());
    }

    @Test
    void aTestThatIsNotThereIsMissed() {
        assertThat(isThere("SecurityDocumentTest#aTestThatIsNotThereIsMissed")).isTrue();
        assertThat(isThere("SecurityDocumentTest#noSuchMethod")).isFalse();
        assertThat(isThere("NoSuchTest#aTestThatIsNotThereIsMissed")).isFalse();
    }

    private static String table() throws IOException {
        String all = Files.readString(DOCUMENT);
        return all.substring(all.indexOf("## Which test shows it"));
    }

    private static boolean isThere(String name) {
        String[] parts = name.split("#");
        try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
            return files.filter(file -> file.endsWith(parts[0] + ".java")).anyMatch(file -> hasTest(file, parts[1]));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean hasTest(Path file, String method) {
        try {
            return Files.readString(file).matches("(?s).*\\n    void " + method + "\\(.*");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
