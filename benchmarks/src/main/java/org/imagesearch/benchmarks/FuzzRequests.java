package org.imagesearch.benchmarks;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.imagesearch.benchmarks.RawRequest.End;

/**
 * Requests that are wrong in ways that nobody thought of, each by its number alone. Half of them are nearly right: what is far from
 * HTTP is refused by the first lines that read it.
 */
final class FuzzRequests {
    private static final List<String> METHODS = List.of(
            "GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT");
    private static final List<String> TYPES = List.of(
            "application/json",
            "application/json",
            "application/json; charset=utf-16",
            "image/jpeg",
            "image/png",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
            "text/plain",
            "image/",
            ";;;");
    private static final List<String> PARAMETERS = List.of(
            "text=red+car",
            "id=1",
            "k=3",
            "k=-1",
            "k=99999999999",
            "nprobe=2",
            "nprobe=0",
            "recall=0.9",
            "recall=NaN",
            "minScore=1e999",
            "filter=width%3E%3D10+AND+caption%3Aa",
            "filter=((((((",
            "facets=a,b",
            "cursor=AAAA",
            "calibrated=true",
            "size=64",
            "size=999999",
            "text=%",
            "text=%ff%fe",
            "text=%ED%A0%80",
            "text=%c0%af",
            "text=%00",
            "text=",
            "=",
            "&&",
            "withVectors=yes",
            "limit=-5",
            "after=9223372036854775808",
            "k=3&k=4");
    private static final List<String> LENGTHS = List.of(
            "-1",
            "abc",
            "",
            "99999999999999999999",
            "1e3",
            "+5",
            "0x10",
            "16777217",
            "2147483648",
            "5, 5",
            "5\r\nContent-Length: 6");
    private static final List<String> CHUNK_SIZES = List.of(
            "",
            "zz",
            "-1",
            "ffffffffffffffff",
            "7fffffff",
            "0x5",
            " 5",
            "5;a=b",
            "5;" + "x".repeat(9000),
            "00000000000005");
    private static final List<String> HEADERS = List.of(
            "Expect: 100-continue",
            "Expect: nonsense",
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: chunked, chunked",
            "Content-Encoding: gzip",
            "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
            "Upgrade: websocket\r\nConnection: Upgrade",
            "Authorization: Bearer",
            "Authorization: Basic %%%",
            "Cookie: a=b; \"; c",
            "If-None-Match: \"",
            "If-None-Match: " + "W/\"a\",".repeat(500),
            "Range: bytes=9-1",
            "Accept-Encoding: ;q=;",
            "X:",
            ":",
            "no colon",
            " folded: line",
            "X-\u0000: a",
            "X: \u00ff\u0001",
            "Origin: null",
            "Host: a b",
            "X: " + "y".repeat(40_000));
    private static final List<String> FIRST_LINES = List.of(
            "GET",
            "GET  HTTP/1.1",
            "GET / HTTP/9.9",
            "GET / HTTP/2.0",
            "GET / HTTP/1.1 more",
            "get /search?text=a HTTP/1.1",
            "GET http://elsewhere/search?text=a HTTP/1.1",
            "GET //// HTTP/1.1",
            "GET /../../etc/passwd HTTP/1.1",
            "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
            "GET /images/..%2f1 HTTP/1.1",
            "GET /search;x=y?text=a HTTP/1.1",
            "GET /search#a HTTP/1.1",
            "GET * HTTP/1.1",
            "CONNECT a:1 HTTP/1.1",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
            "\r\n\r\n\r\nGET /healthz HTTP/1.1",
            "G\u0000T / HTTP/1.1",
            "GET /\u0000 HTTP/1.1",
            "GET /search?text=\u00ff HTTP/1.1",
            "GET /" + "a".repeat(33_000) + " HTTP/1.1",
            "GET /search?" + "a=b&".repeat(8000) + " HTTP/1.1");
    private static final List<String> IDS = List.of(
            "0",
            "1",
            "7",
            "-1",
            "999999999999999",
            "1000000000000000",
            "9223372036854775808",
            "1.5",
            "abc",
            "",
            "%00",
            "1/2",
            "٣");

    /** One of so many is left open when all is sent: the server then waits for more, as long as its settings say. */
    private static final int OPEN_ONE_OF = 2000;

    /** Of servers among each other, over a connection of HTTP. */
    private static final String NODE_PROTOCOL = "imagesearch-node/1";

    private final long seed;
    private final List<String> paths;
    private final String token;
    private final FuzzJson json;
    private final FuzzPictures pictures;

    /**
     * @param paths of the endpoints, with {@code {id}} where an id stands
     * @param token that opens /admin/, sent with some requests
     * @param json bodies
     * @param pictures other bodies
     */
    FuzzRequests(long seed, List<String> paths, String token, FuzzJson json, FuzzPictures pictures) {
        this.seed = seed;
        this.paths = paths;
        this.token = token;
        this.json = json;
        this.pictures = pictures;
    }

