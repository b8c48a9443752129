package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.clip.PictureException.Reason;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Squares made while a JPEG is decoded, against whole pictures of another build of libjpeg-turbo resized by plain Java. */
class TurboJpegDecoderTest {
    private static final long SEED = Long.getLong("jpegs.seed", 20261126L);
    private static final PictureDecoder DECODER = new PictureDecoder(DecodeLimits.DEFAULT, false);
    private static final int ALL_EIGHTHS = TurboJpegDecoder.ALL_EIGHTHS;

    @BeforeAll
    static void theLibraryIsThere() {
        assertThat(PictureLibrary.failure()).isEmpty();
    }

    @Test
    void decodedInPartEveryPixelIsWhatItIsInTheWhole() {
        Set<String> samplings = new TreeSet<>();
        for (int round = 0; round < 400; round++) {
            Random random = new Random(SEED + round);
            RandomJpegs.Form form = RandomJpegs.form(random, 330);
            byte[] jpeg = RandomJpegs.jpeg(form, random);
            String what = "seed " + SEED + ", round " + round + ": " + form;
            PictureHeader header = DECODER.header(jpeg);
            Picture whole = OpenCvDecoder.decode(jpeg, header);
            assertThat(TurboJpegDecoder.decode(jpeg, header, ALL_EIGHTHS).rgb())
                    .as(what)
                    .isEqualTo(whole.rgb());
            for (int size : new int[] {1 + random.nextInt(12), 1 + random.nextInt(120)}) {
                Fit fit = Fit.middleSquare(form.width(), form.height(), size);
                assertThat(square(jpeg, header, fit)).as("%s to %d", what, size).isEqualTo(plain(whole, fit));
            }
            Fit any = anyFit(random, 100);
            assertThat(square(jpeg, header, any)).as("%s to %s", what, any).isEqualTo(plain(whole, any));
            samplings.add(Arrays.toString(form.factors()));
        }
        assertThat(samplings).as("seed %d", SEED).hasSize(RandomJpegs.SAMPLINGS.length + 1);
    }

    private static Fit anyFit(Random random, int maxSide) {
        int width = 1 + random.nextInt(maxSide);
        int height = 1 + random.nextInt(maxSide);
        int left = random.nextInt(width);
        int top = random.nextInt(height);
        return new Fit(width, height, left, top, 1 + random.nextInt(width - left), 1 + random.nextInt(height - top));
    }

    /** A progressive file that lacks its last scans is smoothed across blocks, further than others are. */
    @Test
    void soItIsOfProgressivePicturesThatLackScans() {
        for (int round = 0; round < 60; round++) {
            Random random = new Random(SEED * 31 + round);
            RandomJpegs.Form form = new RandomJpegs.Form(
                    300 + random.nextInt(300),
                    40 + random.nextInt(80),
                    RandomJpegs.SAMPLINGS[random.nextInt(5)],
                    true,
                    0,
                    0.9f);
            byte[] jpeg = withoutLastScans(RandomJpegs.jpeg(form, random), 1 + random.nextInt(8));
            PictureHeader header = DECODER.header(jpeg);
            Picture whole = TurboJpegDecoder.decode(jpeg, header, ALL_EIGHTHS);
            Fit fit = Fit.middleSquare(form.width(), form.height(), 16 + random.nextInt(20));
            assertThat(square(jpeg, header, fit))
                    .as("round %d: %s", round, form)
                    .isEqualTo(plain(whole, fit));
        }
    }

    private static byte[] withoutLastScans(byte[] jpeg, int scans) {
        int end = jpeg.length;
        for (int i = jpeg.length - 2; i > 0 && scans > 0; i--) {
            if (jpeg[i] == (byte) 0xff && jpeg[i + 1] == (byte) 0xda) {
                end = i;
                scans--;
            }
        }
        byte[] out = Arrays.copyOf(jpeg, end + 2);
        out[end] = (byte) 0xff;
        out[end + 1] = (byte) 0xd9;
        return out;
    }

    /** Damage is found or not found, and drawn, alike in a part and in the whole, whatever it hits. */
    @Test
    void damagedPicturesComeToTheSameInPartAndInTheWhole() {
        Map<Reason, Integer> refused = new EnumMap<>(Reason.class);
        int made = 0;
        for (int round = 0; round < 4_000; round++) {
            Random random = new Random(SEED * 17 + round);
            RandomJpegs.Form form = RandomJpegs.form(random, 60);
            byte[] jpeg = RandomJpegs.jpeg(form, random);
            int flips = 1 + random.nextInt(4);
            for (int i = 0; i < flips; i++) {
                jpeg[random.nextInt(jpeg.length)] ^= (byte) (1 << random.nextInt(8));
            }
            String what = "seed " + SEED + ", round " + round + ": " + form;
            PictureHeader header;
            try {
                header = new PictureDecoder(MutatedPictures.LIMITS, false).header(jpeg);
            } catch (PictureException e) {
                continue;
            }
            if (header.components() == 4) {
                continue;
            }
            Fit fit = Fit.middleSquare(header.width(), header.height(), 16);
            Picture whole = null;
            PictureException problem = null;
            try {
                whole = TurboJpegDecoder.decode(jpeg, header, ALL_EIGHTHS);
            } catch (PictureException e) {
                problem = e;
            }
            if (problem == null) {
                assertThat(square(jpeg, header, fit)).as(what).isEqualTo(plain(whole, fit));
                made++;
            } else {
                PictureException inPart = catchThrowableOfType(PictureException.class, () -> square(jpeg, header, fit));
                assertThat(inPart).as(what).isNotNull().hasMessage(problem.getMessage());
                assertThat(inPart.reason()).as(what).isEqualTo(problem.reason());
                refused.merge(problem.reason(), 1, Integer::sum);
            }
        }
        System.out.println("seed=" + SEED + " made=" + made + " refused=" + refused);
        assertThat(made).isGreaterThan(1000);
        assertThat(refused.get(Reason.CORRUPT)).isGreaterThan(50);
    }

