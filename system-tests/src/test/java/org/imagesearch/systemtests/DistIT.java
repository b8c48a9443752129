package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.imagesearch.core.Checksums;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The archive of {@code bin/dist}: the same bytes each time, whole, and of use where there is Java and nothing of the source tree. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DistIT {
    private static final int PICTURES = 40;
    private static final Duration STARTED_WITHIN = Duration.ofSeconds(90);
    private static final Pattern SERVING =
            Pattern.compile("serving (\\d+) pictures in (\\d+) shards .* at (http://\\S+)");
    private static final Pattern FROM_THE_SYSTEM = Pattern.compile("\\s/(usr/)?lib\\S*/libgomp\\S*");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** All that the scripts, and Spark and Hadoop within Java, call. */
    private static final List<String> TOOLS = List.of(
            "bash", "basename", "chmod", "dirname", "env", "id", "locale", "ls", "readlink", "rm", "uname", "whoami");

    @TempDir
    static Path folder;

    private Path archive;
    private Path unpacked;
    private Path tools;

    @BeforeAll
    void packAndUnpack() throws IOException {
        archive = pack("first");
        Command.run(folder.resolve("tar.log"), List.of("tar", "xzf", archive.toString(), "-C", folder.toString()));
        unpacked = folder.resolve(archive.getFileName().toString().replace(".tar.gz", ""));
        tools = Files.createDirectory(folder.resolve("tools"));
        for (String tool : TOOLS) {
            Files.createSymbolicLink(tools.resolve(tool), onThePath(tool));
        }
        Files.createSymbolicLink(tools.resolve("java"), Path.of(System.getProperty("java.home"), "bin", "java"));
    }

    @Test
    void packedTwiceItHasTheSameBytes() {
        assertThat(Checksums.of(pack("second"))).isEqualTo(Checksums.of(archive));
    }

    @Test
    void itHasWhatItSaysAndNothingOfTheSourceTree() throws IOException {
        assertThat(names(unpacked))
                .containsExactlyInAnyOrder(
                        "CONTRIBUTING.md",
                        "LICENSE",
                        "NOTICE",
                        "README.md",
                        "bin",
                        "conf",
                        "demo",
                        "deploy",
                        "docs",
                        "lib",
                        "licenses",
                        "models",
                        "notebooks",
                        "sbom.json",
                        "spark");
        assertThat(names(unpacked.resolve("bin")))
                .containsExactlyInAnyOrder(
                        "embed",
                        "export",
                        "import-embeddings",
                        "import-model",
                        "lib",
                        "merge",
                        "query",
                        "serve",
                        "verify-model");
        assertThat(names(unpacked.resolve("lib"))).hasSize(3).allMatch(name -> name.endsWith("-all.jar"));
    }

    @Test
    void itListsWhatItIsMadeOfWithTheTextsOfTheLicences() throws IOException {
        JsonNode sbom = MAPPER.readTree(unpacked.resolve("sbom.json").toFile());

        assertThat(sbom.path("bomFormat").asText()).isEqualTo("CycloneDX");
        Set<String> names = new TreeSet<>();
        Set<String> files = new TreeSet<>();
        sbom.path("components").forEach(component -> {
            String name = component.path("name").asText();
            names.add(name);
            files.add(name + "-" + component.path("version").asText());
            assertThat(component.path("version").asText())
                    .as(component.toString())
                    .isNotBlank();
        });
        assertThat(names)
                .contains("faiss", "libjpeg-turbo", "libgomp", "onnxruntime", "undertow-core", "spark-core_2.12")
                .doesNotContain("junit-jupiter", "assertj-core");
        assertThat(names(unpacked.resolve("spark/jars")))
                .hasSizeGreaterThan(100)
                .allSatisfy(jar ->
                        assertThat(files).as("every jar of Spark is listed").anyMatch(jar::startsWith));
        assertThat(Files.readAllLines(unpacked.resolve("licenses/THIRD-PARTY.txt")))
                .filteredOn(line -> line.startsWith("io.undertow:undertow-core:"))
                .singleElement()
                .asString()
                .contains("Apache");
        assertThat(unpacked.resolve("licenses/libgomp1.txt")).content().contains("GCC Runtime Library Exception");
    }

    @Test
    void picturesAreEmbeddedMergedAndFoundWhereThereIsOnlyJava() throws Exception {
        Path pictures = folder.resolve("pictures");
        Path embeddings = folder.resolve("embeddings");
        Path index = folder.resolve("index");
        Path model = unpacked.resolve("demo/model");
        EmbeddedPictures.draw(pictures, PICTURES);

        run("embed", "--input", pictures, "--output", embeddings, "--model", model);
        run("merge", "--embeddings", embeddings, "--index", index, "--shards", 2);
        run("verify-model", model);
        readInANotebook(embeddings);

        Path log = folder.resolve("serve.log");
        Process server = Command.start(log, packed("serve", "--index", index, "--model", model, "--port", 0));
        try {
            Matcher serving = awaitServing(server, log);
            assertThat(serving.group(1)).isEqualTo(String.valueOf(PICTURES));
            assertThat(serving.group(2)).isEqualTo("2");
            HttpRequest picture = HttpRequest.newBuilder(URI.create(serving.group(3) + "/search?k=1"))
                    .header("Content-Type", "image/jpeg")
                    .POST(BodyPublishers.ofFile(pictures.resolve("000007.jpg")))
                    .build();
            JsonNode answer = MAPPER.readTree(HttpClient.newHttpClient()
                    .send(picture, BodyHandlers.ofByteArray())
                    .body());
            assertThat(answer.at("/hits/0/id").asInt()).isEqualTo(7);
            String mapped = Files.readString(Path.of("/proc", String.valueOf(server.pid()), "maps"));
            assertThat(mapped).contains("libgomp").doesNotContainPattern(FROM_THE_SYSTEM);

            server.destroy();

            assertThat(server.waitFor(20, TimeUnit.SECONDS)).as("ended in time").isTrue();
        } finally {
            server.destroyForcibly();
        }
    }

    /** By the jars of the archive, without pandas' own reader of Parquet. */
    private void readInANotebook(Path embeddings) {
        String script =
                """
                import pathlib, sys
                sys.path.insert(0, sys.argv[1])
                import parquet
                files = parquet.files(pathlib.Path(sys.argv[2], "images"))
                assert sum(len(parquet._read_by_java(file, ["id"])) for file in files) == int(sys.argv[3])
                """;
        Command.run(
                folder.resolve("notebook.log"),
                List.of(
                        "/usr/bin/python3",
                        "-c",
                        script,
                        unpacked.resolve("notebooks").toString(),
                        embeddings.toString(),
                        String.valueOf(PICTURES)));
    }

    @Test
    void onAnotherPlatformItSaysForWhichOneItIs() {
        String elsewhere = "-Dorg.bytedeco.javacpp.platform=linux-arm64";
        Path log = folder.resolve("elsewhere.log");
        List<String> serve = packed("serve", "--index", folder, "--model", unpacked.resolve("demo/model"));
        serve.add(2, "JDK_JAVA_OPTIONS=" + elsewhere);

        assertThat(Command.status(log, serve)).isEqualTo(1);
        assertThat(Command.tail(log))
                .contains("serve: the Faiss library cannot be loaded on Linux")
                .endsWith("no native library for linux-arm64; this build has linux-x86_64");

        List<String> merge = packed("merge", "--embeddings", folder, "--index", folder.resolve("elsewhere"));
        merge.add(2, "JDK_JAVA_OPTIONS=" + elsewhere);

        assertThat(Command.status(log, merge)).isEqualTo(1);
        assertThat(Command.tail(log)).endsWith("no native library for linux-arm64; this build has linux-x86_64");

        List<String> verify = packed("verify-model", unpacked.resolve("demo/model"));
        verify.add(2, "JDK_JAVA_OPTIONS=" + elsewhere);

        assertThat(Command.status(log, verify)).isEqualTo(1);
        assertThat(Command.tail(log))
                .contains("verify-model: pictures cannot be decoded on Linux")
                .endsWith("no native library for linux-arm64; this build has linux-x86_64");
    }

    @Test
    void withoutJavaItSaysWhatIsMissing() throws IOException {
        Path log = folder.resolve("no-java.log");
        Path fewer = Files.createDirectory(folder.resolve("fewer-tools"));
        for (String tool : TOOLS) {
            Files.createSymbolicLink(fewer.resolve(tool), onThePath(tool));
        }
        List<String> command = packed("serve", "--help");
        command.set(2, "PATH=" + fewer);

        assertThat(Command.status(log, command)).isEqualTo(1);
        assertThat(Command.tail(log)).startsWith("serve: no java: install Java 17");
    }

    @Test
    void wrongUsageIsRefused() {
        Path log = folder.resolve("usage.log");

        assertThat(Command.status(log, List.of("bin/dist", "--ouput", "x"))).isEqualTo(2);
        assertThat(Command.tail(log)).isEqualTo("dist: unknown option --ouput (see bin/dist --help)");
        assertThat(Command.status(log, List.of("bin/dist", "--output"))).isEqualTo(2);
        assertThat(Command.status(log, List.of("bin/dist", "--help"))).isZero();
    }

    private static Path pack(String name) {
        Path output = folder.resolve(name);
        Command.run(folder.resolve(name + ".log"), List.of("bin/dist", "--output", output.toString()));
        List<String> made = names(output);
        assertThat(made).hasSize(1);
        return output.resolve(made.get(0));
    }

    private void run(String program, Object... arguments) {
        Command.run(folder.resolve(program + ".log"), packed(program, arguments));
    }

    /** A program of the archive in an environment that has only the tools. */
    private List<String> packed(String program, Object... arguments) {
        List<String> command = new ArrayList<>(List.of("/usr/bin/env", "-i", "PATH=" + tools, "HOME=" + folder));
        command.add(unpacked.resolve("bin").resolve(program).toString());
        Stream.of(arguments).map(String::valueOf).forEach(command::add);
        return command;
    }

    private static Matcher awaitServing(Process process, Path log) throws Exception {
        Instant deadline = Instant.now().plus(STARTED_WITHIN);
        while (process.isAlive() && Instant.now().isBefore(deadline)) {
            Matcher serving = SERVING.matcher(Files.readString(log));
            if (serving.find()) {
                return serving;
            }
            process.waitFor(100, TimeUnit.MILLISECONDS);
        }
        throw new AssertionError("bin/serve did not come up:\n" + Command.tail(log));
    }

    private static Path onThePath(String tool) {
        return Stream.of(System.getenv("PATH").split(":"))
                .map(entry -> Path.of(entry, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + tool + " on the PATH"));
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }
}
