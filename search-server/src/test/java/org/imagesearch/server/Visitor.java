package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.net.ssl.SSLContext;

/** Whoever asks a server: politely over {@link HttpClient}, or with any bytes over a socket. */
public final class Visitor {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int TIMEOUT_MILLIS = 20_000;

    private final URI address;
    private final HttpClient client;
    private final Map<String, String> headers;

    public Visitor(URI address) {
        this(
                address,
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build(),
                Map.of());
    }

    private Visitor(URI address, HttpClient client, Map<String, String> headers) {
        this.address = address;
        this.client = client;
        this.headers = headers;
    }

    /** One who talks TLS. */
    public static Visitor over(SSLContext tls, URI address) {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(tls)
                .build();
        return new Visitor(address, client, Map.of());
    }

    /** The same, whose polite requests have one more header. */
    public Visitor with(String name, String value) {
        Map<String, String> more = new TreeMap<>(headers);
        more.put(name, value);
        return new Visitor(address, client, more);
    }

    /**
     * What came back.
     *
     * @param status 0 if the connection ended without an answer
     * @param headers by name in lower case
     */
    public record Reply(int status, Map<String, String> headers, byte[] body) {
        public String text() {
            return new String(body, UTF_8);
        }

        public JsonNode json() {
            return Visitor.json(body);
        }

        public String errorCode() {
            return json().path("error").path("code").asText();
        }

        public String errorMessage() {
            return json().path("error").path("message").asText();
        }

        public List<Long> ids() {
            List<Long> ids = new ArrayList<>();
            json().path("hits").forEach(hit -> ids.add(hit.path("id").asLong()));
            return ids;
        }

        public Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name));
        }
    }

    public static JsonNode json(byte[] bytes) {
        try {
            return MAPPER.readTree(bytes);
        } catch (IOException e) {
            throw new AssertionError("no JSON: " + new String(bytes, UTF_8), e);
        }
    }

    public Reply get(String path) {
        return send(request(path).GET());
    }

    /** Asks for what may be known already. */
    public Reply getUnless(String path, String tag) {
        return send(request(path).header("If-None-Match", tag).GET());
    }

    /** What a browser asks before a page of another origin may ask. */
    public Reply preflight(String path) {
        return send(request(path).method("OPTIONS", BodyPublishers.noBody()));
    }

    public Reply head(String path) {
        return send(request(path).method("HEAD", BodyPublishers.noBody()));
    }

    public Reply ask(String json) {
        return post("/search", "application/json", json.getBytes(UTF_8));
    }

    public Reply post(String path, String type, byte[] body) {
        return post(path, type, BodyPublishers.ofByteArray(body));
    }

    public Reply post(String path, String type, BodyPublisher body) {
        return send(request(path).header("Content-Type", type).POST(body));
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(address.resolve(path)).timeout(Duration.ofMillis(TIMEOUT_MILLIS));
        headers.forEach(request::header);
        return request;
    }

    private Reply send(HttpRequest.Builder request) {
        try {
            HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
            Map<String, String> headers = new TreeMap<>();
            response.headers()
                    .map()
                    .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.get(0)));
            return new Reply(response.statusCode(), headers, response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** A connection whose owner writes what it likes. */
    public Socket connect() {
        try {
            Socket socket = new Socket(address.getHost(), address.getPort());
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends bytes, one per character, and says that no more will come. */
    public Reply raw(String request) {
        return raw(request.getBytes(ISO_8859_1));
    }

    public Reply raw(byte[] request) {
        try (Socket socket = connect()) {
            try {
                socket.getOutputStream().write(request);
                socket.shutdownOutput();
            } catch (IOException e) {
                // The server may have hung up already; what it said is still there.
            }
            return read(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads to the end of the connection. */
    public static Reply read(Socket socket) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[8192];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                all.write(buffer, 0, read);
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("no end of the answer: " + all.toString(ISO_8859_1), e);
        } catch (IOException e) {
            // Reset: what came until then counts.
        }
        return parse(all.toByteArray());
    }

    private static Reply parse(byte[] answer) {
        String text = new String(answer, ISO_8859_1);
        int end = text.indexOf("\r\n\r\n");
        if (end < 0) {
            return new Reply(0, Map.of(), answer);
        }
        String[] lines = text.substring(0, end).split("\r\n");
        Map<String, String> headers = new TreeMap<>();
        for (int i = 1; i < lines.length; i++) {
            String[] parts = lines[i].split(":", 2);
            headers.put(parts[0].toLowerCase(Locale.ROOT), parts[1].strip());
        }
        return new Reply(
                Integer.parseInt(lines[0].split(" ")[1]),
                headers,
                text.substring(end + 4).getBytes(ISO_8859_1));
    }

    /** The value of a sample of {@code /metrics}, 0 where it is absent. */
    public double metric(String sample) {
        return get("/metrics")
                .text()
                .lines()
                .filter(line -> line.startsWith(sample + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
                .findFirst()
                .orElse(0);
    }
}
