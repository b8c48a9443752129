package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are wrong: what each is told, and that none hurts the server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadRequestTest {
    private static final int MAX_BODY = 256 << 10;
    private static final String HEAD = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";

    /** Names of classes and of Undertow's own messages, stack frames. */
    static final Pattern INSIDES =
            Pattern.compile("Exception|\\bat [a-z]+\\.|\\b(java|javax|com|org|io|ai|sun)\\.[a-z0-9]+\\.|UT0\\d\\d");

    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void startServer(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 21, 60, 2);
        server = TestServers.start(
                folder,
                Map.of(
                        "http.body", MAX_BODY + " B",
                        "http.body-timeout", "500 ms",
                        "picture.pixels", "1000000",
                        "picture.side", "5000"));
        visitor = new Visitor(server.address());
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @AfterEach
    void serverAnswersAndEveryPlaceIsFree() {
        assertThat(visitor.get("/search?text=a&k=1").status()).isEqualTo(200);
        TestServers.await("every place is free", () -> visitor.metric("imagesearch_admitted_requests") == 0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/search                          | nothing to search for",
                "/search?text=                    | text is empty",
                "/search?text                     | text is empty",
                "/search?text=+%20                | text is empty",
                "/search?text=a&text=b            | parameter 'text' is given more than once",
                "/search?text=a&te%78t=b          | parameter 'text' is given more than once",
                "/search?text=a&query=b           | unknown parameter 'query'",
                "/search?text=a&filter=b          | filter, position 2: found the end, expected =, !=, <, <=, >, >= or :",
                "/search?text=a&filter=           | filter, position 1: found the end, expected a column, NOT or (",
                "/search?text=a&filter=b:c        | there is no column 'b', expected one of id, uri, width, height, caption, album, year",
                "/search?text=a&filter=year%3Eold | the column 'year' is integer, expected a number, got > 'old'",
                "/search?text=a&filter=width:300  | the column 'width' is integer and has no words for ':'",
                "/search?text=a&image=b           | unknown parameter 'image'",
                "/search?text=%ff                 | parameter 'text' is not UTF-8",
                "/search?text=%ed%a0%80           | parameter 'text' is not UTF-8",
                "/search?%fe=1                    | the name of a parameter is not UTF-8",
                "/search?text=a&k=0               | k is 0, expected 1 to 3000",
                "/search?text=a&k=-1              | k is -1, expected 1 to 3000",
                "/search?text=a&k=3001            | k is 3001, expected 1 to 3000",
                "/search?text=a&k=                | k is '', expected a whole number",
                "/search?text=a&k=1.5             | k is '1.5', expected a whole number",
                "/search?text=a&k=99999999999     | k is '99999999999', expected a whole number",
                "/search?text=a&k=%D9%A3          | expected a whole number",
                "/search?text=a&nprobe=0          | nprobe is 0, expected 1 to 8",
                "/search?text=a&nprobe=9          | nprobe is 9, expected 1 to 8",
                "/search?text=a&nprobe=1&recall=1 | give nprobe or recall, not both",
                "/search?text=a&recall=1.1        | recall is 1.1, expected 0 to 1",
                "/search?text=a&recall=-0.1       | recall is -0.1, expected 0 to 1",
                "/search?text=a&recall=NaN        | recall is 'NaN', expected a number",
                "/search?text=a&minScore=Infinity | minScore is 'Infinity', expected a number",
                "/search?text=a&minScore=1e999    | minScore is Infinity, expected a finite number",
                "/search?text=a&minScore=0x1p3    | minScore is '0x1p3', expected a number",
                "/search?text=a&withVectors=yes   | withVectors is 'yes', expected true or false",
                "/search?text=a&nearDuplicates=0  | nearDuplicates is 0.0, expected more than 0 and at most 1",
                "/search?text=a&partial=maybe     | partial is 'maybe', expected true or false",
                "/search?id=-1                    | id is '-1', expected a number from 0 to 999999999999999",
                "/search?id=1000000000000000      | id is '1000000000000000', expected a number",
                "/search?id=1e3                   | id is '1e3', expected a number",
                "/search?id=0x10                  | id is '0x10', expected a number",
                "/images/abc                      | id is 'abc', expected a number",
                "/images/                         | id is '', expected a number",
                "/images/%2e%2e%2fetc%2fpasswd    | id is '%2e%2e%2fetc%2fpasswd', expected a number",
                "/images/1000?size=3              | unknown parameter 'size'",
                "/thumbnails/abc                  | id is 'abc', expected a number",
                "/thumbnails/1000?size=100        | size is 100, expected one of [64, 128, 256, 512]",
                "/thumbnails/1000?size=big        | size is 'big', expected a whole number",
                "/admin/takedowns?limit=0         | limit is 0, expected 1 to 10000",
                "/admin/takedowns?limit=10001     | limit is 10001, expected 1 to 10000",
                "/admin/takedowns?after=-1        | after is '-1', expected a number from 0",
                "/admin/takedowns?before=1        | unknown parameter 'before'"
            })
    void badAddressesAreToldWhatIsWrong(String path, String message) {
        assertRefused(visitor.raw("GET " + path + HEAD + "\r\n"), 400, "bad_request", message);
    }

    @ParameterizedTest
    @MethodSource
    void badJsonIsToldWhatIsWrong(String json, String message) {
        assertRefused(visitor.ask(json), 400, "bad_request", message);
    }

    static Stream<Arguments> badJsonIsToldWhatIsWrong() {
        String zeros = Arrays.toString(new int[SmallIndex.DIMENSION]);
        String huge = zeros.replaceFirst("0", "1e300");
        String text = zeros.replaceFirst("0", "\"1\"");
        String nan = zeros.replaceFirst("0", "NaN");
        String nothing = zeros.replaceFirst("0", "null");
        return Stream.of(
                Arguments.of("", "the body is no JSON object"),
                Arguments.of("null", "the body is no JSON object"),
                Arguments.of("[]", "the body is no JSON object"),
                Arguments.of("\"text\"", "the body is no JSON object"),
                Arguments.of("{", "the body is not valid JSON"),
                Arguments.of("{\"text\":\"a\"", "the body is not valid JSON"),
                Arguments.of("{'text':'a'}", "the body is not valid JSON"),
                Arguments.of("{\"text\":\"a\",}", "the body is not valid JSON"),
                Arguments.of("{\"text\":\"a\"} {}", "the body goes on behind its JSON object"),
                Arguments.of("{\"text\":\"a\"} x", "the body is not valid JSON"),
                Arguments.of("{\"text\":\"a\",\"text\":\"b\"}", "Duplicate field 'text'"),
                Arguments.of("{\"terms\":[{\"id\":1,\"id\":2}]}", "Duplicate field 'id'"),
                Arguments.of("[".repeat(100_000), "exceeds the maximum allowed nesting depth"),
                Arguments.of("{\"terms\":" + "[".repeat(50) + "]".repeat(50) + "}", "nesting depth"),
                Arguments.of("{\"terms\":[" + "0,".repeat(50_000) + "0]}", "more values than it may have"),
                Arguments.of("{\"k\":" + "1".repeat(5000) + "}", "Number length"),
                Arguments.of("{\"" + "x".repeat(5000) + "\":1}", "unknown field 'xxx"),
                Arguments.of("{\"\\ud800\":1}", "unknown field '\ufffd'"),
                Arguments.of("{}", "nothing to search for"),
                Arguments.of("{\"text\":null}", "nothing to search for"),
                Arguments.of("{\"terms\":[]}", "nothing to search for"),
                Arguments.of("{\"text\":1}", "text is 1, expected a text"),
                Arguments.of("{\"text\":[\"a\"]}", "text is an array of 1, expected a text"),
                Arguments.of("{\"text\":\" \\n\\t\"}", "text is empty"),
                Arguments.of("{\"text\":\"\\ud800\"}", "text has half of a surrogate pair"),
                Arguments.of("{\"text\":\"a\\udc00b\"}", "text has half of a surrogate pair"),
                Arguments.of("{\"text\":\"" + "a".repeat(1001) + "\"}", "text has 1001 characters, at most 1000"),
                Arguments.of("{\"query\":\"a\"}", "unknown field 'query'"),
                Arguments.of("{\"text\":\"a\",\"weight\":1}", "unknown field 'weight'"),
                Arguments.of("{\"text\":\"a\",\"filter\":\"x\"}", "filter, position 2: found the end"),
                Arguments.of("{\"text\":\"a\",\"filter\":5}", "filter is"),
                Arguments.of("{\"text\":\"a\",\"k\":\"5\"}", "k is a text, expected a whole number"),
                Arguments.of("{\"text\":\"a\",\"k\":5.5}", "k is 5.5, expected a whole number"),
                Arguments.of("{\"text\":\"a\",\"k\":0}", "k is 0, expected 1 to 3000"),
                Arguments.of("{\"text\":\"a\",\"k\":99999999999999999999}", "k is 99999999999999999999"),
                Arguments.of("{\"text\":\"a\",\"k\":true}", "k is true, expected a whole number"),
                Arguments.of("{\"text\":\"a\",\"nprobe\":-1}", "nprobe is -1, expected 1 to 8"),
                Arguments.of("{\"text\":\"a\",\"nprobe\":1,\"recall\":0.5}", "give nprobe or recall, not both"),
                Arguments.of("{\"text\":\"a\",\"recall\":2}", "recall is 2.0, expected 0 to 1"),
                Arguments.of("{\"text\":\"a\",\"recall\":\"high\"}", "recall is a text, expected a number"),
                Arguments.of("{\"text\":\"a\",\"minScore\":1e400}", "minScore is Infinity, expected a finite number"),
                Arguments.of("{\"text\":\"a\",\"minScore\":NaN}", "the body is not valid JSON"),
                Arguments.of("{\"text\":\"a\",\"withVectors\":1}", "withVectors is 1, expected true or false"),
                Arguments.of("{\"text\":\"a\",\"partial\":\"no\"}", "partial is a text, expected true or false"),
                Arguments.of("{\"id\":\"1000\"}", "id is a text, expected a number"),
                Arguments.of("{\"id\":-1}", "id is -1, expected a number from 0"),
                Arguments.of("{\"id\":1.5}", "id is 1.5, expected a number from 0"),
                Arguments.of("{\"id\":1000000000000000}", "id is 1000000000000000, expected a number from 0"),
                Arguments.of("{\"id\":" + "9".repeat(400) + "}", "expected a number from 0"),
                Arguments.of("{\"vector\":[]}", "vector is an array of 0, expected an array of 192 numbers"),
                Arguments.of("{\"vector\":[1,2,3]}", "vector is an array of 3, expected an array of 192 numbers"),
                Arguments.of("{\"vector\":\"1,2,3\"}", "vector is not base64"),
                Arguments.of("{\"vector\":\"AACAPw==\"}", "vector has 4 bytes in base64, expected 192 floats of 4"),
                Arguments.of("{\"vector\":{}}", "vector is an object, expected an array of 192 numbers"),
                Arguments.of("{\"vector\":" + zeros + "}", "a vector must be finite and not all zeros"),
                Arguments.of("{\"vector\":" + huge + "}", "vector has 1.0E300 at place 0, expected a number"),
                Arguments.of("{\"vector\":" + text + "}", "vector has a text at place 0, expected a number"),
                Arguments.of("{\"vector\":" + nan + "}", "the body is not valid JSON"),
                Arguments.of("{\"vector\":" + nothing + "}", "vector has missing at place 0, expected a number"),
                Arguments.of("{\"terms\":{}}", "terms is an object, expected an array"),
                Arguments.of("{\"terms\":[1]}", "a term is 1, expected an object"),
                Arguments.of("{\"terms\":[{}]}", "a term has exactly one of"),
                Arguments.of("{\"terms\":[{\"text\":\"a\",\"id\":1}]}", "a term has exactly one of"),
                Arguments.of("{\"terms\":[{\"text\":\"a\",\"k\":1}]}", "unknown field of a term 'k'"),
                Arguments.of("{\"terms\":[{\"text\":\"a\",\"weight\":0}]}", "weight is 0.0"),
                Arguments.of("{\"terms\":[{\"text\":\"a\",\"weight\":1e7}]}", "weight is 1.0E7"),
                Arguments.of("{\"terms\":[{\"text\":\"a\",\"weight\":1e999}]}", "weight is Infinity"),
                Arguments.of("{\"terms\":[{\"text\":\"a\",\"weight\":\"x\"}]}", "weight is a text"),
                Arguments.of(
                        "{\"terms\":[" + "{\"text\":\"a\"},".repeat(32) + "{\"text\":\"b\"}]}",
                        "a query has 1 to 32 terms, this one has 33"),
                Arguments.of(
                        "{\"terms\":[{\"text\":\"cat\",\"weight\":1},{\"text\":\"cat\",\"weight\":-1}]}",
                        "the terms cancel each other out"),
                Arguments.of("{\"image\":1}", "image is 1, expected a text"),
                Arguments.of("{\"image\":\"\"}", "image is empty"),
                Arguments.of("{\"image\":\"!!!\"}", "image is not base64"),
                Arguments.of("{\"image\":\"data:image/png;base64,AAAA\"}", "image is not base64"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}                                     | give exactly one of id, ids, image",
                "[]                                     | the body is no JSON object",
                "{\"id\":1,\"ids\":[2]}                   | give exactly one of id, ids, image",
                "{\"id\":1,\"image\":\"AAAA\"}            | give exactly one of id, ids, image",
                "{\"ids\":[]}                           | ids is an array of 0, expected an array of 1 to 100000",
                "{\"ids\":5}                            | ids is 5, expected an array of 1 to 100000 numbers",
                "{\"ids\":[1,-2]}                       | place 1 of ids is -2, expected a number from 0 to",
                "{\"ids\":[1000000000000000]}           | place 0 of ids is 1000000000000000, expected a number",
                "{\"ids\":[\"1\"]}                      | place 0 of ids is a text, expected a number",
                "{\"ids\":[1.0]}                        | place 0 of ids is 1.0, expected a number",
                "{\"ids\":[null]}                       | place 0 of ids is missing, expected a number",
                "{\"ids\":[1],\"minScore\":0.9}         | minScore goes with id or image, not with ids",
                "{\"ids\":[1],\"limit\":5}              | limit goes with minScore or image",
                "{\"id\":1,\"limit\":5}                 | limit goes with minScore or image",
                "{\"id\":1000,\"minScore\":1.01}        | minScore is 1.01, expected -1 to 1",
                "{\"id\":1000,\"minScore\":\"x\"}       | minScore is a text, expected a number",
                "{\"id\":1000,\"minScore\":1,\"limit\":0}      | limit is 0, expected 1 to 100000",
                "{\"id\":1000,\"minScore\":1,\"limit\":100001} | limit is 100001, expected 1 to 100000",
                "{\"id\":1,\"dryRun\":1}                | dryRun is 1, expected true or false",
                "{\"id\":1,\"reason\":\" \"}            | reason has 0 characters, expected 1 to 1000",
                "{\"id\":1,\"reason\":7}                | reason is 7, expected a text",
                "{\"id\":1,\"reason\":\"\\ud800\"}      | reason has 1 characters, expected 1 to 1000 of Unicode",
                "{\"id\":1,\"text\":\"a\"}              | unknown field 'text'",
                "{\"image\":\"!\"}                      | image is not base64"
            })
    void badTakedownsAreToldWhatIsWrongAndTakeNothingDown(String json, String message) {
        assertRefused(
                visitor.post("/admin/takedown", "application/json", json.getBytes(UTF_8)), 400, "bad_request", message);
        assertThat(visitor.metric("imagesearch_takedowns")).isZero();
    }

    @Test
    void badRestoresAndOtherBodiesAreToldWhatIsWrong() {
        byte[] similar = "{\"id\":1,\"minScore\":0.9}".getBytes(UTF_8);
        byte[] json = "{\"id\":1}".getBytes(UTF_8);
        byte[] png = SmallIndex.picture("png", 50, 50, Color.BLUE);
        String longReason = "{\"id\":1,\"reason\":\"" + "x".repeat(1001) + "\"}";
        String manyIds = "{\"ids\":[" + "1,".repeat(100_100) + "1]}";

        assertRefused(visitor.post("/admin/restore", "application/json", similar), 400, "bad_request", "unknown field");
        assertRefused(
                visitor.post("/admin/restore", "application/json", "{}".getBytes(UTF_8)),
                400,
                "bad_request",
                "id, ids");
        assertRefused(
                visitor.post("/admin/restore", "image/png", png), 415, "unsupported_media_type", "application/json");
        assertRefused(
                visitor.post("/admin/restore?a=1", "application/json", json), 400, "bad_request", "the address has");
        assertRefused(
                visitor.post("/admin/takedown?a=1", "application/json", json), 400, "bad_request", "the address has");
        assertRefused(visitor.post("/admin/takedown", "text/plain", json), 415, "unsupported_media_type", "image/*");
        assertRefused(
                visitor.post("/admin/takedown?k=1", "image/png", png), 400, "bad_request", "unknown parameter 'k'");
        assertRefused(
                visitor.post("/admin/takedown?minScore=2", "image/png", png), 400, "bad_request", "expected -1 to 1");
        assertRefused(visitor.post("/admin/takedown", "image/png", new byte[0]), 400, "bad_request", "a picture");
        assertRefused(
                visitor.post("/admin/takedown", "image/png", json), 415, "unsupported_media_type", "none of JPEG");
        assertRefused(
                visitor.post("/admin/takedown", "application/json", longReason.getBytes(UTF_8)),
                400,
                "bad_request",
                "reason has 1001 characters");
        assertRefused(
                visitor.post("/admin/takedown", "application/json", manyIds.getBytes(UTF_8)),
                400,
                "bad_request",
                "more values than it may have");
        assertRefused(
                visitor.post("/admin/takedown", "application/json", "{\"id\":5,\"minScore\":0.9}".getBytes(UTF_8)),
                404,
                "not_found",
                "no picture with id 5 in the index");
        assertThat(visitor.metric("imagesearch_takedowns")).isZero();
    }

    @Test
    void jsonThatIsNotUnicodeIsRefused() {
        byte[] latin = "{\"text\":\"caf\u00e9\"}".getBytes(ISO_8859_1);

        assertRefused(
                visitor.post("/search", "application/json", latin), 400, "bad_request", "the body is not valid JSON");

        // Four bytes a character, as the first ones say, and the second character is beyond the last that there is.
        byte[] wide = {0, 0, 0, '{', 0, 0x11, 0, 0};
        assertRefused(
                visitor.post("/search", "application/json", wide), 400, "bad_request", "the body is not valid JSON");
    }

    @Test
    void jsonSaysEverythingItselfAndTakesNoParameters() {
        Reply reply = visitor.post("/search?k=3", "application/json", "{\"text\":\"a\"}".getBytes(UTF_8));

        assertRefused(reply, 400, "bad_request", "a JSON query says everything in its body");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "multipart/form-data; boundary=x",
                "application/x-www-form-urlencoded",
                "x",
                "imag/png"
            })
    void bodiesOfAnotherKindAreUnsupported(String type) {
        assertRefused(
                visitor.post("/search", type, "{\"text\":\"a\"}".getBytes(UTF_8)),
                415,
                "unsupported_media_type",
                "expected image/* or application/json");
    }

    @Test
    void aBodyWithoutATypeOrInACodingIsUnsupported() {
        assertRefused(
                visitor.raw("POST /search" + HEAD + "Content-Length: 2\r\n\r\n{}"),
                415,
                "unsupported_media_type",
                "expected image/* or application/json");
        assertRefused(
                visitor.raw("POST /search" + HEAD
                        + "Content-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
                415,
                "unsupported_media_type",
                "encoded with 'gzip'");
    }

    @Test
    void whatIsNoPictureIsToldSo() {
        byte[] png = SmallIndex.picture("png", 50, 50, Color.BLUE);
        byte[] jpeg = SmallIndex.picture("jpeg", 50, 50, Color.BLUE);
        byte[] damaged = png.clone();
        Arrays.fill(damaged, 60, 90, (byte) 0x5a);

        assertRefused(visitor.post("/search", "image/png", new byte[0]), 400, "bad_request", "expected a picture");
        assertRefused(
                visitor.post("/search", "image/png", "no picture".getBytes(UTF_8)),
                415,
                "unsupported_media_type",
                "none of JPEG, PNG, GIF, BMP and WebP");
        assertRefused(
                visitor.post("/search", "image/svg+xml", "<svg/>".getBytes(UTF_8)),
                415,
                "unsupported_media_type",
                "SVG");
        assertRefused(visitor.post("/search", "image/png", Arrays.copyOf(png, 40)), 400, "bad_request", "");
        assertRefused(
                visitor.post("/search", "image/jpeg", Arrays.copyOf(jpeg, jpeg.length / 2)), 400, "bad_request", "");
        assertRefused(visitor.post("/search", "image/png", damaged), 400, "bad_request", "");
        assertRefused(
                visitor.ask("{\"image\":\"" + Base64.getEncoder().encodeToString("no".getBytes(UTF_8)) + "\"}"),
                415,
                "unsupported_media_type",
                "none of JPEG");
    }

    @Test
    void picturesThatClaimTooManyPixelsAreTooLarge() {
        byte[] bomb = SmallIndex.picture("png", 10, 10, Color.BLUE);
        // Width and height of the header chunk; the checksum behind it no longer fits, but nothing reads that far.
        ByteBuffer.wrap(bomb).putInt(16, 4999).putInt(20, 4999);
        byte[] wide = SmallIndex.picture("png", 5001, 2, Color.BLUE);

        assertRefused(visitor.post("/search", "image/png", bomb), 413, "too_large", "4999 x 4999 pixels");
        assertRefused(visitor.post("/search", "image/png", wide), 413, "too_large", "5001 x 2 pixels");
        assertThat(visitor.post("/search?k=1", "image/png", SmallIndex.picture("png", 5000, 1, Color.RED))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void bodiesAboveTheLimitAreTooLargeHoweverTheyCome() {
        byte[] large = new byte[8 * MAX_BODY];

        Reply whole = untilAnswered(() -> visitor.post("/search", "image/png", large));
        assertRefused(whole, 413, "too_large", "larger than 262144 bytes");
        Reply chunked = untilAnswered(() -> visitor.post(
                "/search", "image/png", BodyPublishers.ofByteArrays(Collections.nCopies(64, new byte[MAX_BODY / 16]))));
        assertRefused(chunked, 413, "too_large", "larger than 262144 bytes");
        assertRefused(
                visitor.raw("POST /search" + HEAD + "Content-Length: 99999999999999\r\n\r\n"), 413, "too_large", "");
        assertRefused(
                visitor.raw("POST /search" + HEAD + "Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n"),
                413,
                "too_large",
                "");
        // A byte below the limit is not too large, but no picture either.
        assertThat(visitor.post("/search", "image/png", new byte[MAX_BODY]).status())
                .isEqualTo(415);
    }

    /** A client that is still sending may see the end of the connection before the answer. */
    private static Reply untilAnswered(Supplier<Reply> post) {
        for (int attempt = 0; attempt < 10; attempt++) {
            try {
                return post.get();
            } catch (UncheckedIOException e) {
                // Once more.
            }
        }
        return post.get();
    }

    @Test
    void aClientThatWaitsToBeAskedForItsBodyIsAsked() throws Exception {
        byte[] body = "{\"text\":\"a\",\"k\":1}".getBytes(UTF_8);
        try (Socket socket = visitor.connect()) {
            socket.getOutputStream()
                    .write(("POST /search" + HEAD + "Expect: 100-continue\r\nContent-Type: application/json\r\n"
                                    + "Content-Length: " + body.length + "\r\n\r\n")
                            .getBytes(UTF_8));
            byte[] asked = socket.getInputStream().readNBytes("HTTP/1.1 100 Continue\r\n\r\n".length());
            assertThat(new String(asked, UTF_8)).startsWith("HTTP/1.1 100 ");
            socket.getOutputStream().write(body);

            assertThat(Visitor.read(socket).status()).isEqualTo(200);
        }
    }

    @Test
    void aBodyThatDoesNotArriveInTimeIsToldSoAndItsPlaceIsFree() throws Exception {
        for (String length : List.of("Content-Length: 1000", "Transfer-Encoding: chunked")) {
            try (Socket socket = visitor.connect()) {
                socket.getOutputStream()
                        .write(("POST /search" + HEAD + "Content-Type: image/png\r\n" + length + "\r\n\r\n")
                                .getBytes(UTF_8));
                TestServers.await("it has a place", () -> visitor.metric("imagesearch_admitted_requests") == 1);
                TestServers.await("its place is free", () -> visitor.metric("imagesearch_admitted_requests") == 0);

                assertRefused(Visitor.read(socket), 408, "request_timeout", "did not arrive within 500 ms");
            }
        }
    }

    @Test
    void aClientThatLeavesInTheMiddleOfItsBodyLeavesItsPlace() throws Exception {
        for (boolean reset : List.of(false, true)) {
            try (Socket socket = visitor.connect()) {
                socket.getOutputStream()
                        .write(("POST /search" + HEAD + "Content-Type: image/png\r\nContent-Length: 1000\r\n\r\nabc")
                                .getBytes(UTF_8));
                TestServers.await("it has a place", () -> visitor.metric("imagesearch_admitted_requests") == 1);
                socket.setSoLinger(reset, 0);
            }
            TestServers.await("its place is free", () -> visitor.metric("imagesearch_admitted_requests") == 0);
        }
    }

    @Test
    void aClientThatLeavesBeforeItsAnswerLeavesItsPlace() throws Exception {
        for (int i = 0; i < 50; i++) {
            try (Socket socket = visitor.connect()) {
                socket.getOutputStream()
                        .write("GET /search?text=a&withVectors=true&k=60 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                .getBytes(UTF_8));
                socket.setSoLinger(true, 0);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "PUT, /search, 'GET, HEAD, POST'",
        "DELETE, /search, 'GET, HEAD, POST'",
        "PATCH, /search, 'GET, HEAD, POST'",
        "OPTIONS, /search, 'GET, HEAD, POST'",
        "TRACE, /search, 'GET, HEAD, POST'",
        "BREW, /search, 'GET, HEAD, POST'",
        "POST, /images/1000, 'GET, HEAD'",
        "DELETE, /thumbnails/1000, 'GET, HEAD'",
        "POST, /healthz, 'GET, HEAD'",
        "POST, /metrics, 'GET, HEAD'",
        "GET, /admin/takedown, POST",
        "GET, /admin/restore, POST",
        "POST, /admin/takedowns, 'GET, HEAD'",
        "POST, /, 'GET, HEAD'",
        "OPTIONS, *, 'GET, HEAD'",
        "CONNECT, localhost:80, 'GET, HEAD'"
    })
    void otherMethodsAreToldWhichAreAllowed(String method, String path, String allowed) {
        Reply reply = visitor.raw(method + " " + path + HEAD + "Content-Length: 0\r\n\r\n");

        assertRefused(reply, 405, "method_not_allowed", method + " is not allowed on " + path);
        assertThat(reply.header("allow")).hasValue(allowed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/search?text=a", "/images/1000"})
    void aBodyWhereNoneBelongsIsRefused(String path) {
        assertRefused(
                visitor.raw("GET " + path + HEAD + "Content-Length: 3\r\n\r\nabc"),
                400,
                "bad_request",
                "a GET request has no body here");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/nothing",
                "/search/more",
                "/images/1/2",
                "/images/../../etc/passwd",
                "/../serve.conf",
                "/serve.conf",
                "/%2e%2e/serve.conf",
                "/..%2fserve.conf",
                "/..\\serve.conf",
                "/page",
                "/page/index.html",
                "/%00",
                "/index.html%00.txt",
                "/index.html/",
                "//etc/passwd",
                "/org/imagesearch/server/ServeCommand.class",
                "/META-INF/MANIFEST.MF",
                "/./../openapi.json"
            })
    void thereIsNothingElsewhere(String path) {
        assertRefused(visitor.raw("GET " + path + HEAD + "\r\n"), 404, "not_found", "there is nothing at");
    }

    @Test
    void idsThatTheIndexDoesNotHaveAreNotFound() {
        assertRefused(visitor.get("/search?id=5"), 404, "not_found", "no picture with id 5 in the index");
        assertRefused(visitor.ask("{\"id\":999999999999999}"), 404, "not_found", "no picture with id 999999999999999");
        assertRefused(visitor.get("/images/5"), 404, "not_found", "no picture with id 5 in the index");
        assertRefused(visitor.get("/thumbnails/5"), 404, "not_found", "no picture with id 5 in the index");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "gzip, chunked", "identity", "chunked, gzip"})
    void otherTransferEncodingsAreRefused(String encoding) {
        Reply reply = visitor.raw("POST /search" + HEAD + "Content-Type: application/json\r\nTransfer-Encoding: "
                + encoding + "\r\n\r\n{}");

        assertThat(reply.status()).isEqualTo(400);
    }

    @ParameterizedTest
    @MethodSource
    void whatIsNoHttpIsABadRequest(String request) {
        Reply reply = visitor.raw(request);

        assertThat(reply.status()).as(reply.text()).isEqualTo(400);
        assertThat(reply.text()).doesNotContainPattern(INSIDES);
    }

    static Stream<String> whatIsNoHttpIsABadRequest() {
        return Stream.of(
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n",
                "GET /search?text=100%" + HEAD + "\r\n",
                "GET /search?text=%zz" + HEAD + "\r\n",
                "GET /search?text=" + "a".repeat(40_000) + HEAD + "\r\n",
                "GET /healthz" + HEAD + "X-Long: " + "a".repeat(40_000) + "\r\n\r\n",
                "GET /healthz" + HEAD + "X-Many: 1\r\n".repeat(200) + "\r\n",
                "POST /search" + HEAD + "Content-Length: -5\r\n\r\n",
                "POST /search" + HEAD + "Content-Length: many\r\n\r\n",
                "POST /search" + HEAD + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
                "POST /search" + HEAD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    }

    @Test
    void manyParametersAreRefusedByName() {
        assertRefused(
                visitor.raw("GET /search?text=a" + "&k=1".repeat(5000) + HEAD + "\r\n"),
                400,
                "bad_request",
                "parameter 'k' is given more than once");
    }

    @Test
    void messagesRepeatLittleOfWhatWasSent() {
        Reply reply = visitor.raw("GET /search?text=a&" + "x".repeat(20_000) + "=1" + HEAD + "\r\n");

        assertRefused(reply, 400, "bad_request", "unknown parameter 'xxx");
        assertThat(reply.body()).hasSizeLessThan(600);
    }

    private static void assertRefused(Reply reply, int status, String code, String message) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(status);
        assertThat(reply.header("content-type")).hasValue("application/json");
        assertThat(reply.json().fieldNames()).toIterable().containsExactly("error");
        assertThat(reply.json().path("error").fieldNames())
                .toIterable()
                .containsExactly("code", "message", "requestId");
        assertThat(reply.errorCode()).isEqualTo(code);
        assertThat(reply.errorMessage())
                .contains(message)
                .doesNotContainPattern(INSIDES)
                .doesNotContain("`");
        assertThat(reply.header("cache-control")).hasValue("no-store");
    }
}
