package org.imagesearch.clip;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.imagesearch.clip.PictureException.Reason;

/**
 * Decodes seeded mutations of the golden pictures, and makes squares of them in one call, which must come to the same: a program
 * of its own, so that a crash of a native decoder is a result like any other.
 *
 * <p>Arguments: seed, first mutation, end, a file that always holds the number of the mutation under way.
 */
final class MutatedPictures {
    /** Small, so that sizes which mutations claim cost nothing, and larger than every golden picture. */
    static final DecodeLimits LIMITS = new DecodeLimits(1 << 20, 2_000_000, 4_000);

    /** The JVM has settled by then, and the allocator of the native side has seen every kind of picture. */
    private static final int SETTLED_AFTER = 3_000;

    /** One of so many mutations runs on a thread of its own. */
    private static final int THREADED = 5;

    private static final int SIDE = 24;
    private static final PictureDecoder DECODER = new PictureDecoder(LIMITS, true);
    private static final PictureSquares SQUARES =
            new PictureSquares(PictureSquaresTest.spec(SIDE), LIMITS, true, false);
    private static final ByteBuffer SQUARE = ByteBuffer.allocateDirect(SQUARES.squareBytes());

    private final long seed;
    private final List<String> names = Golden.names();
    private final Map<String, byte[]> pictures = new TreeMap<>();
    private final Map<Reason, Integer> refused = new EnumMap<>(Reason.class);
    private int decoded;

    private MutatedPictures(long seed) {
        this.seed = seed;
        names.forEach(name -> pictures.put(name, Golden.bytes(name)));
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        MutatedPictures run = new MutatedPictures(Long.parseLong(arguments[0]));
        long settledKibibytes = 0;
        int end = Integer.parseInt(arguments[2]);
        try (RandomAccessFile underWay =
                new RandomAccessFile(Path.of(arguments[3]).toFile(), "rw")) {
            for (int number = Integer.parseInt(arguments[1]); number < end; number++) {
                underWay.seek(0);
                underWay.writeInt(number);
                if (number % THREADED == 0) {
                    run.decodeOnItsOwnThread(number);
                } else {
                    run.decode(number);
                }
                if (number == SETTLED_AFTER) {
                    settledKibibytes = residentKibibytes();
                }
            }
        }
        System.out.println("decoded=" + run.decoded + " refused=" + run.refused);
        System.out.println("grownKibibytes=" + (residentKibibytes() - settledKibibytes));
    }

    /** Memory of this process, whoever allocated it. Source: proc(5). */
    private static long residentKibibytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("/proc/self/status tells no VmRSS");
    }

    /** What a thread of the native side keeps goes with the thread. */
    private void decodeOnItsOwnThread(int number) throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(() -> decode(number), "mutation-" + number);
        thread.setUncaughtExceptionHandler((ended, thrown) -> failure.set(thrown));
        thread.start();
        thread.join();
        if (failure.get() != null) {
            throw new AssertionError("mutation " + number, failure.get());
        }
    }

    private void decode(int number) {
        // Each mutation has a seed of its own and can be made again alone.
        Random random = new Random(seed * 0x9E3779B97F4A7C15L + number * 0xBF58476D1CE4E5B9L);
        String name = names.get(random.nextInt(names.size()));
        byte[] mutated = mutate(pictures.get(name), random);
        try {
            Picture picture = DECODER.decode(mutated);
            if ((long) picture.width() * picture.height() > LIMITS.maxPixels()
                    || Math.max(picture.width(), picture.height()) > LIMITS.maxSide()) {
                throw new AssertionError("beyond the limits: " + picture.width() + " x " + picture.height());
            }
            decoded++;
            requireSquare(mutated, picture);
        } catch (PictureException e) {
            refused.merge(e.reason(), 1, Integer::sum);
            requireRefused(mutated, e);
        } catch (RuntimeException | Error e) {
            throw new AssertionError("mutation " + number + " of " + name + ", seed " + seed, e);
        }
    }

    private static void requireSquare(byte[] mutated, Picture picture) {
        byte[] expected = new byte[SQUARES.squareBytes()];
        PlainResampler.resize(picture, Fit.middleSquare(picture.width(), picture.height(), SIDE), expected, 0);
        PictureSize size = SQUARES.prepare(mutated, SQUARE, 0);
        byte[] square = new byte[expected.length];
        SQUARE.get(0, square);
        if (!size.equals(new PictureSize(picture.width(), picture.height())) || !Arrays.equals(square, expected)) {
            throw new AssertionError("the square is not the picture's");
        }
    }

    private static void requireRefused(byte[] mutated, PictureException refusal) {
        try {
            SQUARES.prepare(mutated, SQUARE, 0);
        } catch (PictureException e) {
            if (e.reason() == refusal.reason()) {
                return;
            }
            throw new AssertionError("decoding says " + refusal + ", one call " + e, e);
        }
        throw new AssertionError("a square of what cannot be decoded", refusal);
    }

    private byte[] mutate(byte[] picture, Random random) {
        byte[] mutated = picture.clone();
        for (int times = 1 + random.nextInt(3); times > 0 && mutated.length > 0; times--) {
            mutated = switch (random.nextInt(10)) {
                case 0 -> Arrays.copyOf(mutated, random.nextInt(mutated.length));
                case 1 -> spliced(mutated, pictures.get(names.get(random.nextInt(names.size()))), random);
                case 2 -> withoutSome(mutated, random);
                case 3 -> withNumber(mutated, random);
                default -> flipped(mutated, random);
            };
        }
        return mutated;
    }

    /** Some bits, half of the time near the beginning, where the headers are. */
    private static byte[] flipped(byte[] bytes, Random random) {
        int range = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 64);
        for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
            bytes[random.nextInt(range)] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    /** The beginning of one picture and the end of another. */
    private static byte[] spliced(byte[] first, byte[] second, Random random) {
        int head = random.nextInt(first.length);
        int tail = random.nextInt(second.length);
        byte[] out = Arrays.copyOf(first, head + tail);
        System.arraycopy(second, second.length - tail, out, head, tail);
        return out;
    }

    private static byte[] withoutSome(byte[] bytes, Random random) {
        int from = random.nextInt(bytes.length);
        int count = Math.min(bytes.length - from, 1 + random.nextInt(40));
        byte[] out = new byte[bytes.length - count];
        System.arraycopy(bytes, 0, out, 0, from);
        System.arraycopy(bytes, from + count, out, from, out.length - from);
        return out;
    }

    /** A number at which arithmetic goes wrong, somewhere. */
    private static byte[] withNumber(byte[] bytes, Random random) {
        int[] values = {0, 1, 0x7f, 0x80, 0xff};
        int value = values[random.nextInt(values.length)];
        int at = random.nextInt(random.nextBoolean() ? bytes.length : Math.min(bytes.length, 64));
        for (int i = at; i < Math.min(bytes.length, at + 1 + random.nextInt(4)); i++) {
            bytes[i] = (byte) value;
        }
        return bytes;
    }
}
