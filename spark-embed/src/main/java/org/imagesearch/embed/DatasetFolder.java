package org.imagesearch.embed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.DatasetManifest;

/**
 * A dataset's folder: what is committed, and the moves that commit.
 *
 * <p>Names that begin with an underscore are the job's own: {@code _staging/} holds what is not committed, {@code _retry} is the
 * intent of a retry that is being committed, {@code _move} that of a folder on its way to its place.
 */
final class DatasetFolder {
    private static final Pattern WAVE = Pattern.compile("wave=(\\d{6,})");
    private static final Pattern FAILURES_OF_WAVE = Pattern.compile("wave-(\\d{6,})\\.parquet");
    private static final Pattern GLOB_CHARACTERS = Pattern.compile("[{}\\[\\]*?\\\\]");
    private static final int MANIFEST_LIMIT_BYTES = 1 << 20;
    private static final int INTENT_LIMIT_BYTES = 64 << 20;

    private final FileSystem files;
    private final Path root;

    private DatasetFolder(FileSystem files, Path root) {
        this.files = files;
        this.root = root;
    }

    /**
     * Opens a folder; it need not exist.
     *
     * @throws ImageSearchException (input) if there can be no dataset at this path
     */
    static DatasetFolder open(String path, Configuration configuration) {
        if (GLOB_CHARACTERS.matcher(path).find()) {
            // Spark reads paths as patterns.
            throw ImageSearchException.input("--output %s: none of { } [ ] * ? \\ may be in a dataset's path", path);
        }
        try {
            Path given = new Path(path);
            FileSystem files = given.getFileSystem(configuration);
            return new DatasetFolder(files, files.makeQualified(given));
        } catch (IOException | IllegalArgumentException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "--output " + path + ": " + e.getMessage(), e);
        }
    }

    FileSystem files() {
        return files;
    }

    Path root() {
        return root;
    }

    Path images() {
        return new Path(root, DatasetLayout.IMAGES);
    }

    Path failures() {
        return new Path(root, DatasetLayout.FAILURES);
    }

    Path queries() {
        return new Path(root, DatasetLayout.QUERIES);
    }

    Path listing() {
        return new Path(root, DatasetLayout.LISTING);
    }

    /** A place for what is not committed yet. */
    Path staging(String name) {
        return new Path(new Path(root, "_staging"), name);
    }

    // In the digits that are read again below, whatever the user's locale writes numbers in.

    Path wave(int wave) {
        return new Path(images(), DatasetLayout.waveFolder(wave));
    }

    Path failuresOfWave(int wave) {
        return new Path(failures(), String.format(Locale.ROOT, "wave-%06d.parquet", wave));
    }

    Path listingBatch(int firstWave) {
        return new Path(listing(), String.format(Locale.ROOT, "batch-%06d", firstWave));
    }

    Optional<DatasetManifest> manifest() throws IOException {
        Path file = new Path(root, DatasetLayout.MANIFEST);
        return exists(file)
                ? Optional.of(DatasetManifest.fromJson(read(file, MANIFEST_LIMIT_BYTES), file.toString()))
                : Optional.empty();
    }

    /** Writes the manifest, unless the one in place says the same. */
    void write(DatasetManifest manifest) throws IOException {
        Optional<DatasetManifest> present = manifest();
        if (present.isPresent() && present.get().saysTheSameAs(manifest)) {
            return;
        }
        replace(new Path(root, DatasetLayout.MANIFEST), manifest.toJson());
    }

    boolean exists(Path path) throws IOException {
        return PictureFiles.exists(files, path);
    }

    /** The waves whose pictures are in place. */
    NavigableSet<Integer> committedWaves() throws IOException {
        TreeSet<Integer> waves = new TreeSet<>();
        if (exists(images())) {
            for (FileStatus status : files.listStatus(images())) {
                Matcher name = WAVE.matcher(status.getPath().getName());
                if (status.isDirectory() && name.matches()) {
                    waves.add(Integer.parseInt(name.group(1)));
                }
            }
        }
        return waves;
    }

    /** @throws ImageSearchException (data) if the file is not one of {@link #failuresOfWave} */
    static int waveOfFailures(Path file) {
        Matcher name = FAILURES_OF_WAVE.matcher(file.getName());
        if (!name.matches()) {
            throw ImageSearchException.data("%s does not belong into a dataset's failures", file);
        }
        return Integer.parseInt(name.group(1));
    }

    /** The waves that have failures in place. */
    NavigableSet<Integer> wavesWithFailures() throws IOException {
        TreeSet<Integer> waves = new TreeSet<>();
        if (exists(failures())) {
            for (FileStatus status : files.listStatus(failures())) {
                Matcher name = FAILURES_OF_WAVE.matcher(status.getPath().getName());
                if (name.matches()) {
                    waves.add(Integer.parseInt(name.group(1)));
                }
            }
        }
        return waves;
    }

    /**
     * Makes the folder ready for a run: ends a retry that was cut off, and drops what was not committed.
     *
     * @throws ImageSearchException (data) if there are waves and nothing says by which model
     */
    void recover() throws IOException {
        files.mkdirs(root);
        finishReplacing(new Path(root, DatasetLayout.MANIFEST));
        finishReplacing(intent());
        finishMove();
        NavigableSet<Integer> committed = committedWaves();
        if (!committed.isEmpty() && !exists(new Path(root, DatasetLayout.MANIFEST))) {
            throw ImageSearchException.data(
                    "%s has %d committed waves but no %s, which says by which model they were made",
                    root, committed.size(), DatasetLayout.MANIFEST);
        }
        Path intent = intent();
        if (exists(intent)) {
            List<Integer> waves = readIntent(intent);
            if (committed.contains(waves.get(0))) {
                deleteFailures(waves.subList(1, waves.size()));
            }
            files.delete(intent, false);
        }
        NavigableSet<Integer> uncommitted = wavesWithFailures();
        uncommitted.removeAll(committed);
        deleteFailures(uncommitted);
        dropStaging();
    }

    /** Deletes what is not committed. */
    void dropStaging() throws IOException {
        files.delete(new Path(root, "_staging"), true);
    }

    /**
     * Commits a wave: failures first, then pictures; what moves them is the commit. Done again after a crash, it comes to the same.
     *
     * @param stagedImages folder of Parquet files
     * @param stagedFailures one Parquet file, if any picture failed
     */
    void commitWave(int wave, Path stagedImages, Optional<Path> stagedFailures) throws IOException {
        files.delete(failuresOfWave(wave), false);
        if (stagedFailures.isPresent()) {
            files.mkdirs(failures());
            rename(stagedFailures.get(), failuresOfWave(wave));
        }
        files.mkdirs(images());
        move(stagedImages, wave(wave));
    }

    /**
     * Commits a retry as a wave of its own, which takes the place of the failures of earlier waves.
     *
     * @param retried the waves whose failures were tried again
     */
    void commitRetry(int wave, Iterable<Integer> retried, Path stagedImages, Optional<Path> stagedFailures)
            throws IOException {
        List<Integer> waves = new ArrayList<>(List.of(wave));
        retried.forEach(waves::add);
        replace(
                intent(),
                String.join("\n", waves.stream().map(String::valueOf).toList()).getBytes(StandardCharsets.UTF_8));
        commitWave(wave, stagedImages, stagedFailures);
        deleteFailures(waves.subList(1, waves.size()));
        files.delete(intent(), false);
    }

    /** Notes that {@code queries/} will not be a sample of what is about to be committed. */
    void markQueriesStale() throws IOException {
        files.create(staleQueries(), true).close();
    }

    /** Whether a run committed pictures and was cut off before it sampled their captions. */
    boolean areQueriesStale() throws IOException {
        return exists(staleQueries());
    }

    void markQueriesFresh() throws IOException {
        files.delete(staleQueries(), false);
    }

    private Path staleQueries() {
        return new Path(root, "_queries.stale");
    }

    /** Puts a staged folder in the place of an earlier one. */
    void replaceFolder(Path staged, Path target) throws IOException {
        files.delete(target, true);
        files.mkdirs(target.getParent());
        move(staged, target);
    }

    /**
     * Moves a folder to its place. Where that is one step (a disk, HDFS) there is never half of it; object stores copy file after file. So
     * what is about to be moved is written down first, and a move that was cut off is ended by {@link #recover}.
     */
    private void move(Path staged, Path target) throws IOException {
        replace(moving(), (relative(root, staged) + "\n" + relative(root, target)).getBytes(StandardCharsets.UTF_8));
        rename(staged, target);
        files.delete(moving(), false);
    }

    /** A file is complete wherever it is, in its place or not yet: stores copy each in one step, and delete what they have copied. */
    private void finishMove() throws IOException {
        finishReplacing(moving());
        if (!exists(moving())) {
            return;
        }
        List<String> way = new String(read(moving(), MANIFEST_LIMIT_BYTES), StandardCharsets.UTF_8)
                .lines()
                .toList();
        if (exists(new Path(root, way.get(0)))) {
            moveOneByOne(new Path(root, way.get(0)), new Path(root, way.get(1)));
        }
        files.delete(moving(), false);
    }

    private void moveOneByOne(Path folder, Path target) throws IOException {
        files.mkdirs(target);
        for (FileStatus one : files.listStatus(folder)) {
            Path place = new Path(target, one.getPath().getName());
            if (one.isDirectory()) {
                moveOneByOne(one.getPath(), place);
            } else {
                files.delete(place, false);
                rename(one.getPath(), place);
            }
        }
    }

    private static String relative(Path folder, Path within) {
        return folder.toUri().relativize(within.toUri()).getPath();
    }

    private Path moving() {
        return new Path(root, "_move");
    }

    private Path intent() {
        return new Path(root, "_retry");
    }

    private List<Integer> readIntent(Path intent) throws IOException {
        return new String(read(intent, INTENT_LIMIT_BYTES), StandardCharsets.UTF_8)
                .lines()
                .map(Integer::valueOf)
                .toList();
    }

    private void deleteFailures(Iterable<Integer> waves) throws IOException {
        for (int wave : waves) {
            files.delete(failuresOfWave(wave), false);
        }
    }

    /** Not every file system renames onto a file that exists; a crash between the two steps is mended by {@link #recover}. */
    private void replace(Path file, byte[] bytes) throws IOException {
        Path written = sibling(file, ".written");
        try (var out = files.create(written, true)) {
            out.write(bytes);
        }
        Path next = sibling(file, ".next");
        files.delete(next, false);
        rename(written, next);
        files.delete(file, false);
        rename(next, file);
    }

    private void finishReplacing(Path file) throws IOException {
        files.delete(sibling(file, ".written"), false);
        Path next = sibling(file, ".next");
        if (exists(next)) {
            files.delete(file, false);
            rename(next, file);
        }
    }

    private static Path sibling(Path file, String ending) {
        return new Path(file.getParent(), "_" + file.getName() + ending);
    }

    private void rename(Path from, Path to) throws IOException {
        if (exists(to)) {
            // Hadoop would move a folder into a folder that is there.
            throw new IOException("cannot rename " + from + " to " + to + ", which exists");
        }
        if (!files.rename(from, to)) {
            throw new IOException("cannot rename " + from + " to " + to);
        }
    }

    private byte[] read(Path file, int limitBytes) throws IOException {
        long length = files.getFileStatus(file).getLen();
        if (length > limitBytes) {
            throw ImageSearchException.data("%s has %d bytes, expected at most %d", file, length, limitBytes);
        }
        byte[] bytes = new byte[(int) length];
        try (FSDataInputStream in = files.open(file)) {
            in.readFully(0, bytes);
        }
        return bytes;
    }
}
