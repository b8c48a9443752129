package org.imagesearch.clip;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The files in which an ONNX model keeps weights. They shape its embeddings, and their names are known to nobody but the model.
 *
 * <p>Source: {@code onnx.proto3}, whose field numbers these are. What is not ONNX has no weights here; ONNX Runtime refuses it
 * when it is opened.
 */
final class ExternalWeights {
    private static final String LOCATION = "location";
    private static final int LENGTH_DELIMITED = 2;
    /** Deeper than models nest their loops and branches. */
    private static final int MAX_DEPTH = 64;

    private enum Message {
        MODEL,
        GRAPH,
        FUNCTION,
        NODE,
        ATTRIBUTE,
        SPARSE_TENSOR,
        TENSOR,
        ENTRY
    }

    /** Which fields of a message lead to tensors, and what they hold. */
    private static final Map<Message, Map<Integer, Message>> FIELDS = new EnumMap<>(Map.of(
            Message.MODEL, Map.of(7, Message.GRAPH, 25, Message.FUNCTION),
            Message.GRAPH, Map.of(1, Message.NODE, 5, Message.TENSOR, 15, Message.SPARSE_TENSOR),
            Message.FUNCTION, Map.of(7, Message.NODE),
            Message.NODE, Map.of(5, Message.ATTRIBUTE),
            Message.ATTRIBUTE,
                    Map.of(
                            5, Message.TENSOR,
                            6, Message.GRAPH,
                            10, Message.TENSOR,
                            11, Message.GRAPH,
                            22, Message.SPARSE_TENSOR,
                            23, Message.SPARSE_TENSOR),
            Message.SPARSE_TENSOR, Map.of(1, Message.TENSOR, 2, Message.TENSOR),
            Message.TENSOR, Map.of(13, Message.ENTRY),
            Message.ENTRY, Map.of()));

    private final Set<String> locations = new TreeSet<>();

    private ExternalWeights() {}

    /** Names of files, relative to the model's folder. */
    static Set<String> of(Path model) throws IOException {
        ExternalWeights found = new ExternalWeights();
        try (FileChannel channel = FileChannel.open(model)) {
            if (channel.size() <= Integer.MAX_VALUE) {
                found.walk(Message.MODEL, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()), 0);
            }
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            // No ONNX file, or one that ends early.
            return found.locations;
        }
        return found.locations;
    }

    private void walk(Message message, ByteBuffer in, int depth) {
        if (depth > MAX_DEPTH) {
            throw new IllegalArgumentException("nested too deep");
        }
        String key = "";
        while (in.hasRemaining()) {
            long tag = varint(in);
            int field = (int) (tag >>> 3);
            if ((tag & 7) != LENGTH_DELIMITED) {
                skip((int) tag & 7, in);
                continue;
            }
            int length = Math.toIntExact(Math.min(varint(in) & Long.MAX_VALUE, Integer.MAX_VALUE));
            if (length > in.remaining()) {
                throw new BufferUnderflowException();
            }
            ByteBuffer value = in.slice(in.position(), length);
            in.position(in.position() + length);
            if (message == Message.ENTRY && field == 1) {
                key = text(value);
            } else if (message == Message.ENTRY && field == 2 && key.equals(LOCATION)) {
                locations.add(text(value));
            } else if (FIELDS.get(message).containsKey(field)) {
                walk(FIELDS.get(message).get(field), value, depth + 1);
            }
        }
    }

    private static void skip(int wireType, ByteBuffer in) {
        switch (wireType) {
            case 0 -> varint(in);
            case 1 -> in.getLong();
            case 5 -> in.getInt();
            default -> throw new IllegalArgumentException("wire type " + wireType);
        }
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number without an end");
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }
}
