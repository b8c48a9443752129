package org.imagesearch.clip;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.HalfFloat;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * Reads matrices of a safetensors file: eight bytes of header length, little endian; a JSON object that gives type, shape and
 * place of every tensor; the tensors. Source: the format section of Hugging Face's safetensors documentation.
 */
final class SafetensorsFile {
    private static final int MAX_HEADER_BYTES = 1 << 20;
    private static final long MAX_MATRIX_BYTES = 1L << 28;

    private SafetensorsFile() {}

    /**
     * A matrix of floats or halves.
     *
     * @return float[rows * columns], row-major
     * @throws ImageSearchException (data) naming the file, if it has no such matrix
     */
    static float[] matrix(Path file, String name, int rows, int columns) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long headerBytes = read(channel, file, 0, Long.BYTES).getLong();
            if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) {
                throw ImageSearchException.data(
                        "%s is no safetensors file: its header has %d bytes", file, headerBytes);
            }
            byte[] header = new byte[(int) headerBytes];
            read(channel, file, Long.BYTES, header.length).get(header);
            JsonNode tensor = Json.read(header, JsonNode.class, file.toString()).path(name);
            String type = tensor.path("dtype").asText();
            int size = type.equals("F16") ? Short.BYTES : Float.BYTES;
            JsonNode shape = tensor.path("shape");
            boolean fits = (type.equals("F32") || type.equals("F16"))
                    && shape.size() == 2
                    && shape.get(0).asLong() == rows
                    && shape.get(1).asLong() == columns;
            long begin = tensor.path("data_offsets").path(0).asLong(-1);
            long end = tensor.path("data_offsets").path(1).asLong(-1);
            long expected = (long) rows * columns * size;
            if (!fits || begin < 0 || end - begin != expected || expected > MAX_MATRIX_BYTES) {
                throw ImageSearchException.data(
                        "%s: tensor %s is %s, expected F32 or F16 of shape [%d,%d]",
                        file, name, tensor.isMissingNode() ? "missing" : tensor, rows, columns);
            }
            ByteBuffer values = read(channel, file, Long.BYTES + headerBytes + begin, (int) expected);
            float[] matrix = new float[rows * columns];
            for (int i = 0; i < matrix.length; i++) {
                matrix[i] = size == Float.BYTES ? values.getFloat() : HalfFloat.widened(values.getShort());
            }
            return matrix;
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + file + ": " + e, e);
        }
    }

    private static ByteBuffer read(FileChannel channel, Path file, long at, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                throw ImageSearchException.data("%s is no safetensors file: it ends at byte %d", file, channel.size());
            }
        }
        return buffer.flip();
    }
}
