package org.imagesearch.embed;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.imagesearch.embed.EmbedSettings.HttpSettings;

/**
 * Pictures from http and https addresses: of bounded size, within a time that counts everything, through a few redirects at
 * most, each of them checked like the first address. Thread-safe.
 */
final class HttpPictures {
    private static final int REDIRECTS = 5;
    private static final Duration CONNECT = Duration.ofSeconds(10);

    /** One per process, for its connections and threads; made when the first address is read. */
    private static final class Client {
        static final HttpClient INSTANCE = HttpClient.newBuilder()
                .connectTimeout(CONNECT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    private final HttpSettings settings;
    private final HostRule hosts;

    HttpPictures(HttpSettings settings) {
        this.settings = settings;
        this.hosts = new HostRule(settings.hosts());
    }

    static boolean isHttp(String uri) {
        String start = uri.substring(0, Math.min(8, uri.length())).toLowerCase(Locale.ROOT);
        return start.startsWith("http://") || start.equals("https://");
    }

    /**
     * @throws ReadFailure {@code http_404} and the like for another status than 200, {@code timeout}, {@code too_large},
     *     {@code forbidden_host}, {@code bad_uri}, {@code redirects}
     */
    byte[] read(String uri, long limitBytes) throws IOException {
        if (!settings.allowed()) {
            throw new ReadFailure("forbidden_host", "http addresses are read with --allow-http only");
        }
        long deadline = System.nanoTime() + settings.timeoutNanos();
        URI address = parse(uri);
        for (int i = 0; i <= REDIRECTS; i++) {
            HttpResponse<byte[]> response = get(address, limitBytes, deadline);
            if (!isRedirect(response.statusCode())) {
                return bodyOf(response);
            }
            String location = response.headers()
                    .firstValue("location")
                    .orElseThrow(() -> new ReadFailure("redirects", "a redirect to nowhere"));
            address = address.resolve(parse(PictureUris.quoted(location)));
        }
        throw new ReadFailure("redirects", "more than " + REDIRECTS + " redirects");
    }

    private static URI parse(String text) throws ReadFailure {
        try {
            return URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new ReadFailure("bad_uri", String.valueOf(e.getMessage()));
        }
    }

    private static boolean isRedirect(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    private static byte[] bodyOf(HttpResponse<byte[]> response) throws ReadFailure {
        if (response.statusCode() != 200) {
            throw new ReadFailure(
                    "http_" + response.statusCode(), "the server answered with status " + response.statusCode());
        }
        return response.body();
    }

    private HttpResponse<byte[]> get(URI address, long limitBytes, long deadline) throws IOException {
        if (address.getHost() == null || !isHttp(address.toString())) {
            throw new ReadFailure("bad_uri", "no http address: " + address);
        }
        hosts.require(address.getHost());
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw timeout();
        }
        CompletableFuture<HttpResponse<byte[]>> answer =
                Client.INSTANCE.sendAsync(request(address), response -> new BoundedBody(response, limitBytes));
        try {
            return answer.get(left, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw timeout();
        } catch (ExecutionException e) {
            throw reasonOf(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while reading " + address, e);
        } finally {
            // Whatever ended the wait, nothing goes on loading.
            answer.cancel(true);
        }
    }

    private static HttpRequest request(URI address) throws ReadFailure {
        try {
            String text = address.toASCIIString();
            int fragment = text.indexOf('#');
            return HttpRequest.newBuilder(URI.create(fragment < 0 ? text : text.substring(0, fragment)))
                    .header("User-Agent", "imagesearch")
                    .header("Accept", "image/*,*/*;q=0.5")
                    .build();
        } catch (IllegalArgumentException e) {
            throw new ReadFailure("bad_uri", String.valueOf(e.getMessage()));
        }
    }

    private IOException reasonOf(Throwable cause) {
        for (Throwable e = cause; e != null; e = e.getCause()) {
            if (e instanceof ReadFailure failure) {
                return failure;
            } else if (e instanceof HttpTimeoutException) {
                return timeout();
            } else if (e instanceof UnknownHostException) {
                return new ReadFailure("unknown_host", String.valueOf(e.getMessage()));
            } else if (e instanceof IllegalArgumentException) {
                return new ReadFailure("bad_uri", String.valueOf(e.getMessage()));
            } else if (e instanceof ConnectException) {
                return new ReadFailure("unreadable", "no connection: " + e.getMessage());
            }
        }
        return new IOException(cause);
    }

    private ReadFailure timeout() {
        return new ReadFailure(
                "timeout",
                "not read within " + Duration.ofNanos(settings.timeoutNanos()).toMillis() + " ms");
    }
}
