package org.imagesearch.server.nodes;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.net.SocketFactory;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.nodes.FakeNode.Behaviour;
import org.imagesearch.server.nodes.Gathering.Gathered;
import org.imagesearch.server.nodes.Message.Hits;
import org.imagesearch.server.nodes.Message.Refused;
import org.imagesearch.server.nodes.Message.Scan;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.tls.TlsClientSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nodes that answer, refuse, say nothing or talk nonsense, over real connections. */
class GatheringTest {
    private static final Fingerprint MODEL = new Fingerprint("sha256:" + "0".repeat(64));
    private static final String GENERATION = "gen-000001";
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Probe PROBE = new Probe(new float[] {1}, 3, -1, new long[] {0}, new float[] {1});

    private final List<AutoCloseable> parts = new ArrayList<>();
    private final RecentLatencies latencies = new RecentLatencies();
    private Nodes nodes;

    @AfterEach
    void close() throws Exception {
        if (nodes != null) {
            nodes.close();
        }
        for (AutoCloseable part : parts) {
            part.close();
        }
    }

    private FakeNode node(Behaviour behaviour, Integer... shards) {
        FakeNode node = new FakeNode(MODEL.value(), GENERATION, Arrays.asList(shards), behaviour);
        parts.add(node);
        return node;
    }

    private void connect(int shards, FakeNode... all) {
        connect(shards, Duration.ofMillis(20), all);
    }

    /** @param hedge when another node is asked too */
    private void connect(int shards, Duration hedge, FakeNode... all) {
        List<String> addresses = Arrays.stream(all).map(FakeNode::address).toList();
        NodeSettings settings = new NodeSettings(
                addresses,
                "",
                false,
                new TlsClientSettings("", "", "", ""),
                LONG,
                Duration.ofMillis(500),
                Duration.ofMillis(500),
                hedge,
                LONG);
        nodes = Nodes.start(
                settings,
                new NodeAddresses(addresses, Path.of("none")),
                MODEL,
                new Dialler(SocketFactory.getDefault(), "", Optional.empty()));
        nodes.await(GENERATION, shards, LONG.toNanos());
        awaitReplicas(Arrays.stream(all)
                .filter(node -> node.model().equals(MODEL.value()))
                .mapToInt(FakeNode::shards)
                .sum());
    }

