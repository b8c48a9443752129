package org.imagesearch.server.http;

import io.undertow.UndertowOptions;
import io.undertow.protocols.ssl.UndertowXnioSsl;
import io.undertow.server.DefaultByteBufferPool;
import io.undertow.server.HttpHandler;
import io.undertow.server.protocol.http.HttpOpenListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.access.Networks;
import org.imagesearch.server.tls.TlsFiles;
import org.xnio.ChannelListener;
import org.xnio.ChannelListeners;
import org.xnio.IoUtils;
import org.xnio.OptionMap;
import org.xnio.Options;
import org.xnio.Sequence;
import org.xnio.SslClientAuthMode;
import org.xnio.StreamConnection;
import org.xnio.Xnio;
import org.xnio.XnioWorker;
import org.xnio.channels.AcceptingChannel;

/**
 * Listens, with TLS or without, and takes connections while neither all of them nor those of one address are too many. It is put
 * together from Undertow's parts, since Undertow's own builder lets nobody see a connection before its first request.
 */
final class Listener implements AutoCloseable {
    private static final int MAX_HEADER_BYTES = 32 << 10;
    private static final int MAX_HEADERS = 100;

    /** More than fit an address of that length: so the message about too many is ours, which names them. */
    private static final int MAX_PARAMETERS = MAX_HEADER_BYTES;

    /** They send the page's few files; requests are answered by {@link Workers}. */
    private static final int FILE_THREADS = 4;

    private static final int BUFFER_BYTES = 16 << 10;
    private static final int BUFFERS_KEPT_PER_THREAD = 4;
    private static final int BACKLOG = 1000;
    private static final int LEAST_IO_THREADS = 2;

    private final XnioWorker worker;
    private final AcceptingChannel<? extends StreamConnection> accepting;
    private final Optional<UndertowXnioSsl> tls;

    private Listener(
            XnioWorker worker, AcceptingChannel<? extends StreamConnection> accepting, Optional<UndertowXnioSsl> tls) {
        this.worker = worker;
        this.accepting = accepting;
        this.tls = tls;
    }

    /**
     * Starts to listen.
     *
     * @param proxies that may have as many connections as they like
     * @param handler of every request, on an I/O thread
     * @param count is told of every connection that is turned away
     * @throws ImageSearchException (resource) naming the address, if it cannot be listened on
     */
    static Listener start(
            HttpSettings settings,
            Optional<SSLContext> context,
            Networks proxies,
            HttpHandler handler,
            Consumer<Refusal> count) {
        Xnio xnio = Xnio.getInstance(Listener.class.getClassLoader());
        XnioWorker worker = null;
        try {
            worker = xnio.createWorker(workerOptions());
            HttpOpenListener http = new HttpOpenListener(
                    new DefaultByteBufferPool(true, BUFFER_BYTES, -1, BUFFERS_KEPT_PER_THREAD), httpOptions(settings));
            http.setRootHandler(handler);
            ConnectionsPerAddress connections =
                    new ConnectionsPerAddress(settings.connectionsPerAddress(), settings.connections(), proxies);
            ChannelListener<StreamConnection> opened = connection -> {
                if (connections.take(addressOf(connection), connection)) {
                    http.handleEvent(connection);
                } else {
                    count.accept(Refusal.CONNECTIONS);
                    IoUtils.safeClose(connection);
                }
            };
            Optional<UndertowXnioSsl> tls = context.map(
                    known -> new UndertowXnioSsl(xnio, OptionMap.create(Options.USE_DIRECT_BUFFERS, true), known));
            AcceptingChannel<? extends StreamConnection> accepting = accepting(worker, settings, context, tls, opened);
            accepting.resumeAccepts();
            return new Listener(worker, accepting, tls);
        } catch (IOException | RuntimeException e) {
            if (worker != null) {
                worker.shutdownNow();
            }
            throw new ImageSearchException(
                    ErrorCode.RESOURCE,
                    "cannot listen on " + settings.host() + ":" + settings.port() + ": " + e.getMessage(),
                    e);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // The two kinds of server differ in their type alone.
    private static AcceptingChannel<? extends StreamConnection> accepting(
            XnioWorker worker,
            HttpSettings settings,
            Optional<SSLContext> context,
            Optional<UndertowXnioSsl> tls,
            ChannelListener<StreamConnection> opened)
            throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(settings.host()), settings.port());
        ChannelListener accept = ChannelListeners.openListenerAdapter(opened);
        return tls.isPresent()
                ? tls.get().createSslConnectionServer(worker, address, accept, tlsOptions(settings, context.get()))
                : worker.createStreamConnectionServer(address, accept, socketOptions(settings));
    }

