package org.imagesearch.server.pictures;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.util.Timeout;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * Fetches pictures that clients name by their addresses, from hosts that the settings name and from no others.
 *
 * <p>The address that a name stands for is looked at before anything is sent to it, so that no name leads into a network that is not
 * public; redirects are not followed, nothing that a host sets is kept, and both the bytes and the time have a bound. Thread-safe.
 */
public final class LinkedPictures implements AutoCloseable {
    private static final int STOP_SECONDS = 1;
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final LinkSettings settings;
    private final int maxBytes;
    private final Semaphore places;
    private final CloseableHttpClient client;
    private final ScheduledExecutorService ends;

    /** @param maxBytes of a picture */
    public LinkedPictures(LinkSettings settings, Bytes maxBytes) {
        this.settings = settings;
        this.maxBytes = (int) Math.min(maxBytes.count(), LONGEST_ARRAY - 1);
        this.places = new Semaphore(settings.atOnce());
        this.client = client(settings);
        this.ends = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "picture-links");
            thread.setDaemon(true);
            return thread;
        });
    }

    private static CloseableHttpClient client(LinkSettings settings) {
        Timeout timeout = Timeout.of(settings.timeout());
        return HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setDnsResolver(new Looked(settings.privateAddresses()))
                        .setMaxConnTotal(settings.atOnce())
                        .setMaxConnPerRoute(settings.atOnce())
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(timeout)
                                .setSocketTimeout(timeout)
                                .build())
                        .build())
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setConnectionRequestTimeout(timeout)
                        .setResponseTimeout(timeout)
                        .build())
                .disableRedirectHandling()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableAutomaticRetries()
                .disableContentCompression()
                .setUserAgent("imagesearch")
                .build();
    }

    /** What names stand for, if it may be connected to. */
    private record Looked(boolean privateAddresses) implements DnsResolver {
        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            InetAddress[] all = SystemDefaultDnsResolver.INSTANCE.resolve(host);
            for (InetAddress address : all) {
                if (!privateAddresses && !PublicAddresses.contain(address)) {
                    throw RequestException.bad("the host '%s' is in no public network", host);
                }
            }
            return all;
        }

        @Override
        public String resolveCanonicalHostname(String host) {
            return host;
        }
    }

    /**
     * The bytes that an address stands for; whether they are a picture is not looked at.
     *
     * @param name of the field with the address, for messages
     * @throws RequestException (bad request) if the host is not one of those in the settings, or does not give a picture; (too large);
     *     (unavailable) if too many are being fetched; (deadline exceeded)
     */
    public byte[] fetch(String name, String address, Deadline deadline) {
        if (settings.hosts().isEmpty()) {
            throw RequestException.bad("%s is not followed by this server: send the picture as image, in base64", name);
        }
        URI uri = allowed(name, address);
        if (!places.tryAcquire()) {
            throw RequestException.of(Problem.UNAVAILABLE, "%d pictures are being fetched already", settings.atOnce());
        }
        try {
            deadline.requireTimeFor("fetching the picture");
            Duration left = Duration.ofNanos(deadline.remainingNanos());
            return fetch(name, uri, left.compareTo(settings.timeout()) < 0 ? left : settings.timeout());
        } finally {
            places.release();
        }
    }

    private URI allowed(String name, String address) {
        URI uri;
        try {
            uri = URI.create(address);
        } catch (IllegalArgumentException e) {
            throw RequestException.bad("%s is no address of a picture", name);
        }
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        boolean isWeb = scheme.equals("https") || scheme.equals("http");
        if (!isWeb || uri.getHost() == null || uri.getUserInfo() != null) {
            throw RequestException.bad("%s is no address of a picture, expected https://HOST/...", name);
        }
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        int port = uri.getPort() == (scheme.equals("https") ? 443 : 80) ? -1 : uri.getPort();
        if (!settings.allows(host, port)) {
            throw RequestException.bad(
                    "%s names the host '%s', from which this server fetches nothing: send the picture as image, in base64",
                    name, host);
        }
        return uri;
    }

    private byte[] fetch(String name, URI uri, Duration timeout) {
        HttpGet get = new HttpGet(uri);
        ScheduledFuture<?> end = ends.schedule(get::cancel, timeout.toNanos(), TimeUnit.NANOSECONDS);
        try (ClassicHttpResponse response = client.executeOpen(null, get, null)) {
            try {
                return bytes(name, response);
            } catch (RequestException e) {
                // Else what is left of an answer would be read, to use its connection again.
                get.cancel();
                throw e;
            }
        } catch (IOException e) {
            // Its own words may tell of addresses that clients have no business with.
            throw get.isCancelled()
                    ? RequestException.bad("the host of %s gave no picture in %d ms", name, timeout.toMillis())
                    : RequestException.bad("the host of %s gives no picture", name);
        } finally {
            end.cancel(false);
        }
    }

    private byte[] bytes(String name, ClassicHttpResponse response) throws IOException {
        if (response.getCode() != HttpStatus.SC_OK || response.getEntity() == null) {
            throw RequestException.bad(
                    "the host of %s answers %d, expected a picture, and no redirect", name, response.getCode());
        }
        byte[] bytes = response.getEntity().getContent().readNBytes(maxBytes + 1);
        if (bytes.length > maxBytes) {
            throw RequestException.of(Problem.TOO_LARGE, "the picture of %s is larger than %d bytes", name, maxBytes);
        }
        return bytes;
    }

    @Override
    public void close() {
        ends.shutdownNow();
        try {
            client.close();
            ends.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
