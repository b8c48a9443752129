package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;

/** The golden pictures and what Pillow made of them; {@code src/test/python/make_golden.py} writes them. */
final class Golden {
    private static final Path DIRECTORY = Path.of("src/test/resources/golden");

    private Golden() {}

    /** Names of all pictures, in order. */
    static List<String> names() {
        try (Stream<Path> files = Files.list(DIRECTORY.resolve("pictures"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file as somebody would hand it in. */
    static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(DIRECTORY.resolve("pictures").resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static boolean has(String kind, String name) {
        return Files.exists(DIRECTORY.resolve(kind).resolve(name + ".png"));
    }

    /** The pixels expected, read by the JDK: a decoder that is not under test. */
    static Picture expected(String kind, String name) {
        try {
            BufferedImage image =
                    ImageIO.read(DIRECTORY.resolve(kind).resolve(name + ".png").toFile());
            byte[] rgb = new byte[3 * image.getWidth() * image.getHeight()];
            int target = 0;
            for (int y = 0; y < image.getHeight(); y++) {
                for (int x = 0; x < image.getWidth(); x++) {
                    int colour = image.getRGB(x, y);
                    rgb[target++] = (byte) (colour >> 16);
                    rgb[target++] = (byte) (colour >> 8);
                    rgb[target++] = (byte) colour;
                }
            }
            return new Picture(image.getWidth(), image.getHeight(), rgb);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Rows of numbers. */
    static List<long[]> rows(String file) {
        try (Stream<String> lines = Files.lines(DIRECTORY.resolve(file))) {
            return lines.map(line -> Stream.of(line.split(",", -1))
                            .mapToLong(Long::parseLong)
                            .toArray())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The picture that the script calls noise(seed): a hash of the index, half of the bytes pulled to 0 or 255. */
    static Picture noise(long seed, int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        int start = (int) (seed * 0x9E3779B9L);
        for (int i = 0; i < rgb.length; i++) {
            int h = i + start;
            h ^= h >>> 16;
            h *= 0x7FEB352D;
            h ^= h >>> 15;
            h *= 0x846CA68B;
            h ^= h >>> 16;
            int extreme = ((h >>> 9) & 1) * 255;
            rgb[i] = (byte) (((h >>> 8) & 1) == 0 ? extreme : h >>> 24);
        }
        return new Picture(width, height, rgb);
    }

    static long checksum(byte[] bytes) {
        CRC32 checksum = new CRC32();
        checksum.update(bytes);
        return checksum.getValue();
    }

    /** The largest difference of two values at the same place; fails unless the sizes are the same. */
    static int difference(Picture actual, Picture expected) {
        assertThat(actual.width() + " x " + actual.height()).isEqualTo(expected.width() + " x " + expected.height());
        int most = 0;
        for (int i = 0; i < expected.rgb().length; i++) {
            most = Math.max(most, Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff)));
        }
        return most;
    }
}
