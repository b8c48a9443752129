package org.imagesearch.server.nodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeAddressesTest {
    @TempDir
    Path folder;

    private NodeAddresses given(String... texts) {
        return new NodeAddresses(List.of(texts), folder);
    }

    @Test
    void aNodeKeepsTheNameByWhichItWasGivenBesideItsNumber() {
        assertThat(given("localhost:9000", "[::1]:9001").look())
                .containsExactly(
                        new NodeAddress("localhost", "127.0.0.1", 9000),
                        new NodeAddress("::1", "0:0:0:0:0:0:0:1", 9001));
        assertThat(NodeAddress.parse("[::1]:9001").authority()).isEqualTo("[::1]:9001");
    }

    @Test
    void aNodeOfSeveralNamesIsOneAndHasTheFirst() {
        assertThat(given("localhost:9000", "127.0.0.1:9000", "127.0.0.1:9001").look())
                .containsExactly(
                        new NodeAddress("localhost", "127.0.0.1", 9000),
                        new NodeAddress("127.0.0.1", "127.0.0.1", 9001));
    }

    @Test
    void aFileHasOneNodePerLine() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "# two\n\n127.0.0.1:1 # one\n 127.0.0.1:2\n");
        Files.writeString(folder.resolve("nodes"), "127.0.0.1:3\n");

        assertThat(given("@" + file, "index", "127.0.0.1:4").look())
                .extracting(NodeAddress::port)
                .containsExactly(1, 2, 3, 4);
    }

    @Test
    void aFileThatIsGoneOrEmptyOrWrongChangesNothing() throws IOException {
        Path file = Files.writeString(folder.resolve("nodes"), "127.0.0.1:1\n");
        NodeAddresses addresses = given("index");
        List<NodeAddress> known = List.copyOf(addresses.look());

        Files.writeString(file, "");
        assertThat(addresses.look()).containsExactlyElementsOf(known);
        Files.writeString(file, "127.0.0.1:2\nnonsense\n");
        assertThat(addresses.look()).containsExactlyElementsOf(known);
        Files.delete(file);
        assertThat(addresses.look()).containsExactlyElementsOf(known);

        Files.writeString(file, "127.0.0.1:2\n");
        assertThat(addresses.look()).extracting(NodeAddress::port).containsExactly(2);
    }

    @Test
    void atTheStartAFileMustNameANode() throws IOException {
        assertThatThrownBy(() -> given("index").look())
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("cannot read " + folder.resolve("nodes"));
        Files.writeString(folder.resolve("nodes"), "# nobody yet\n");
        assertThatThrownBy(() -> given("index").look())
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("names no node, expected lines of host:port");
    }
}
