package org.imagesearch.embed;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;

/** Pictures that the tests draw, sound ones and broken ones. */
final class DrawnPictures {
    private static final Path GOLDEN = Path.of("../clip/src/test/resources/golden/pictures");

    private DrawnPictures() {}

    /** A picture of coloured ovals, JPEG or PNG by the ending of the name; equal seeds give equal pictures. */
    static Path draw(Path file, long seed) {
        return write(file, bytes(format(file), seed));
    }

    static Path drawWithCaption(Path file, long seed, String caption) {
        String name = file.getFileName().toString();
        write(
                file.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".txt"),
                caption.getBytes(StandardCharsets.UTF_8));
        return draw(file, seed);
    }

    /** The first half of a picture's file. */
    static Path drawTruncated(Path file, long seed) {
        byte[] whole = bytes(format(file), seed);
        return write(file, Arrays.copyOf(whole, whole.length / 2));
    }

    /** A PNG of some dozens of bytes that claims to be of this size. */
    static Path claim(Path file, int width, int height) {
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put(new byte[] {8, 2, 0, 0, 0});
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        chunk(out, "IHDR", header.array());
        chunk(out, "IDAT", new byte[16]);
        chunk(out, "IEND", new byte[0]);
        return write(file, out.toByteArray());
    }

    /** A picture of the golden files of {@code clip}. */
    static Path golden(String name, Path copy) {
        try {
            return write(copy, Files.readAllBytes(GOLDEN.resolve(name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path write(Path file, byte[] bytes) {
        try {
            Files.createDirectories(file.getParent());
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] bytes(String format, long seed) {
        Random random = new Random(seed);
        BufferedImage image =
                new BufferedImage(80 + random.nextInt(80), 80 + random.nextInt(80), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        for (int i = 0; i < 8; i++) {
            graphics.setColor(new Color(random.nextInt(1 << 24)));
            graphics.fillOval(random.nextInt(100) - 20, random.nextInt(100) - 20, 60, 40);
        }
        graphics.dispose();
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            if (!ImageIO.write(image, format, out)) {
                throw new IllegalArgumentException("no writer for " + format);
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String format(Path file) {
        String name = file.toString();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
        byte[] typed = new byte[4 + data.length];
        System.arraycopy(type.getBytes(StandardCharsets.US_ASCII), 0, typed, 0, 4);
        System.arraycopy(data, 0, typed, 4, data.length);
        CRC32 check = new CRC32();
        check.update(typed);
        out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        out.writeBytes(typed);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) check.getValue()).array());
    }
}
