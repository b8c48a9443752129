package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.clip.ImageSpec;
import org.imagesearch.clip.Picture;
import org.imagesearch.clip.PictureDecoder;
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
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of the pictures (default: ${DEFAULT-VALUE})")
    private int seed;

    @Mixin
    private WorkFolder.Choice choice;

    private final PictureDecoder decoder = new PictureDecoder(DecodeLimits.DEFAULT, false);
    private Preprocessor preprocessor;

    @Override
    public void run(Report report) throws IOException {
        Sizes.requireRange("--pictures", count, 1, 10_000);
        Sizes.requireRange("--width", width, 8, 10_000);
        Sizes.requireRange("--height", height, 8, 10_000);
        Sizes.requireRange("--size", size, 1, 1024);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        preprocessor = new Preprocessor(new ImageSpec(Path.of("none"), "pixels", "embedding", size));
        try (WorkFolder folder = choice.open()) {
            List<byte[]> files = makePictures(folder);
            List<Picture> pictures = files.stream().map(decoder::decode).toList();
            Map<String, Work> works = Map.of(
                    "decode", () -> decodeAll(files),
                    "resize", () -> resizeAll(pictures),
                    "both", () -> preprocessAll(files));
            Path squares = folder.resolve("squares.u8");
            try (PythonProcess pillow = PythonProcess.start(
                    folder,
                    "preprocess.py",
                    1,
                    folder.resolve("pictures").toString(),
                    Integer.toString(size),
                    squares.toString())) {
                compare(works, "both", "JPEG %d x %d to %d".formatted(width, height, size), pillow, report);
                requireSame(files, Files.readAllBytes(squares));
                compare(works, "decode", "decoding alone", pillow, report);
                compare(works, "resize", "resizing alone", pillow, report);
            }
        }
    }

    /** One pass over all pictures; the result keeps the compiler from leaving work out. */
    private interface Work {
        int pass();
    }

    private List<byte[]> makePictures(WorkFolder folder) throws IOException {
        Path pictures = Files.createDirectories(folder.resolve("pictures"));
        try (PythonProcess maker = PythonProcess.start(
                folder,
                "make_jpegs.py",
                1,
                pictures.toString(),
                Integer.toString(count),
                Integer.toString(width),
                Integer.toString(height),
                Integer.toString(seed))) {
            maker.ask("");
        }
        List<byte[]> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            files.add(Files.readAllBytes(pictures.resolve("%06d.jpg".formatted(i))));
        }
        return files;
    }

    private void compare(Map<String, Work> works, String work, String name, PythonProcess pillow, Report report)
            throws IOException {
        String[] version = new String[1];
        Work ours = works.get(work);
        SideBySide times = SideBySide.measure(repeats, () -> seconds(ours), () -> {
            JsonNode answer = pillow.ask(work);
            version[0] = answer.get("version").asText();
            return answer.get("seconds").asDouble();
        });
        report.figure(Figure.of(
                "preprocess",
                name,
                "pictures/s",
                count / times.ourSeconds(),
                "Pillow " + version[0],
                count / times.theirSeconds()));
    }

    private double seconds(Work work) {
        long begin = System.nanoTime();
        int made = work.pass();
        double seconds = SideBySide.secondsSince(begin);
        if (made == 0) {
            throw ImageSearchException.data("%d pictures gave nothing", count);
        }
        return seconds;
    }

    private int decodeAll(List<byte[]> files) {
        int bytes = 0;
        for (byte[] file : files) {
            bytes += decoder.decode(file).rgb().length;
        }
        return bytes;
    }

    private int resizeAll(List<Picture> pictures) {
        int bytes = 0;
        for (Picture picture : pictures) {
            bytes += preprocessor.apply(picture).length;
        }
        return bytes;
    }

    private int preprocessAll(List<byte[]> files) {
        int bytes = 0;
        for (byte[] file : files) {
            bytes += preprocessor.apply(decoder.decode(file)).length;
        }
        return bytes;
    }

    private void requireSame(List<byte[]> files, byte[] theirs) {
        ByteArrayOutputStream ours = new ByteArrayOutputStream(theirs.length);
        files.forEach(file -> ours.writeBytes(preprocessor.apply(decoder.decode(file))));
        int different = Arrays.mismatch(ours.toByteArray(), theirs);
        if (different >= 0) {
            throw ImageSearchException.data(
                    "the squares differ from Pillow's, first in picture %d", different / (3 * size * size));
        }
    }
}
