package org.imagesearch.merge;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.parquet.FileSlice;

/** A dataset of embeddings as the job reads it, through Hadoop, from any file system. */
record EmbeddingDataset(Path root, DatasetManifest manifest, List<FileStatus> images, List<FileStatus> queries) {
    private static final Pattern WAVE = Pattern.compile("wave=(\\d+)");
    private static final int MANIFEST_LIMIT_BYTES = 1 << 20;

    /** Opening a file takes about as long as reading this much of it. */
    private static final long OPEN_COST_BYTES = 1 << 20;

    /**
     * Reads {@code dataset.json} and lists the files of the committed waves.
     *
     * @throws ImageSearchException (input) if there is no dataset or no committed wave with pictures in it
     */
    static EmbeddingDataset open(String directory, Configuration configuration) {
        Path root = new Path(directory);
        try {
            FileSystem files = root.getFileSystem(configuration);
            root = files.makeQualified(root);
            DatasetManifest manifest = readManifest(files, new Path(root, DatasetLayout.MANIFEST));
            if (manifest.waves() <= 0) {
                throw ImageSearchException.input("the dataset %s has no committed wave yet", root);
            }
            if (manifest.embedded() <= 0) {
                throw ImageSearchException.input("the dataset %s has no pictures", root);
            }
            List<FileStatus> images = parquetFiles(files, new Path(root, DatasetLayout.IMAGES), manifest.waves());
            List<FileStatus> queries = parquetFiles(files, new Path(root, DatasetLayout.QUERIES), Integer.MAX_VALUE);
            return new EmbeddingDataset(root, manifest, images, queries);
        } catch (FileNotFoundException e) {
            throw new ImageSearchException(
                    ErrorCode.INPUT, root + " is not a dataset: it has no " + DatasetLayout.MANIFEST, e);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read the dataset " + root + ": " + e, e);
        }
    }

    private static DatasetManifest readManifest(FileSystem files, Path file) throws IOException {
        try (InputStream in = files.open(file)) {
            byte[] bytes = in.readNBytes(MANIFEST_LIMIT_BYTES + 1);
            if (bytes.length > MANIFEST_LIMIT_BYTES) {
                throw ImageSearchException.data("%s is larger than %d bytes", file, MANIFEST_LIMIT_BYTES);
            }
            return DatasetManifest.fromJson(bytes, file.toString());
        }
    }

    /** What Spark would read below a folder, without waves that are not committed. */
    private static List<FileStatus> parquetFiles(FileSystem files, Path folder, int waves) throws IOException {
        List<FileStatus> found = new ArrayList<>();
        if (!files.exists(folder)) {
            return found;
        }
        RemoteIterator<LocatedFileStatus> entries = files.listFiles(folder, true);
        while (entries.hasNext()) {
            LocatedFileStatus entry = entries.next();
            String below = entry.getPath()
                    .toUri()
                    .getPath()
                    .substring(folder.toUri().getPath().length());
            if (below.endsWith(".parquet") && !below.contains("/_") && !below.contains("/.") && wave(below) < waves) {
                found.add(entry);
            }
        }
        found.sort(Comparator.comparing(FileStatus::getPath));
        return List.copyOf(found);
    }

    private static long wave(String path) {
        Matcher matcher = WAVE.matcher(path);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : -1;
    }

    /** The pictures' files cut and packed into the inputs of tasks, each of about this many bytes. */
    List<List<FileSlice>> imageTasks(long bytesPerTask) {
        List<List<FileSlice>> tasks = new ArrayList<>();
        List<FileSlice> task = new ArrayList<>();
        long bytes = 0;
        for (FileStatus file : images) {
            for (long start = 0; start < file.getLen(); start += bytesPerTask) {
                long length = Math.min(bytesPerTask, file.getLen() - start);
                if (!task.isEmpty() && bytes + length > bytesPerTask) {
                    tasks.add(List.copyOf(task));
                    task.clear();
                    bytes = 0;
                }
                task.add(new FileSlice(file.getPath().toString(), start, length));
                bytes += length + OPEN_COST_BYTES;
            }
        }
        if (!task.isEmpty()) {
            tasks.add(List.copyOf(task));
        }
        return tasks;
    }

    List<FileSlice> querySlices() {
        return queries.stream().map(file -> FileSlice.whole(file.getPath())).toList();
    }

    /** What tasks must know to read this dataset. */
    InputFormat format(int batch) {
        return new InputFormat(
                manifest.dimension(), manifest.normalised(), manifest.model().value(), batch);
    }
}
