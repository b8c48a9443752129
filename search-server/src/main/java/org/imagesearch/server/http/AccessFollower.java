package org.imagesearch.server.http;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.access.ApiKeys;
import org.imagesearch.server.access.ChangedFiles;
import org.imagesearch.server.nodes.NodeService;
import org.imagesearch.server.tls.TlsFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that follows the files of keys and certificates, and looks for slow readers. Files that are wrong change nothing: what
 * held before goes on to hold, and the log says why.
 */
final class AccessFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AccessFollower.class);

    /** A file must look the same twice: so a key that is struck out opens nothing after a second. */
    private static final long FILES_MILLIS = 500;

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread made = new Thread(task, "access-follower");
        made.setDaemon(true);
        return made;
    });

    void followKeys(ApiKeys keys) {
        keys.file()
                .ifPresent(file -> follow(List.of(file), () -> LOG.info("keys file={} count={}", file, keys.reread())));
    }

    /** @param node whose brokers are sent away when their certificates hold no more */
    void followCertificates(TlsFiles files, Listener listener, Optional<NodeService> node) {
        follow(files.paths(), () -> {
            listener.renew(files.context());
            node.ifPresent(service -> service.requireAccepted(files::acceptClient));
            LOG.info("certificates files={}", files.paths());
        });
    }

    private void follow(List<Path> paths, Runnable read) {
        ChangedFiles files = new ChangedFiles(paths);
        every(FILES_MILLIS, () -> {
            if (files.haveChanged()) {
                read.run();
            }
        });
    }

    void followReaders(SlowReaders readers, long everyMillis) {
        every(everyMillis, readers::look);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // What a task throws is handled in it.
    private void every(long millis, Runnable task) {
        thread.scheduleWithFixedDelay(
                () -> {
                    try {
                        task.run();
                    } catch (ImageSearchException e) {
                        LOG.error("what held before goes on to hold: {}", e.getMessage());
                    } catch (RuntimeException e) {
                        LOG.error("cannot look after access", e);
                    }
                },
                millis,
                millis,
                TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
