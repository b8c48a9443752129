package org.imagesearch.server.nodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.imagesearch.core.filter.ColumnType;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.nodes.Message.Cancel;
import org.imagesearch.server.nodes.Message.Hits;
import org.imagesearch.server.nodes.Message.Lookup;
import org.imagesearch.server.nodes.Message.OfGeneration;
import org.imagesearch.server.nodes.Message.OfShard;
import org.imagesearch.server.nodes.Message.Picture;
import org.imagesearch.server.nodes.Message.Pictures;
import org.imagesearch.server.nodes.Message.Ping;
import org.imagesearch.server.nodes.Message.Refused;
import org.imagesearch.server.nodes.Message.Scan;
import org.imagesearch.server.nodes.Message.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MessagesTest {
    private static final Probe PROBE =
            new Probe(new float[] {0.6f, -0.8f}, 5, -0.25, new long[] {7, 3, -1}, new float[] {0.5f, 0.25f, 0});

    static List<Message> every() {
        return List.of(
                new Scan(1L << 40, "ab/12", "gen-000001", 5_000_000, true, List.of(0, 3), PROBE),
                new Lookup(2, "", "gen-000002", 0, true, false, List.of(9), new long[] {1, 999_999_999_999_999L}),
                new Cancel(3),
                new Ping(0, ""),
                new Hits(
                        5,
                        List.of(
                                new ShardHits(0, new long[] {4, 2}, new float[] {0.5f, 0.5f}, null),
                                ShardHits.none(3, ShardHits.OVERLOADED))),
                new Pictures(6, List.of(new Picture(1, 8, new byte[] {1, 2}, new float[] {1}))),
                new Refused(7, ShardHits.UNREACHABLE),
                new Scan(
                        8,
                        "",
                        "gen-000001",
                        1,
                        false,
                        List.of(1),
                        new Probe(
                                new float[] {1},
                                1,
                                0,
                                new long[1],
                                new float[1],
                                Optional.of(Filter.parse("width>=5 AND NOT caption:\"Café 浜\"")))),
                new State(
                        0,
                        "sha256:x",
                        List.of(
                                new OfGeneration("gen-000001", List.of(new OfShard(2, 17)), Optional.empty()),
                                new OfGeneration(
                                        "gen-000002",
                                        List.of(new OfShard(2, 0)),
                                        Optional.of(Columns.OF_EVERY_PICTURE.and(
                                                Map.of("score", Set.of(ColumnType.NUMBER, ColumnType.INTEGER))))))));
    }

    @ParameterizedTest
    @MethodSource("every")
    void whatIsWrittenIsRead(Message message) throws Exception {
        assertThat(read(Messages.frame(message))).usingRecursiveComparison().isEqualTo(message);
    }

    /** A body whose checksum is right, from a peer that does not keep to the protocol. */
    @ParameterizedTest
    @MethodSource("every")
    void whatIsCutOrLongerIsRefused(Message message) {
        byte[] body = body(Messages.frame(message));
        for (int length = 0; length < body.length; length++) {
            byte[] cut = Arrays.copyOf(body, length);
            assertThatThrownBy(() -> Messages.read(ByteBuffer.wrap(cut))).isInstanceOf(GarbledException.class);
        }
        byte[] longer = Arrays.copyOf(body, body.length + 1);
        assertThatThrownBy(() -> Messages.read(ByteBuffer.wrap(longer))).isInstanceOf(GarbledException.class);
    }

    @Test
    void anyBytesAreAMessageOrRefusedAndNeverAnythingElse() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<byte[]> bodies = new ArrayList<>();
        every().forEach(message -> bodies.add(body(Messages.frame(message))));
        int refused = 0;
        for (int i = 0; i < 200_000; i++) {
            byte[] body = bodies.get(random.nextInt(bodies.size())).clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                body[random.nextInt(body.length)] = (byte) random.nextInt(256);
            }
            try {
                Messages.read(ByteBuffer.wrap(body));
            } catch (GarbledException e) {
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + Arrays.toString(body), e);
            }
        }
        assertThat(refused).as("seed %d", seed).isGreaterThan(10_000);
    }

    @Test
    void hitsThatNoShardCanHaveAreRefused() {
        for (ShardHits hits : List.of(
                new ShardHits(0, new long[] {-1}, new float[] {0.5f}, null),
                new ShardHits(0, new long[] {1L << 60}, new float[] {0.5f}, null),
                new ShardHits(0, new long[] {1}, new float[] {Float.NaN}, null),
                new ShardHits(0, new long[] {1, 2}, new float[] {0.4f, 0.5f}, null),
                new ShardHits(0, new long[] {1, 2}, new float[] {0.4f}, null))) {
            assertThatThrownBy(() -> read(Messages.frame(new Hits(1, List.of(hits)))))
                    .isInstanceOf(GarbledException.class);
        }
    }

    @Test
    void questionsThatNoBrokerAsksAreRefused() {
        Probe uneven = new Probe(new float[1], 5, 0, new long[2], new float[1]);
        Probe ofNone = new Probe(new float[1], 0, 0, new long[1], new float[1]);
        for (Scan scan : List.of(
                new Scan(1, "", "g", 1, false, List.of(), PROBE),
                new Scan(1, "", "g", 1, false, List.of(2, 2), PROBE),
                new Scan(1, "", "g", -1, false, List.of(2), PROBE),
                new Scan(1, "", "g", Long.MAX_VALUE, false, List.of(2), PROBE),
                new Scan(1, "an id that is none", "g", 1, false, List.of(2), PROBE),
                new Scan(1, "", "g", 1, false, List.of(2), uneven),
                new Scan(1, "", "g", 1, false, List.of(2), ofNone))) {
            assertThatThrownBy(() -> read(Messages.frame(scan))).isInstanceOf(GarbledException.class);
        }
    }

    @Test
    void aMessageHasABound() {
        Picture large = new Picture(0, 1, new byte[FrameWriter.MAX_BODY], new float[0]);
        assertThatThrownBy(() -> Messages.frame(new Pictures(1, List.of(large))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("67108864 bytes");
    }

    private static byte[] body(byte[] frame) {
        return Arrays.copyOfRange(frame, FrameWriter.HEAD, frame.length);
    }

    private static Message read(byte[] frame) throws GarbledException {
        return Messages.read(ByteBuffer.wrap(body(frame)));
    }
}
