package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.RemoteIterator;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** Finds and reads the pictures of a folder or a glob, on any file system that Hadoop knows. */
final class PictureFiles {
    /** What is listed: also formats that are not decoded, so that they show up as failures and are not passed over. */
    private static final Set<String> PICTURES =
            Set.of("jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "webp", "tif", "tiff", "heic", "heif", "avif");

    /** Tars inside a packing cannot be read by offset. */
    private static final Set<String> PACKINGS = Set.of("gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "tzst", "lz4");

    private static final String CAPTION = "txt";
    private static final String TAR = "tar";
    private static final String PARQUET = "parquet";

    /** What Java puts where the bytes of a file's name are no text in the encoding of the locale. */
    private static final char UNDECODABLE = '\uFFFD';

    /**
     * What was found: of pictures, tars and Parquet files, one kind only.
     *
     * @param pictures in the order of their uris
     * @param tars uris of WebDataset files, in order
     * @param tables uris of Parquet files, in order
     * @param ignored files that are none of these by their names, captions left out
     * @param unnameable files and folders whose names are no text under this locale, so that Java cannot open them
     */
    record Found(List<Picture> pictures, List<String> tars, List<String> tables, long ignored, long unnameable) {}

    /**
     * A picture file.
     *
     * @param uri its address, escaped
     * @param captionUri the text file beside it, or null
     */
    record Picture(String uri, String captionUri) {}

    private final FileSystem files;
    private final Path output;
    private final Map<String, String> pictures = new HashMap<>();
    private final Map<String, String> captions = new HashMap<>();
    private final TreeSet<String> tars = new TreeSet<>();
    private final TreeSet<String> tables = new TreeSet<>();
    private final TreeSet<String> packedTars = new TreeSet<>();
    private long ignored;
    private long unnameable;

    private PictureFiles(FileSystem files, Path output) {
        this.files = files;
        this.output = output;
    }

    /**
     * Lists pictures, tars or Parquet files, in folders recursively. Files and folders whose names begin with a dot or an underscore are left out, and
     * so is the dataset itself where it lies below the input. Links are followed; one that leads back up is not.
     *
     * @param output the dataset's folder, qualified
     * @throws ImageSearchException (input) if there is nothing there, or files of several kinds
     */
    static Found list(String input, Path output, Configuration configuration) {
        try {
            Path path = new Path(input);
            FileSystem files = withoutChecksums(path.getFileSystem(configuration));
            return new PictureFiles(files, output).list(input, files.makeQualified(path));
        } catch (IOException | IllegalArgumentException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "--input " + input + " cannot be listed: " + e, e);
        }
    }

    private Found list(String input, Path path) throws IOException {
        TreeSet<Path> parents = new TreeSet<>();
        for (FileStatus root : roots(input, path)) {
            if (root.isDirectory()) {
                takeAllBelow(root.getPath());
            } else {
                take(root.getPath());
                parents.add(root.getPath().getParent());
            }
        }
        // A glob of pictures does not match their captions.
        for (Path parent : pictures.isEmpty() ? Set.<Path>of() : parents) {
            for (FileStatus status : files.listStatus(parent)) {
                Path file = status.getPath();
                if (extension(file.getName()).equals(CAPTION) && !isHidden(file.getName())) {
                    take(file);
                }
            }
        }
        leaveOutDescriptions();
        requireOneKind(input);
        return new Found(sorted(), List.copyOf(tars), List.copyOf(tables), ignored, unnameable);
    }

    /** img2dataset writes {@code 00000.parquet}, which repeats the texts, beside {@code 00000.tar} or the folder {@code 00000/}. */
    private void leaveOutDescriptions() {
        if (tables.isEmpty()) {
            return;
        }
        Set<String> described = new HashSet<>();
        tars.forEach(tar -> described.add(withoutExtension(tar)));
        pictures.keySet().forEach(picture -> described.add(picture.substring(0, picture.lastIndexOf('/'))));
        int before = tables.size();
        tables.removeIf(table -> described.contains(withoutExtension(table)));
        ignored += before - tables.size();
    }

    private void requireOneKind(String input) {
        List<String> examples = Stream.of(
                        pictures.keySet().stream().min(Comparator.naturalOrder()),
                        tars.stream().findFirst(),
                        tables.stream().findFirst())
                .flatMap(Optional::stream)
                .toList();
        if (examples.size() > 1) {
            throw ImageSearchException.input(
                    "--input %s mixes %s: give pictures, .tar files and .parquet files apart, by --input each",
                    input, String.join(" and ", examples));
        }
        if (!packedTars.isEmpty() && pictures.isEmpty()) {
            throw ImageSearchException.input(
                    "%s is packed, and single pictures cannot be read out of it: unpack it to a .tar",
                    packedTars.first());
        }
        if (examples.isEmpty()) {
            throw ImageSearchException.input("--input %s: there are no pictures there", input);
        }
    }

    private static String withoutExtension(String uri) {
        return uri.substring(0, uri.lastIndexOf('.'));
    }

    private List<FileStatus> roots(String input, Path path) throws IOException {
        // A folder may be called "2019 [raw]": what is there under just this name is no pattern.
        if (exists(files, path)) {
            if (path.equals(output)) {
                throw ImageSearchException.input("--input and --output are the same folder, %s", path);
            }
            return List.of(files.getFileStatus(path));
        }
        FileStatus[] matched = files.globStatus(path);
        if (matched == null || matched.length == 0) {
            throw ImageSearchException.input("--input %s: there is nothing there", input);
        }
        boolean hiddenWanted = isHidden(path.getName());
        return Stream.of(matched)
                .filter(status -> hiddenWanted || !isHidden(status.getPath().getName()))
                .filter(status -> !isAtOrBelow(output, status.getPath()))
                .toList();
    }

    private void takeAllBelow(Path root) throws IOException {
        if (files instanceof RawLocalFileSystem local) {
            takeAllBelow(local.pathToFile(root).toPath());
            return;
        }
        // One listing of everything, which object stores answer much faster than folder by folder.
        RemoteIterator<LocatedFileStatus> all = files.listFiles(root, true);
        boolean outputIsBelow = isAtOrBelow(root, output);
        while (all.hasNext()) {
            Path file = all.next().getPath();
            if (!hasHiddenPart(root, file) && !(outputIsBelow && isAtOrBelow(output, file))) {
                take(file);
            }
        }
    }

    /** Hadoop's own walk passes over links that lead nowhere and names that it cannot decode, and follows loops. */
    private void takeAllBelow(java.nio.file.Path root) throws IOException {
        Files.walkFileTree(
                root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(java.nio.file.Path folder, BasicFileAttributes attributes)
                            throws IOException {
                        if (folder.equals(root)) {
                            return FileVisitResult.CONTINUE;
                        }
                        return isHidden(folder.getFileName().toString()) || isUnnameable(folder) || isOutput(folder)
                                ? FileVisitResult.SKIP_SUBTREE
                                : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(java.nio.file.Path file, BasicFileAttributes attributes) {
                        if (attributes.isOther()) {
                            ignored++; // A pipe or a device: reading it might never end.
                        } else if (!isHidden(file.getFileName().toString()) && !isUnnameable(file)) {
                            take(files.makeQualified(new Path(null, null, file.toString())));
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(java.nio.file.Path file, IOException e) throws IOException {
                        if (e instanceof FileSystemLoopException) {
                            return FileVisitResult.CONTINUE;
                        }
                        throw e;
                    }
                });
    }

    private boolean isUnnameable(java.nio.file.Path path) {
        boolean undecodable = path.getFileName().toString().indexOf(UNDECODABLE) >= 0;
        unnameable += undecodable ? 1 : 0;
        return undecodable;
    }

    private boolean isOutput(java.nio.file.Path folder) throws IOException {
        if (!files.getUri().getScheme().equals(output.toUri().getScheme())) {
            return false;
        }
        java.nio.file.Path dataset = java.nio.file.Path.of(output.toUri().getPath());
        return Files.exists(dataset) && Files.isSameFile(folder, dataset);
    }

    private static boolean isAtOrBelow(Path upper, Path lower) {
        for (Path path = lower; path != null; path = path.getParent()) {
            if (path.equals(upper)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasHiddenPart(Path root, Path file) {
        for (Path path = file; path != null && !path.equals(root); path = path.getParent()) {
            if (isHidden(path.getName())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".") || name.startsWith("_");
    }

    private void take(Path file) {
        String uri = uri(file);
        String extension = extension(file.getName());
        if (PICTURES.contains(extension)) {
            pictures.put(uri, uri.substring(0, uri.length() - extension.length()));
        } else if (extension.equals(CAPTION)) {
            captions.put(uri.substring(0, uri.length() - extension.length()), uri);
        } else if (extension.equals(TAR)) {
            tars.add(uri);
        } else if (extension.equals(PARQUET)) {
            tables.add(uri);
        } else {
            ignored++;
            if (isPackedTar(file.getName(), extension)) {
                packedTars.add(uri);
            }
        }
    }

    private static boolean isPackedTar(String name, String extension) {
        return PACKINGS.contains(extension)
                && (extension.startsWith("t")
                        || extension(name.substring(0, name.lastIndexOf('.'))).equals(TAR));
    }

    /** Whether a name is that of a picture. */
    static boolean isPicture(String name) {
        return PICTURES.contains(extension(name));
    }

    /** Hadoop says {@code file:/} or {@code file:///} as the way goes by which it found a file; a picture has one uri only. */
    static String uri(Path file) {
        URI uri = file.toUri();
        return "file".equals(uri.getScheme()) ? "file://" + uri.getRawPath() : uri.toString();
    }

    private List<Picture> sorted() {
        List<Picture> all = new ArrayList<>(pictures.size());
        pictures.forEach((uri, stem) -> all.add(new Picture(uri, captions.get(stem))));
        all.sort(Comparator.comparing(Picture::uri));
        return all;
    }

    /** What follows the last dot, in lower case; empty without a dot. */
    static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    }

    /** The bytes of a file, or an exception if there are more than the limit. */
    static byte[] read(String uri, long limitBytes, Configuration configuration) throws IOException {
        return read(uri, limitBytes, wanted -> {}, configuration);
    }

    /**
     * The bytes of a file, or an exception if there are more than the limit.
     *
     * @param memory asked before they are allocated
     */
    static byte[] read(String uri, long limitBytes, PictureSource.Memory memory, Configuration configuration)
            throws IOException {
        Path path = new Path(URI.create(uri));
        FileSystem files = withoutChecksums(path.getFileSystem(configuration));
        long length = files.getFileStatus(path).getLen();
        return read(files, path, 0, length, limitBytes, memory);
    }

    /**
     * A part of a file.
     *
     * @param offset of its first byte
     * @param length bytes
     * @param memory asked before they are allocated
     */
    static byte[] readPart(
            String uri,
            long offset,
            long length,
            long limitBytes,
            PictureSource.Memory memory,
            Configuration configuration)
            throws IOException {
        Path path = new Path(URI.create(uri));
        return read(withoutChecksums(path.getFileSystem(configuration)), path, offset, length, limitBytes, memory);
    }

    private static byte[] read(
            FileSystem files, Path path, long offset, long length, long limitBytes, PictureSource.Memory memory)
            throws IOException {
        if (length > limitBytes) {
            throw new TooLargeException(length, limitBytes);
        }
        memory.require(length);
        byte[] bytes = new byte[Math.toIntExact(length)];
        if (bytes.length == 0) {
            return bytes;
        }
        try (var in = files.open(path)) {
            in.readFully(offset, bytes);
        }
        return bytes;
    }

    /** A picture above the limit; it was not read. */
    static final class TooLargeException extends ReadFailure {
        private static final long serialVersionUID = 1L;

        TooLargeException(long bytes, long limitBytes) {
            super("too_large", "the file has " + bytes + " bytes, the limit is " + limitBytes);
        }
    }

    /**
     * Hadoop wraps local files in checksum files of its own. Pictures have none, and looking for them fails on names with a
     * colon.
     */
    static FileSystem withoutChecksums(FileSystem files) {
        return files instanceof LocalFileSystem local ? local.getRaw() : files;
    }

    /** Whether a path exists; a missing parent counts as no. */
    static boolean exists(FileSystem files, Path path) throws IOException {
        try {
            files.getFileStatus(path);
            return true;
        } catch (FileNotFoundException e) {
            return false;
        }
    }
}
