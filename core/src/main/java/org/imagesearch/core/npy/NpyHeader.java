package org.imagesearch.core.npy;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * The head of an NPY file: a magic, a version, and a Python dictionary that says what numbers follow
 * (numpy.lib.format describes it; versions 1 to 3 differ in the width of one length and in the dictionary's encoding).
 *
 * @param type of every number
 * @param rows of the array
 * @param columns of the array
 * @param bytes of the head; the first row comes next
 */
public record NpyHeader(NpyType type, long rows, int columns, int bytes) {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int ALIGNMENT = 64;
    private static final int MAX_DICTIONARY_BYTES = 1 << 20;
    private static final int MAX_COLUMNS = 1 << 20;

    private static final Pattern DESCRIPTOR = Pattern.compile("['\"]descr['\"]\\s*:\\s*([^,]+?)\\s*,");
    private static final Pattern FORTRAN_ORDER = Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([^)]*)\\)");
    /** Python 2 wrote an L behind long numbers. */
    private static final Pattern TWO_SIZES = Pattern.compile("\\s*(\\d{1,18})L?\\s*,\\s*(\\d{1,9})L?\\s*,?\\s*");

    /** Bytes of one row. */
    int rowBytes() {
        return columns * type.bytes();
    }

    /** Bytes of the whole file; -1 for more than any file has. */
    long fileBytes() {
        return rows > (Long.MAX_VALUE - bytes) / rowBytes() ? -1 : bytes + rows * rowBytes();
    }

    /** The head of a new file, of version 1. */
    static byte[] of(NpyType type, long rows, int columns) {
        String dictionary = String.format(
                Locale.ROOT,
                "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }",
                type.descriptor(),
                rows,
                columns);
        int fixed = MAGIC.length + 2 + Short.BYTES;
        int unpadded = fixed + dictionary.length() + 1;
        int length = (unpadded + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        byte[] head = new byte[length];
        Arrays.fill(head, (byte) ' ');
        ByteBuffer.wrap(head)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) (length - fixed))
                .put(dictionary.getBytes(StandardCharsets.US_ASCII));
        head[length - 1] = '\n';
        return head;
    }

    /**
     * Reads the head of a file.
     *
     * @param in at the beginning of the file; afterwards at the first row
     * @param name the file's, for messages
     * @throws ImageSearchException (data) naming the file, if it is no NPY file of rows of 16- or 32-bit floats in C order
     */
    static NpyHeader read(InputStream in, String name) throws IOException {
        byte[] begin = require(in, MAGIC.length + 2, name);
        if (!Arrays.equals(begin, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw ImageSearchException.data("%s is no NPY file: it does not begin with \\x93NUMPY", name);
        }
        int version = begin[MAGIC.length] & 0xff;
        if (version < 1 || version > 3) {
            throw ImageSearchException.data("%s is of NPY version %d, expected 1 to 3", name, version);
        }
        int width = version == 1 ? Short.BYTES : Integer.BYTES;
        ByteBuffer lengthBytes = ByteBuffer.wrap(require(in, width, name)).order(ByteOrder.LITTLE_ENDIAN);
        long length = version == 1 ? lengthBytes.getShort() & 0xffffL : lengthBytes.getInt() & 0xffffffffL;
        if (length > MAX_DICTIONARY_BYTES) {
            throw ImageSearchException.data(
                    "%s: the header claims %d bytes, expected at most %d", name, length, MAX_DICTIONARY_BYTES);
        }
        String dictionary = new String(require(in, (int) length, name), StandardCharsets.UTF_8).strip();
        return of(dictionary, begin.length + width + (int) length, name);
    }

    private static NpyHeader of(String dictionary, int bytes, String name) {
        String descriptor = find(DESCRIPTOR, dictionary, name).replaceAll("^['\"]|['\"]$", "");
        NpyType type = NpyType.of(descriptor)
                .orElseThrow(() -> ImageSearchException.data(
                        "%s holds numbers of type %s, expected <f2 or <f4 (float16 or float32, little endian)",
                        name, descriptor));
        if (find(FORTRAN_ORDER, dictionary, name).equals("True")) {
            throw ImageSearchException.data(
                    "%s is in Fortran order, expected C order: row after row (numpy.ascontiguousarray)", name);
        }
        String shape = find(SHAPE, dictionary, name);
        Matcher sizes = TWO_SIZES.matcher(shape);
        if (!sizes.matches()) {
            throw ImageSearchException.data("%s has the shape (%s), expected rows and columns", name, shape);
        }
        NpyHeader header = new NpyHeader(type, Long.parseLong(sizes.group(1)), Integer.parseInt(sizes.group(2)), bytes);
        if (header.columns < 1 || header.columns > MAX_COLUMNS) {
            throw ImageSearchException.data("%s has %d columns, expected 1 to %d", name, header.columns, MAX_COLUMNS);
        }
        if (header.fileBytes() < 0) {
            throw ImageSearchException.data("%s claims %d rows, more than any file has", name, header.rows);
        }
        return header;
    }

    private static String find(Pattern pattern, String dictionary, String name) {
        Matcher matcher = pattern.matcher(dictionary);
        if (!matcher.find()) {
            throw ImageSearchException.data(
                    "%s: the header lacks one of descr, fortran_order and shape: %.200s", name, dictionary);
        }
        return matcher.group(1);
    }

    private static byte[] require(InputStream in, int length, String name) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException(name + " ends within its header");
        }
        return bytes;
    }
}