    private static OptionMap workerOptions() {
        return OptionMap.builder()
                .set(Options.WORKER_NAME, "http")
                .set(
                        Options.WORKER_IO_THREADS,
                        Math.max(LEAST_IO_THREADS, Runtime.getRuntime().availableProcessors()))
                .set(Options.WORKER_TASK_CORE_THREADS, FILE_THREADS)
                .set(Options.WORKER_TASK_MAX_THREADS, FILE_THREADS)
                .set(Options.TCP_NODELAY, true)
                .set(Options.CORK, true)
                .getMap();
    }

    private static OptionMap socketOptions(HttpSettings settings) {
        return OptionMap.builder()
                .set(Options.TCP_NODELAY, true)
                .set(Options.REUSE_ADDRESSES, true)
                .set(Options.BALANCING_TOKENS, 1)
                .set(Options.BALANCING_CONNECTIONS, 2)
                .set(Options.BACKLOG, BACKLOG)
                .set(Options.CONNECTION_HIGH_WATER, settings.connections())
                .set(Options.CONNECTION_LOW_WATER, settings.connections())
                .getMap();
    }

    private static OptionMap tlsOptions(HttpSettings settings, SSLContext context) {
        SslClientAuthMode clients =
                switch (settings.tls().clientAuth()) {
                    case NONE -> SslClientAuthMode.NOT_REQUESTED;
                    case REQUEST -> SslClientAuthMode.REQUESTED;
                    case REQUIRE -> SslClientAuthMode.REQUIRED;
                };
        return OptionMap.builder()
                .addAll(socketOptions(settings))
                .set(Options.SSL_ENABLED_PROTOCOLS, Sequence.of(TlsFiles.PROTOCOLS))
                .set(Options.SSL_ENABLED_CIPHER_SUITES, Sequence.of(TlsFiles.ciphers(context)))
                .set(Options.SSL_CLIENT_AUTH_MODE, clients)
                .getMap();
    }

    private static OptionMap httpOptions(HttpSettings settings) {
        int idleMillis = (int) settings.idleTimeout().toMillis();
        return OptionMap.builder()
                .set(UndertowOptions.BUFFER_PIPELINED_DATA, true)
                .set(UndertowOptions.IDLE_TIMEOUT, idleMillis)
                .set(UndertowOptions.NO_REQUEST_TIMEOUT, idleMillis)
                .set(UndertowOptions.REQUEST_PARSE_TIMEOUT, (int)
                        settings.headTimeout().toMillis())
                // Parameters are decoded by us, strictly and with a message; Undertow's own refusals have none.
                .set(UndertowOptions.DECODE_URL, false)
                .set(UndertowOptions.ALLOW_UNESCAPED_CHARACTERS_IN_URL, true)
                .set(UndertowOptions.MAX_HEADER_SIZE, MAX_HEADER_BYTES)
                .set(UndertowOptions.MAX_HEADERS, MAX_HEADERS)
                // What a body may take is ours to say and to tell; Undertow would cut it off at 2 MiB.
                .set(UndertowOptions.MAX_ENTITY_SIZE, -1L)
                .set(UndertowOptions.MAX_PARAMETERS, MAX_PARAMETERS)
                .getMap();
    }

    private static InetAddress addressOf(StreamConnection connection) {
        return connection.getPeerAddress(InetSocketAddress.class).getAddress();
    }

    InetSocketAddress address() {
        return accepting.getLocalAddress(InetSocketAddress.class);
    }

    /** From now on, new connections get another certificate. */
    void renew(SSLContext context) {
        tls.ifPresent(known -> known.updateSSLContext(context));
    }

    /** Closes every connection and waits for what runs. */
    @Override
    public void close() {
        IoUtils.safeClose(accepting);
        worker.shutdown();
        try {
            worker.awaitTermination();
        } catch (InterruptedException e) {
            worker.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
