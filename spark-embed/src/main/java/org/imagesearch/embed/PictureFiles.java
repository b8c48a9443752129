package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** Finds the pictures of a folder or a glob, on any file system that Hadoop knows. */
final class PictureFiles {
    /** What is listed: also formats that are not decoded, so that they show up as failures and are not passed over. */
    private static final Set<String> PICTURES =
            Set.of("jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "webp", "tif", "tiff", "heic", "heif", "avif");

    private static final Set<String> OTHER_INPUTS = Set.of("parquet", "tar");

    /**
     * What was found.
     *
     * @param pictures in the order of their uris
     * @param ignored files that are no pictures by their names, captions left out
     */
    record Found(List<Picture> pictures, long ignored) {}

    /**
     * A picture file.
     *
     * @param uri its address, escaped
     * @param captionUri the text file beside it, or null
     */
    record Picture(String uri, String captionUri) {}

    private PictureFiles() {}

    /**
     * Lists pictures, in folders recursively. Files and folders whose names begin with a dot or an underscore are left out.
     *
     * @throws ImageSearchException (input) if there is nothing there, or something else than picture files
     */
    static Found list(String input, Configuration configuration) {
        try {
            Path path = new Path(input);
            FileSystem files = path.getFileSystem(configuration);
            FileStatus[] roots = files.globStatus(files.makeQualified(path));
            if (roots == null || roots.length == 0) {
                throw ImageSearchException.input("--input %s: there is nothing there", input);
            }
            Map<String, String> pictures = new HashMap<>();
            Map<String, String> captions = new HashMap<>();
            long ignored = 0;
            for (FileStatus root : roots) {
                for (Path file : filesBelow(files, root)) {
                    ignored += take(file, pictures, captions) ? 0 : 1;
                }
            }
            if (pictures.isEmpty()) {
                throw ImageSearchException.input("--input %s: there are no pictures there", input);
            }
            return new Found(sorted(pictures, captions), ignored);
        } catch (IOException | IllegalArgumentException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "--input " + input + " cannot be listed: " + e, e);
        }
    }

    /** The bytes of a file, or an exception if there are more than the limit. */
    static byte[] read(String uri, long limitBytes, Configuration configuration) throws IOException {
        Path path = new Path(URI.create(uri));
        FileSystem files = path.getFileSystem(configuration);
        FileStatus status = files.getFileStatus(path);
        if (status.getLen() > limitBytes) {
            throw new TooLargeException(status.getLen(), limitBytes);
        }
        byte[] bytes = new byte[Math.toIntExact(status.getLen())];
        try (var in = files.open(path)) {
            in.readFully(0, bytes);
        }
        return bytes;
    }

    /** A file above the limit; it was not read. */
    static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1L;

        TooLargeException(long bytes, long limitBytes) {
            super("the file has " + bytes + " bytes, the limit is " + limitBytes);
        }
    }

    private static List<Path> filesBelow(FileSystem files, FileStatus root) throws IOException {
        if (root.isFile()) {
            return List.of(root.getPath());
        }
        List<Path> found = new ArrayList<>();
        RemoteIterator<LocatedFileStatus> all = files.listFiles(root.getPath(), true);
        while (all.hasNext()) {
            Path file = all.next().getPath();
            if (!isHidden(root.getPath(), file)) {
                found.add(file);
            }
        }
        return found;
    }

    private static boolean isHidden(Path root, Path file) {
        String below = root.toUri().relativize(file.toUri()).getPath();
        for (String name : below.split("/")) {
            if (name.startsWith(".") || name.startsWith("_")) {
                return true;
            }
        }
        return false;
    }

    /** Whether the file is a picture or a caption. */
    private static boolean take(Path file, Map<String, String> pictures, Map<String, String> captions) {
        String uri = file.toUri().toString();
        String extension = extension(file.getName());
        if (OTHER_INPUTS.contains(extension)) {
            throw ImageSearchException.input(
                    "%s: pictures inside .%s files are not read yet; give a folder or a glob of picture files",
                    file, extension);
        }
        String stem = uri.substring(0, uri.length() - extension.length());
        if (PICTURES.contains(extension)) {
            pictures.put(uri, stem);
            return true;
        }
        if (extension.equals("txt")) {
            captions.put(stem, uri);
            return true;
        }
        return false;
    }

    private static List<Picture> sorted(Map<String, String> pictures, Map<String, String> captions) {
        return pictures.entrySet().stream()
                .map(picture -> new Picture(picture.getKey(), captions.get(picture.getValue())))
                .sorted(Comparator.comparing(Picture::uri))
                .toList();
    }

    private static String extension(String name) {
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
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
