package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** New generations under a server that answers queries. */
class GenerationSwapTest {
    private static final int PICTURES = 80;

    private SmallIndex first;
    private SmallIndex second;
    private SearchServer server;
    private Visitor visitor;

    @BeforeEach
    void startServer(@TempDir Path folder) {
        first = SmallIndex.publish(folder, 1, 61, PICTURES, 2);
        second = SmallIndex.write(folder, 2, 62, PICTURES + 1, 3);
        server = TestServers.start(folder, Map.of("index.poll", "5 ms"));
        visitor = new Visitor(server.address());
    }

    @AfterEach
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void noAnswerFailsOrIsMixedWhileGenerationsChange() {
        AtomicBoolean enough = new AtomicBoolean();
        AtomicLong answers = new AtomicLong();
        List<CompletableFuture<Void>> asking = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            String query = "/search?nprobe=8&k=100&text=car+" + i;
            asking.add(CompletableFuture.runAsync(
                    () -> {
                        while (!enough.get()) {
                            assertWhole(visitor.get(query));
                            answers.incrementAndGet();
                        }
                    },
                    command -> new Thread(command, "asking").start()));
        }
        for (SmallIndex next : List.of(second, first, second, first, second)) {
            next.publish();
            TestServers.await(next.generation() + " is served", () -> serves(next));
            long before = answers.get();
            TestServers.await(
                    "it answers",
                    () -> answers.get() > before + 5
                            || asking.stream().anyMatch(CompletableFuture::isCompletedExceptionally));
        }
        enough.set(true);
        asking.forEach(CompletableFuture::join);

        assertThat(visitor.metric("imagesearch_pictures")).isEqualTo(PICTURES + 1);
    }

    /** Every picture of exactly one generation, each with the row of that generation. */
    private void assertWhole(Reply reply) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
        String generation = reply.json().path("generation").asText();
        SmallIndex index = generation.equals("gen-000001") ? first : second;
        assertThat(reply.ids()).hasSize(index.items().size());
        assertThat(reply.json().at("/shards/answered").asInt()).isEqualTo(index == first ? 2 : 3);
        Set<String> captions = Set.copyOf(reply.json().findValuesAsText("caption"));
        assertThat(captions)
                .allMatch(caption -> caption.equals("null") || caption.endsWith(" of " + (index == first ? 1 : 2)));
    }

    @Test
    void aDamagedGenerationIsRefusedAndTheOldOneGoesOnUntilAGoodOneComes() throws Exception {
        Path shard = second.folder().resolve(IndexLayout.shardIndex(1));
        byte[] good = Files.readAllBytes(shard);
        SmallIndex.flipBit(shard);
        second.publish();
        SmallIndex third = SmallIndex.write(first.root(), 3, 63, PICTURES, 1);
        assertThat(visitor.get("/search?text=a").json().path("generation").asText())
                .isEqualTo("gen-000001");

        third.publish();
        TestServers.await("the third is served", () -> serves(third));

        // Mended and published again after another one, it is tried again, although it was refused before.
        Files.write(shard, good);
        second.publish();
        TestServers.await("the second is served", () -> serves(second));
    }

    @Test
    void aCurrentThatNamesNothingChangesNothing() throws Exception {
        for (String name : List.of("gen-000099\n", "nonsense", "", "../gen-000001")) {
            Files.writeString(first.root().resolve(IndexLayout.CURRENT), name);
            assertThat(visitor.get("/search?text=a").status()).isEqualTo(200);
            assertThat(serves(first)).isTrue();
        }
        Files.delete(first.root().resolve(IndexLayout.CURRENT));
        assertThat(serves(first)).isTrue();

        second.publish();
        TestServers.await("the second is served", () -> serves(second));
    }

    @Test
    void theFilesOfAnOldGenerationMayBeDeletedOnceItIsServedNoMore() throws Exception {
        second.publish();
        TestServers.await("the second is served", () -> serves(second));

        try (var files = Files.walk(first.folder())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }

        for (int i = 0; i < 10; i++) {
            assertThat(visitor.get("/search?nprobe=8&k=100&text=car" + i).ids()).hasSize(PICTURES + 1);
        }
    }

    private boolean serves(SmallIndex index) {
        return visitor.get("/info").json().path("generation").asText().equals(index.generation());
    }
}
