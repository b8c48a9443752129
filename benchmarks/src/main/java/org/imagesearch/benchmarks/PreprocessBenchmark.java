package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ImageSpec;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.Picture;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.PictureLibrary;
import org.imagesearch.clip.PictureSquares;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.core.ImageSearchException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** From the bytes of a JPEG to the square that the model sees, here and in Pillow, on one thread. The squares must be equal. */
@Command(
        name = "preprocess",
        description = "decodes JPEGs and resizes them to the model's square, one thread, against Pillow")
final class PreprocessBenchmark implements Benchmark {
    private static final int PHOTOGRAPH_WIDTH = 4000;
    private static final int PHOTOGRAPH_HEIGHT = 3000;

    /** A fast decode halves a picture at the least. */
    private static final int LARGEST_SCALE = 2;

    @Option(
            names = "--pictures",
            paramLabel = "N",
            defaultValue = "64",
            description = "JPEG files made (default: ${DEFAULT-VALUE})")
    private int count;

    @Option(
            names = "--width",
            paramLabel = "N",
            defaultValue = "640",
            description = "pixels (default: ${DEFAULT-VALUE})")
    private int width;

    @Option(
            names = "--height",
            paramLabel = "N",
            defaultValue = "480",
            description = "pixels (default: ${DEFAULT-VALUE})")
    private int height;