    RawRequest request(long number) {
        Random random = new Random(new Noise(seed, 0, number).nextBits());
        byte[] bytes = bytes(random);
        if (random.nextInt(4) == 0) {
            bytes = FuzzBytes.mutated(random, bytes);
        }
        if (random.nextInt(20) == 0) {
            int sent = random.nextInt(bytes.length + 1);
            return new RawRequest(Arrays.copyOf(bytes, sent), random.nextBoolean() ? End.GONE : End.HALF_CLOSED);
        }
        return new RawRequest(bytes, random.nextInt(OPEN_ONE_OF) == 0 ? End.OPEN : End.HALF_CLOSED);
    }

    private byte[] bytes(Random random) {
        return switch (random.nextInt(12)) {
            case 0 -> latin(pick(random, FIRST_LINES) + "\r\nHost: localhost\r\n\r\n");
            case 1 ->
                latin(head(random, "POST", "application/json", "Content-Length: " + pick(random, LENGTHS))
                        + "{\"text\":\"a\"}");
            case 2 -> chunked(random);
            case 3 -> twoInARow(random);
            case 5 -> asBroker(random);
            case 4 -> latin(head(random, pick(random, METHODS), pick(random, TYPES), pick(random, HEADERS)));
            default -> whole(random, body(random));
        };
    }

    /** With a body of the right length. */
    private byte[] whole(Random random, byte[] body) {
        String method = body.length > 0 && random.nextInt(8) > 0 ? "POST" : pick(random, METHODS);
        String type = random.nextInt(8) > 0 ? "application/json" : pick(random, TYPES);
        return joined(latin(head(random, method, type, "Content-Length: " + body.length)), body);
    }

    private byte[] chunked(Random random) {
        byte[] body = body(random);
        String size = random.nextInt(3) == 0 ? Integer.toHexString(body.length) : pick(random, CHUNK_SIZES);
        String end = random.nextBoolean()
                ? "\r\n0\r\n\r\n"
                : pick(random, List.of("", "\r\n", "0\r\nX: y\r\n\r\n", "\r\n0\r\n" + "T: u\r\n".repeat(200)));
        String head = head(random, "POST", "application/json", "Transfer-Encoding: chunked");
        return joined(latin(head + size + "\r\n"), joined(body, latin(end)));
    }

    private byte[] twoInARow(Random random) {
        return joined(whole(random, body(random)), whole(random, body(random)));
    }

    /** As a server that asks this one's shards, with frames that are none. */
    private static byte[] asBroker(Random random) {
        byte[] head = latin("GET /node HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: " + NODE_PROTOCOL
                + "\r\n\r\n");
        byte[] garbage = new byte[1 + random.nextInt(300)];
        random.nextBytes(garbage);
        garbage[0] = (byte) random.nextInt(16);
        CRC32C sum = new CRC32C();
        sum.update(garbage);
        // What is right about its length and sum gets further than what is not.
        ByteBuffer frame = ByteBuffer.allocate(2 * Integer.BYTES + garbage.length)
                .putInt(random.nextInt(4) == 0 ? random.nextInt() : garbage.length)
                .putInt(random.nextInt(4) == 0 ? random.nextInt() : (int) sum.getValue())
                .put(garbage);
        return joined(head, random.nextBoolean() ? frame.array() : joined(frame.array(), frame.array()));
    }

    private byte[] body(Random random) {
        return switch (random.nextInt(10)) {
            case 0, 1 -> new byte[0];
            case 2 -> pictures.mutated(random);
            default -> json.body(random);
        };
    }

    private String head(Random random, String method, String type, String header) {
        String path = pick(random, paths).replace("{id}", pick(random, IDS));
        StringBuilder head = new StringBuilder(method).append(' ').append(random.nextInt(20) == 0 ? "/" + path : path);
        for (int i = random.nextInt(4); i > 0 && method.charAt(0) != 'P'; i--) {
            head.append(head.indexOf("?") < 0 ? '?' : '&').append(pick(random, PARAMETERS));
        }
        head.append(" HTTP/1.").append(random.nextInt(10) == 0 ? 0 : 1).append("\r\nHost: localhost\r\n");
        if (random.nextInt(3) > 0) {
            head.append("Authorization: Bearer ").append(token).append("\r\n");
        }
        if (random.nextInt(10) == 0) {
            head.append(pick(random, HEADERS)).append("\r\n");
        }
        return head.append("Content-Type: ")
                .append(type)
                .append("\r\n")
                .append(header)
                .append("\r\n\r\n")
                .toString();
    }

    static <T> T pick(Random random, List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private static byte[] latin(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private static byte[] joined(byte[] first, byte[] second) {
        ByteArrayOutputStream both = new ByteArrayOutputStream(first.length + second.length);
        both.writeBytes(first);
        both.writeBytes(second);
        return both.toByteArray();
    }
}