    @Test
    void aFastDecodeTakesTheSmallestScaleThatLeavesTwiceTheSquare() {
        assertThat(eighths(640, 480, 224)).isEqualTo(8);
        assertThat(eighths(896, 896, 224)).isEqualTo(4);
        assertThat(eighths(895, 894, 224)).isEqualTo(8);
        assertThat(eighths(4000, 3000, 224)).isEqualTo(2);
        assertThat(eighths(3000, 4000, 224)).isEqualTo(2);
        assertThat(eighths(8000, 6000, 224)).isEqualTo(1);
    }

    private static int eighths(int width, int height, int size) {
        PictureHeader header = new PictureHeader(PictureHeader.Format.JPEG, width, height, 3, -1, false);
        return TurboJpegDecoder.fastEighths(header, size);
    }

    @Test
    void aFastDecodeIsNearTheExactOne() {
        Set<Integer> scales = new TreeSet<>();
        for (int round = 0; round < 100; round++) {
            Random random = new Random(SEED * 13 + round);
            RandomJpegs.Form form = RandomJpegs.form(random, 900);
            byte[] jpeg = RandomJpegs.jpeg(form, (x, y, channel) -> 255 * x / form.width() * y / form.height());
            PictureHeader header = DECODER.header(jpeg);
            // Of small squares, the rounding of lengths up to whole pixels would count.
            Fit fit = Fit.middleSquare(form.width(), form.height(), 20 + random.nextInt(60));
            ByteBuffer fast = ByteBuffer.allocateDirect(fit.bytes());
            int eighths = TurboJpegDecoder.fastEighths(header, fit.cropWidth());
            TurboJpegDecoder.resize(jpeg, header, fit, eighths, fast, 0);
            Picture small = TurboJpegDecoder.decode(jpeg, header, eighths);
            byte[] square = new byte[fit.bytes()];
            fast.get(0, square);
            assertThat(square).as("round %d: %s to %s", round, form, fit).isEqualTo(plain(small, fit));
            byte[] exact = square(jpeg, header, fit);
            long sum = 0;
            for (int i = 0; i < exact.length; i++) {
                sum += Math.abs((exact[i] & 0xff) - (fast.get(i) & 0xff));
            }
            double mean = (double) sum / exact.length;
            boolean scaled = eighths < ALL_EIGHTHS;
            scales.add(eighths);
            assertThat(mean).as("round %d: %s to %s", round, form, fit).isLessThan(scaled ? 3 : 1e-9);
        }
        assertThat(scales).containsExactly(1, 2, 4, ALL_EIGHTHS);
    }

    @Test
    void whatAJpegSaysOfItselfTwiceIsComparedBeforePixelsAreWritten() {
        byte[] jpeg = Golden.bytes("jpeg-420.jpg");
        PictureHeader header = DECODER.header(jpeg);
        PictureHeader lie = new PictureHeader(header.format(), header.width() + 1, header.height(), 3, -1, false);
        Fit fit = Fit.middleSquare(lie.width(), lie.height(), 8);
        for (PictureException refusal : List.of(
                catchThrowableOfType(PictureException.class, () -> TurboJpegDecoder.decode(jpeg, lie, ALL_EIGHTHS)),
                catchThrowableOfType(PictureException.class, () -> square(jpeg, lie, fit)))) {
            assertThat(refusal.reason()).isEqualTo(Reason.CORRUPT);
            assertThat(refusal).hasMessageContaining("61 x 43").hasMessageContaining("62 x 43");
        }
    }

    private static byte[] square(byte[] jpeg, PictureHeader header, Fit fit) {
        ByteBuffer out = ByteBuffer.allocateDirect(fit.bytes());
        TurboJpegDecoder.resize(jpeg, header, fit, ALL_EIGHTHS, out, 0);
        byte[] square = new byte[fit.bytes()];
        out.get(square);
        return square;
    }

    private static byte[] plain(Picture picture, Fit fit) {
        byte[] square = new byte[fit.bytes()];
        PlainResampler.resize(picture, fit, square, 0);
        return square;
    }
}
