package org.imagesearch.core.rows;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.imagesearch.core.ImageSearchException;

/**
 * The binary form of a row, compact and independent of Java's serialization.
 *
 * <pre>
 * byte     version, {@value #VERSION}
 * text     uri
 * varint   width, height
 * byte     1 if a caption follows, else 0
 * text     caption
 * varint   number of extra columns, then for each, by name:
 *   text     name
 *   byte     'S' text, 'I' 4 bytes, 'L' 8 bytes, 'F' 4 bytes, 'D' 8 bytes, 'B' 1 byte
 *   value    big endian
 * </pre>
 *
 * A text is a varint count of bytes and UTF-8; a varint is little endian in groups of seven bits, the high bit meaning
 * that more follow. Thread-safe.
 */
public final class RowCodec {
    static final byte VERSION = 1;

    /** A caption of a megabyte is no caption; the bound keeps one broken row from taking the memory of all. */
    private static final int MAX_ROW_BYTES = 1 << 20;

    private RowCodec() {}

    /** @throws ImageSearchException (data) naming the id, if the row is longer than 1 MiB or has a column of another type */
    public static byte[] encode(long id, ImageRow row) {
        Output out = new Output();
        out.put(VERSION);
        out.text(row.uri());
        out.varint(row.width());
        out.varint(row.height());
        out.put((byte) (row.caption().isPresent() ? 1 : 0));
        row.caption().ifPresent(out::text);
        out.varint(row.extra().size());
        // By name, so that equal rows are equal bytes.
        new TreeMap<>(row.extra()).forEach((name, value) -> {
            out.text(name);
            extra(out, id, name, value);
        });
        if (out.size() > MAX_ROW_BYTES) {
            throw ImageSearchException.data(
                    "the row of id %d has %d bytes, more than %d", id, out.size(), MAX_ROW_BYTES);
        }
        return out.toBytes();
    }

    /** @throws ImageSearchException (data) if the bytes are not a row of this version */
    public static ImageRow decode(byte[] bytes, int offset, int length) {
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, length);
        try {
            byte version = in.get();
            if (version != VERSION) {
                throw ImageSearchException.data("a row has version %d, this program reads %d", version, VERSION);
            }
            String uri = text(in);
            int width = varint(in);
            int height = varint(in);
            Optional<String> caption = in.get() == 1 ? Optional.of(text(in)) : Optional.empty();
            int columns = varint(in);
            Map<String, Object> extra = new LinkedHashMap<>();
            for (int i = 0; i < columns; i++) {
                extra.put(text(in), extra(in));
            }
            if (in.hasRemaining()) {
                throw ImageSearchException.data("a row has %d bytes too many", in.remaining());
            }
            return new ImageRow(uri, width, height, caption, extra);
        } catch (BufferUnderflowException e) {
            throw ImageSearchException.data("a row ends too early, after %d bytes", length);
        }
    }

    private static void extra(Output out, long id, String name, Object value) {
        if (value instanceof String text) {
            out.put((byte) 'S');
            out.text(text);
        } else if (value instanceof Integer number) {
            out.put((byte) 'I');
            out.fixed(number, Integer.BYTES);
        } else if (value instanceof Long number) {
            out.put((byte) 'L');
            out.fixed(number, Long.BYTES);
        } else if (value instanceof Float number) {
            out.put((byte) 'F');
            out.fixed(Float.floatToRawIntBits(number), Integer.BYTES);
        } else if (value instanceof Double number) {
            out.put((byte) 'D');
            out.fixed(Double.doubleToRawLongBits(number), Long.BYTES);
        } else if (value instanceof Boolean flag) {
            out.put((byte) 'B');
            out.put((byte) (flag ? 1 : 0));
        } else {
            throw ImageSearchException.data(
                    "column '%s' of id %d has the unexpected type %s",
                    name, id, value.getClass().getName());
        }
    }

    private static Object extra(ByteBuffer in) {
        byte type = in.get();
        return switch (type) {
            case 'S' -> text(in);
            case 'I' -> in.getInt();
            case 'L' -> in.getLong();
            case 'F' -> in.getFloat();
            case 'D' -> in.getDouble();
            case 'B' -> in.get() == 1;
            default -> throw ImageSearchException.data("a row has a value of unknown type %d", type);
        };
    }

    private static String text(ByteBuffer in) {
        int length = varint(in);
        if (length > in.remaining()) {
            throw ImageSearchException.data("a row ends inside a text of %d bytes", length);
        }
        String text = new String(in.array(), in.arrayOffset() + in.position(), length, StandardCharsets.UTF_8);
        in.position(in.position() + length);
        return text;
    }

    private static int varint(ByteBuffer in) {
        int value = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                if (value < 0) {
                    break;
                }
                return value;
            }
        }
        throw ImageSearchException.data("a row has an impossible number");
    }

    private static final class Output {
        private byte[] bytes = new byte[256];
        private int size;

        int size() {
            return size;
        }

        byte[] toBytes() {
            return Arrays.copyOf(bytes, size);
        }

        void put(byte value) {
            reserve(1);
            bytes[size++] = value;
        }

        void text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            varint(utf8.length);
            reserve(utf8.length);
            System.arraycopy(utf8, 0, bytes, size, utf8.length);
            size += utf8.length;
        }

        void varint(int value) {
            if (value < 0) {
                throw ImageSearchException.data("a row has a negative width or height: %d", value);
            }
            int rest = value;
            while (rest > 0x7f) {
                put((byte) ((rest & 0x7f) | 0x80));
                rest >>>= 7;
            }
            put((byte) rest);
        }

        void fixed(long value, int width) {
            for (int shift = (width - 1) * Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
                put((byte) (value >>> shift));
            }
        }

        private void reserve(int more) {
            if (size + more > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
            }
        }
    }
}
