package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexLayout;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts that must not succeed: what is said, and the exit status. */
class StartTest {
    /** An index that no test changes. */
    @TempDir
    private static Path folder;

    @BeforeAll
    static void writeIndex() {
        SmallIndex.publish(folder, 1, 71, 40, 2);
    }

    @Test
    void anotherModelIsRefusedWithBothFingerprints(@TempDir Path bundle) throws IOException {
        for (String name : List.of("image.onnx", "text.onnx", "tokenizer.json", "golden.json")) {
            Files.copy(SmallIndex.MODEL.resolve(name), bundle.resolve(name));
        }
        String manifest = Files.readString(SmallIndex.MODEL.resolve(ModelBundle.MANIFEST));
        Files.writeString(
                bundle.resolve(ModelBundle.MANIFEST), manifest.replace("\"version\": \"1\"", "\"version\": \"2\""));

        Ended ended = serve("--index", folder, "--model", bundle);

        assertThat(ended.status).isEqualTo(2);
        assertThat(ended.error)
                .contains(SmallIndex.BUNDLE.fingerprint().value())
                .contains(ModelBundle.open(bundle).fingerprint().value())
                .contains(folder.toString())
                .contains(bundle.toString());
    }

    @ParameterizedTest
    @MethodSource
    void aFlippedBitInAnyFileIsRefusedAndTheFileNamed(String pattern, @TempDir Path own) throws IOException {
        SmallIndex index = SmallIndex.publish(own, 1, 71, 40, 2);
        Path damaged;
        try (Stream<Path> files = Files.walk(index.folder())) {
            damaged = files.filter(
                            file -> index.folder().relativize(file).toString().matches(pattern))
                    .findFirst()
                    .orElseThrow();
        }
        SmallIndex.flipBit(damaged);

        Ended ended = serve("--index", own, "--model", SmallIndex.MODEL);

        assertThat(ended.status).isEqualTo(1);
        assertThat(ended.error).contains(damaged.toString()).contains("is damaged: sha256");
    }

    static Stream<String> aFlippedBitInAnyFileIsRefusedAndTheFileNamed() {
        return Stream.of(
                "centroids\\.faiss",
                "shard-00000\\.faiss",
                "shard-00001\\.faiss",
                "shard-00000\\.rows/.*\\.cfs",
                "shard-00001\\.rows/.*\\.cfe",
                "shard-00001\\.rows/segments_.*");
    }

    @Test
    void everyByteIsComparedWhereThatIsAskedFor(@TempDir Path own) throws IOException {
        SmallIndex index = SmallIndex.publish(own, 1, 71, 40, 2);
        // The manifest keeps the checksum of the samples only.
        Path manifest = index.folder().resolve(IndexLayout.MANIFEST);
        Files.writeString(
                manifest, Files.readString(manifest).replaceAll("\"sha256\" : \"[0-9a-f]{4}", "\"sha256\" : \"0000"));

        TestServers.start(own, Map.of()).close();
        TestServers.start(own, Map.of("index.verify", "none")).close();
        assertRefused(own, Map.of("index.verify", "whole"), ErrorCode.DATA, "is damaged: sha256 ");
        assertRefused(own, Map.of("index.verify", "true"), ErrorCode.INPUT, "[quick, whole, none]");
    }

    @Test
    void damageIsFoundInTheShardsServedOnly(@TempDir Path own) {
        SmallIndex index = SmallIndex.publish(own, 1, 71, 40, 2);
        SmallIndex.flipBit(index.folder().resolve(IndexLayout.shardIndex(1)));

        try (SearchServer server = TestServers.start(own, Map.of("index.shards", "0"))) {
            assertThat(new Visitor(server.address()).get("/search?text=a").status())
                    .isEqualTo(200);
        }
    }

    @Test
    void aShardThatIsCutShortOrMissingIsRefusedEvenUnverified(@TempDir Path own) throws IOException {
        SmallIndex index = SmallIndex.publish(own, 1, 71, 40, 2);
        Path shard = index.folder().resolve(IndexLayout.shardIndex(1));
        byte[] whole = Files.readAllBytes(shard);
        Files.write(shard, Arrays.copyOf(whole, whole.length - 100));
        assertRefused(own, Map.of("index.verify", "none"), ErrorCode.DATA, shard.toString());

        Files.delete(shard);
        assertRefused(own, Map.of("index.verify", "none"), ErrorCode.DATA, shard.toString());
        assertRefused(own, Map.of(), ErrorCode.DATA, shard.toString());
    }

    @Test
    void shardsWithOtherCentroidsAreRefused(@TempDir Path own, @TempDir Path other) throws IOException {
        SmallIndex index = SmallIndex.publish(own, 1, 71, 40, 2);
        SmallIndex foreign = SmallIndex.publish(other, 1, 72, 40, 2);
        Path shard = index.folder().resolve(IndexLayout.shardIndex(1));
        Files.copy(foreign.folder().resolve(IndexLayout.shardIndex(1)), shard, StandardCopyOption.REPLACE_EXISTING);

        assertRefused(own, Map.of("index.verify", "none"), ErrorCode.DATA, shard + " has other centroids");
    }