    @Option(
            names = "--size",
            paramLabel = "N",
            defaultValue = "224",
            description = "side of the square, pixels (default: ${DEFAULT-VALUE})")
    private int size;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "15",
            description = "rounds of each side, of which the median counts (default: ${DEFAULT-VALUE})")
    private int repeats;

    @Option(
            names = "--photographs",
            paramLabel = "N",
            defaultValue = "4",
            description = "JPEG files of 4000 x 3000 made besides; 0 for none (default: ${DEFAULT-VALUE})")
    private int photographs;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of the pictures (default: ${DEFAULT-VALUE})")
    private int seed;

    @Mixin
    private WorkFolder.Choice choice;

    private final PictureDecoder decoder = new PictureDecoder(DecodeLimits.DEFAULT, false);

    @Override
    public void run(Report report) throws IOException {
        Sizes.requireRange("--pictures", count, 1, 10_000);
        Sizes.requireRange("--width", width, 8, 10_000);
        Sizes.requireRange("--height", height, 8, 10_000);
        Sizes.requireRange("--size", size, 1, 1024);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        Sizes.requireRange("--photographs", photographs, 0, 100);
        PictureLibrary.failure()
                .ifPresent(reason -> report.note("without the native library, in Java: %s", reason.getMessage()));
        measure(count, width, height, report);
        if (photographs > 0) {
            measure(photographs, PHOTOGRAPH_WIDTH, PHOTOGRAPH_HEIGHT, report);
        }
    }

    private void measure(int files, int width, int height, Report report) throws IOException {
        try (WorkFolder folder = choice.open()) {
            Works works = new Works(makePictures(folder, files, width, height));
            String name = "JPEG %d x %d to %d".formatted(width, height, size);
            Path squares = folder.resolve("squares.u8");
            try (PythonProcess pillow = PythonProcess.start(
                    folder,
                    "preprocess.py",
                    1,
                    folder.resolve("pictures").toString(),
                    Integer.toString(size),
                    squares.toString())) {
                compare(files, works::both, name, "both", pillow, report);
                requireSame(works.files, Files.readAllBytes(squares));
                compare(files, works::decode, name + ", decoding alone", "decode", pillow, report);
                compare(files, works::resize, name + ", resizing alone", "resize", pillow, report);
                if (Math.min(width, height) >= 2 * LARGEST_SCALE * size) {
                    compare(files, works::fast, name + ", fast decode", "both", pillow, report);
                    noteLoss(works.files, report);
                }
            }
        }
    }

    /** One pass over all pictures; the result keeps the compiler from leaving work out. */
    private interface Work {
        int pass();
    }

    private PictureSquares squares(ImageSpec spec, boolean fastDecode) {
        return new PictureSquares(spec, DecodeLimits.DEFAULT, false, fastDecode);
    }

    private ImageSpec spec() {
        return new ImageSpec(Path.of("none"), "pixels", "embedding", size);
    }

    /** What is timed, on one thread, from bytes in memory to a buffer as the model takes it. */
    private final class Works {
        private final List<byte[]> files;
        private final List<Picture> pictures;
        private final Preprocessor preprocessor = new Preprocessor(spec());
        private final PictureSquares exact = squares(spec(), false);
        private final PictureSquares fast = squares(spec(), true);
        private final ByteBuffer square = ByteBuffer.allocateDirect(exact.squareBytes());

        Works(List<byte[]> files) {
            this.files = files;
            this.pictures = files.stream().map(decoder::decode).toList();
        }

        int both() {
            files.forEach(file -> exact.prepare(file, square, 0));
            return square.get(0) | 1;
        }

        int fast() {
            files.forEach(file -> fast.prepare(file, square, 0));
            return square.get(0) | 1;
        }

        int decode() {
            int bytes = 0;
            for (byte[] file : files) {
                bytes += decoder.decode(file).rgb().length;
            }
            return bytes;
        }

        int resize() {
            for (Picture picture : pictures) {
                preprocessor.applyTo(picture, square.clear());
            }
            return square.get(0) | 1;
        }
    }

    private List<byte[]> makePictures(WorkFolder folder, int files, int width, int height) throws IOException {
        Path pictures = Files.createDirectories(folder.resolve("pictures"));
        try (PythonProcess maker = PythonProcess.start(
                folder,
                "make_jpegs.py",
                1,
                pictures.toString(),
                Integer.toString(files),
                Integer.toString(width),
                Integer.toString(height),
                Integer.toString(seed))) {
            maker.ask("");
        }
        List<byte[]> made = new ArrayList<>();
        for (int i = 0; i < files; i++) {
            made.add(Files.readAllBytes(pictures.resolve("%06d.jpg".formatted(i))));
        }
        return made;
    }

    private void compare(int files, Work ours, String name, String theirs, PythonProcess pillow, Report report)
            throws IOException {
        String[] version = new String[1];
        SideBySide times = SideBySide.measure(repeats, () -> seconds(ours), () -> {
            JsonNode answer = pillow.ask(theirs);
            version[0] = answer.get("version").asText();
            return answer.get("seconds").asDouble();
        });
        report.figure(Figure.of(
                "preprocess",
                name,
                "pictures/s",
                files / times.ourSeconds(),
                "Pillow " + version[0],
                files / times.theirSeconds()));
    }

    private static double seconds(Work work) {
        long begin = System.nanoTime();
        int made = work.pass();
        double seconds = SideBySide.secondsSince(begin);
        if (made == 0) {
            throw ImageSearchException.data("a pass over the pictures gave nothing");
        }
        return seconds;
    }

    private void requireSame(List<byte[]> files, byte[] theirs) {
        PictureSquares exact = squares(spec(), false);
        ByteArrayOutputStream ours = new ByteArrayOutputStream(theirs.length);
        files.forEach(file -> ours.writeBytes(exact.prepare(file).square()));
        int different = Arrays.mismatch(ours.toByteArray(), theirs);
        if (different >= 0) {
            throw ImageSearchException.data(
                    "the squares differ from Pillow's, first in picture %d", different / exact.squareBytes());
        }
    }

    /** How far a fast decode moves the demo model's embeddings. */
    private void noteLoss(List<byte[]> files, Report report) {
        ModelBundle bundle = ModelBundle.open(Program.file("demo/model"));
        try (ImageEncoder encoder = ImageEncoder.open(bundle, EncoderSettings.cpu(1, files.size()))) {
            float[] exact = embeddings(encoder, squares(bundle.image(), false), files);
            float[] fast = embeddings(encoder, squares(bundle.image(), true), files);
            double least = 1;
            double sum = 0;
            for (int i = 0; i < files.size(); i++) {
                double cosine = 0;
                for (int j = i * bundle.dimension(); j < (i + 1) * bundle.dimension(); j++) {
                    cosine += exact[j] * fast[j];
                }
                least = Math.min(least, cosine);
                sum += cosine;
            }
            report.note(
                    "fast decode, %s, %d x %d: cosine to the exact embedding %.5f in the mean, %.5f at least",
                    bundle.name(), encoder.imageSize(), encoder.imageSize(), sum / files.size(), least);
        }
    }

    private static float[] embeddings(ImageEncoder encoder, PictureSquares squares, List<byte[]> files) {
        ByteBuffer pixels = ByteBuffer.allocateDirect(files.size() * squares.squareBytes());
        for (int i = 0; i < files.size(); i++) {
            squares.prepare(files.get(i), pixels, i * squares.squareBytes());
        }
        return encoder.encode(pixels, files.size());
    }
}
