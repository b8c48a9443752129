package org.imagesearch.embed;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.util.function.Predicate;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local file system under {@code faulty:}, which dies at a chosen change and makes no further one, as a file system looks to a
 * process that is killed. It can move folders as object stores do, by copying file after file and deleting them then.
 */
public final class FaultyFileSystem extends RawLocalFileSystem {
    private static volatile Predicate<String> fatal = change -> false;
    private static volatile boolean dead;
    private static volatile boolean copying;

    /** The path of a local folder on this file system. */
    static String uri(java.nio.file.Path folder) {
        return "faulty:" + folder.toAbsolutePath();
    }

    /**
     * Dies at the first change that the predicate accepts: {@code create}, {@code mkdirs} or {@code delete} with the path, or
     * {@code rename}, {@code copy} or {@code forget} with the path of its target. Changes inside {@code _staging} count only when they lead out of it.
     */
    static void dieAt(Predicate<String> change) {
        fatal = change;
        dead = false;
    }

    static void heal() {
        dieAt(change -> false);
    }

    /** @param files whether folders are moved file by file, of which each can be the last */
    static void moveByCopying(boolean files) {
        copying = files;
    }

    static boolean isDead() {
        return dead;
    }

    private static void change(String kind, Path path) throws IOException {
        String what = kind + " " + path.toUri().getPath();
        if (dead || (!what.contains("/_staging/") && fatal.test(what))) {
            dead = true;
            throw new IOException("died at " + what);
        }
    }

    @Override
    public URI getUri() {
        return URI.create("faulty:///");
    }

    @Override
    public String getScheme() {
        return "faulty";
    }

    @Override
    public FSDataOutputStream create(
            Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        change("create", file);
        return super.create(file, overwrite, bufferSize, replication, blockSize, progress);
    }

    @Override
    public FSDataOutputStream create(
            Path file,
            FsPermission permission,
            boolean overwrite,
            int bufferSize,
            short replication,
            long blockSize,
            Progressable progress)
            throws IOException {
        change("create", file);
        return super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress);
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        change("rename", to);
        return (copying && getFileStatus(from).isDirectory()) ? copy(from, to) : super.rename(from, to);
    }

    private boolean copy(Path from, Path to) throws IOException {
        FileStatus[] all = listStatus(from);
        super.mkdirs(to);
        for (FileStatus one : all) {
            Path target = new Path(to, one.getPath().getName());
            change("copy", target);
            Files.copy(pathToFile(one.getPath()).toPath(), pathToFile(target).toPath());
        }
        for (FileStatus one : all) {
            change("forget", new Path(to, one.getPath().getName()));
            super.delete(one.getPath(), false);
        }
        return super.delete(from, true);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        change("delete", path);
        return super.delete(path, recursive);
    }

    @Override
    public boolean mkdirs(Path folder) throws IOException {
        change("mkdirs", folder);
        return super.mkdirs(folder);
    }
}