    /** @param all replicas of all shards together */
    private void awaitReplicas(int all) {
        long end = System.nanoTime() + LONG.toNanos();
        while (replicas() < all) {
            assertThat(System.nanoTime()).as("30 s").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private int replicas() {
        return nodes.replicaCounts().getOrDefault(GENERATION, Map.of()).values().stream()
                .mapToInt(Integer::intValue)
                .sum();
    }

    private Gathered<ShardHits> ask(int shards, boolean patient, Duration timeout) {
        List<Integer> all = IntStream.range(0, shards).boxed().toList();
        return new Gathering<>(
                        nodes,
                        latencies,
                        nodes.replicas(GENERATION),
                        new ScanQuestion(GENERATION, PROBE, false),
                        patient,
                        Deadline.in(timeout))
                .of(all);
    }

    /** Each shard has one hit, its number. */
    private static void answer(FakeNode.Line line, Message question) {
        line.send(new Hits(
                question.number(),
                ((Scan) question)
                        .shards().stream()
                                .map(shard -> new ShardHits(shard, new long[] {shard}, new float[] {0.5f}, null))
                                .toList()));
    }

    private static void nothing(FakeNode.Line line, Message question) {}

    private static void assertWhole(Gathered<ShardHits> gathered, int shards) {
        assertThat(gathered.problems()).isEmpty();
        assertThat(gathered.answers()).hasSize(shards);
        gathered.answers().forEach((shard, hits) -> assertThat(hits.ids()).containsExactly(shard));
    }

    @Test
    void everyShardIsAskedOnceOfANodeThatHasIt() {
        AtomicInteger asked = new AtomicInteger();
        Behaviour counting = (line, question) -> {
            asked.addAndGet(((Scan) question).shards().size());
            answer(line, question);
        };
        connect(4, LONG, node(counting, 0, 1), node(counting, 0, 1), node(counting, 2, 3));
        assertWhole(ask(4, true, LONG), 4);
        assertThat(asked.get()).isEqualTo(4);
        assertThat(nodes.hedged()).isZero();
    }

    @Test
    void whatIsLateIsAskedOfAnotherNodeToo() throws Exception {
        FakeNode late = node(GatheringTest::nothing, 0);
        connect(1, late, node(GatheringTest::answer, 0));
        int asked = 0;
        while (nodes.hedged() == 0) {
            assertWhole(ask(1, true, LONG), 1);
            asked++;
        }
        assertThat(late.cancelled().poll(LONG.toSeconds(), TimeUnit.SECONDS))
                .as("the late one is told after " + asked)
                .isNotNull();
    }

    @Test
    void aRefusalIsTriedElsewhereAtOnce() {
        Behaviour refusing = (line, question) -> line.send(new Refused(question.number(), ShardHits.OVERLOADED));
        connect(1, node(refusing, 0), node(refusing, 0), node(GatheringTest::answer, 0));
        for (int i = 0; i < 10; i++) {
            assertWhole(ask(1, true, LONG), 1);
        }
    }

    @Test
    void ifAllRefuseTheReasonIsTold() {
        Behaviour refusing = (line, question) -> line.send(new Refused(question.number(), ShardHits.OVERLOADED));
        Behaviour failing = (line, question) ->
                line.send(new Hits(question.number(), List.of(ShardHits.none(1, ShardHits.FAILED))));
        connect(3, node(refusing, 0), node(refusing, 0), node(failing, 1), node(GatheringTest::answer, 2));
        Gathered<ShardHits> gathered = ask(4, true, LONG);
        assertThat(gathered.answers()).containsOnlyKeys(2);
        assertThat(gathered.problems())
                .containsOnlyKeys(0, 1, 3)
                .containsEntry(0, ShardHits.OVERLOADED)
                .containsEntry(1, ShardHits.FAILED)
                .containsEntry(3, ShardHits.UNREACHABLE);
    }

    @Test
    void nonsenseEndsTheConnectionAndAnotherNodeAnswers() {
        List<Behaviour> nonsense = List.of(
                (line, question) -> line.send("HTTP/1.1 400 Bad Request\r\n\r\nno frames at all".getBytes(US_ASCII)),
                (line, question) -> line.send(new byte[1000]),
                (line, question) -> {
                    byte[] frame = Messages.frame(new Hits(question.number(), List.of()));
                    frame[frame.length - 1] ^= 1;
                    line.send(frame);
                },
                (line, question) -> line.send(new Hits(question.number(), List.of())),
                (line, question) -> line.send(new Hits(
                        question.number(),
                        List.of(new ShardHits(0, new long[] {1, 2, 3, 4}, new float[] {4, 3, 2, 1}, null)))),
                (line, question) -> line.send(new Message.Pictures(question.number(), List.of())));
        for (Behaviour behaviour : nonsense) {
            AtomicInteger spoken = new AtomicInteger();
            Behaviour counted = (line, question) -> {
                spoken.incrementAndGet();
                behaviour.asked(line, question);
            };
            connect(1, node(counted, 0), node(GatheringTest::answer, 0));
            while (spoken.get() == 0) {
                assertWhole(ask(1, true, LONG), 1);
            }
            nodes.close();
        }
    }

    @Test
    void oneThatIsFarSlowerThanTheOthersIsGivenUpWhereThatWillDo() {
        connect(4, node(GatheringTest::answer, 0, 1), node(GatheringTest::answer, 2), node(GatheringTest::nothing, 3));
        Gathered<ShardHits> impatient = ask(4, false, LONG);
        assertThat(impatient.answers()).hasSize(3);
        assertThat(impatient.problems()).containsOnlyKeys(3).containsEntry(3, ShardHits.SLOW);

        Gathered<ShardHits> patient = ask(4, true, Duration.ofMillis(300));
        assertThat(patient.answers()).hasSize(3);
        assertThat(patient.problems()).containsOnlyKeys(3).containsEntry(3, ShardHits.DEADLINE);
    }

    @Test
    void aNodeThatFallsSilentIsLeftOutAndComesBack() {
        FakeNode moody = node(GatheringTest::answer, 0);
        connect(1, moody);
        moody.fallSilent();
        Gathered<ShardHits> gathered = ask(1, true, LONG);
        assertThat(gathered.problems()).containsEntry(0, ShardHits.UNREACHABLE);
        moody.wakeUp();
        awaitReplicas(1);
        assertWhole(ask(1, true, LONG), 1);
    }

    @Test
    void nodesWithAnotherModelAreNotAsked() {
        FakeNode other = new FakeNode("sha256:" + "1".repeat(64), GENERATION, List.of(0), GatheringTest::answer);
        parts.add(other);
        connect(1, other, node((line, question) -> answer(line, question), 1));
        assertThat(ask(2, true, LONG).problems()).containsOnlyKeys(0).containsEntry(0, ShardHits.UNREACHABLE);
    }
}