    @Test
    void whatIsNoIndexIsRefused(@TempDir Path own, @TempDir Path empty) throws IOException {
        SmallIndex index = SmallIndex.publish(own, 1, 71, 40, 2);
        Ended nothing = serve("--index", empty, "--model", SmallIndex.MODEL);
        assertThat(nothing.status).isEqualTo(2);
        assertThat(nothing.error).contains(empty.toString()).contains("CURRENT");

        Files.writeString(own.resolve(IndexLayout.CURRENT), "gen-000007\n");
        assertThat(serve("--index", own, "--model", SmallIndex.MODEL).status).isEqualTo(1);

        Files.writeString(own.resolve(IndexLayout.CURRENT), "../elsewhere\n");
        assertThat(serve("--index", own, "--model", SmallIndex.MODEL).error).contains("names no generation");

        index.publish();
        Files.writeString(index.folder().resolve(IndexLayout.MANIFEST), "{\"formatVersion\":1}");
        Ended broken = serve("--index", own, "--model", SmallIndex.MODEL);
        assertThat(broken.status).isEqualTo(1);
        assertThat(broken.error).contains("index.json");
    }

    @Test
    void whatIsNoModelIsRefused(@TempDir Path empty) {
        Ended ended = serve("--index", folder, "--model", empty);

        assertThat(ended.status).isEqualTo(2);
        assertThat(ended.error).contains(empty.toString()).contains("is not a model bundle");
    }

    @Test
    void aPortThatIsTakenIsNamedAndNothingStaysBehind() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
            Set<String> before = threads();

            Ended ended = serve("--index", folder, "--model", SmallIndex.MODEL, "--port", taken.getLocalPort());

            assertThat(ended.status).isEqualTo(1);
            assertThat(ended.error).contains("cannot listen on localhost:" + taken.getLocalPort());
            TestServers.await("the threads of the server end", () -> threads().stream()
                    .filter(name -> !before.contains(name))
                    .noneMatch(name -> name.startsWith("XNIO") || name.startsWith("scan-")));
        }
    }

    @Test
    void aHostThatDoesNotExistIsNamed() {
        assertRefused(
                folder,
                Map.of("http.host", "no-such-host.invalid"),
                ErrorCode.RESOURCE,
                "cannot listen on no-such-host.invalid:0: ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "--index x",
                "--model x",
                "--index x --model x --port many",
                "--index x --model x --colour red"
            })
    void wrongUsageIsToldInOneLine(String arguments) {
        Ended ended = serve((Object[]) (arguments.isEmpty() ? new String[0] : arguments.split(" ")));

        assertThat(ended.status).isEqualTo(2);
        assertThat(ended.error).startsWith("serve: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "0-2", "1-0", ",", "0,", "x", "-1", "0-", "0;1"})
    void shardsThatDoNotExistAreRefused(String shards) {
        Ended ended = serve("--index", folder, "--model", SmallIndex.MODEL, "--port", 0, "--shards=" + shards);

        assertThat(ended.status).isEqualTo(2);
        assertThat(ended.error).contains("--shards");
    }

    @Test
    void aPortOutOfRangeOrAnUnknownSettingIsNamed(@TempDir Path other) throws IOException {
        Ended port = serve("--index", folder, "--model", SmallIndex.MODEL, "--port", 65_536);
        assertThat(port.status).isEqualTo(2);
        assertThat(port.error).contains("serve.http.port is 65536, expected 0 to 65535");

        Path conf = Files.writeString(other.resolve("serve.conf"), "http { prot = 80 }");
        Ended unknown = serve("--index", folder, "--model", SmallIndex.MODEL, "--conf", conf);
        assertThat(unknown.status).isEqualTo(2);
        assertThat(unknown.error).contains(conf.toString()).contains("http.prot");
    }

    @Test
    void helpIsNoFailure() {
        assertThat(ServeCommand.execute("--help")).isZero();
        assertThat(ServeCommand.execute("--version")).isZero();
    }

    @Test
    void theAddressOfAnIpv6HostIsAnAddress() {
        try (SearchServer server = TestServers.start(folder, Map.of("http.host", "::1"))) {
            assertThat(server.address().getHost()).isEqualTo("[::1]");
            assertThat(new Visitor(server.address()).get("/healthz").status()).isEqualTo(200);
        } catch (ImageSearchException e) {
            // A machine without IPv6 says so in words.
            assertThat(e).hasMessageContaining("cannot listen on ::1");
        }
    }

    private static void assertRefused(Path folder, Map<String, String> settings, ErrorCode code, String message) {
        assertThatThrownBy(() -> TestServers.start(folder, settings).close())
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    private record Ended(int status, String error) {}

    /** Runs the command to its end and takes what it says on standard error, which must be one line. */
    private static Ended serve(Object... arguments) {
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        int status;
        try {
            status = ServeCommand.execute(
                    Stream.of(arguments).map(Object::toString).toArray(String[]::new));
        } finally {
            System.setErr(before);
        }
        String error = said.toString(StandardCharsets.UTF_8);
        assertThat(error.lines()).as(error).hasSize(1);
        return new Ended(status, error.strip());
    }

    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).collect(Collectors.toSet());
    }
}
