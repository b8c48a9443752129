package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/** Asks a server as an honest client does. Thread-safe. */
final class HttpQuestions {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final URI address;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(LIMIT)
            .build();

    HttpQuestions(URI address) {
        this.address = address;
    }

    /**
     * A request.
     *
     * @param authorization the header, empty for none
     */
    record Question(String method, String path, String type, byte[] body, String authorization) {
        private static final byte[] NOTHING = new byte[0];

        static Question get(String path) {
            return new Question("GET", path, "", NOTHING, "");
        }

        Question withToken(String token) {
            return new Question(method, path, type, body, "Bearer " + token);
        }

        static Question json(String path, String body) {
            return new Question("POST", path, "application/json", body.getBytes(StandardCharsets.UTF_8), "");
        }

        static Question picture(String type, byte[] bytes) {
            return new Question("POST", "/search", type, bytes, "");
        }
    }

    /** A whole answer. */
    record Reply(int status, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** @throws ImageSearchException (data) if it is no JSON */
        JsonNode json() {
            return Json.read(body, JsonNode.class, "the answer");
        }
    }

    Reply get(String path) throws IOException, InterruptedException {
        return ask(Question.get(path));
    }

    /** @throws IOException if there is no whole answer within a minute */
    Reply ask(Question question) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address.resolve(question.path()))
                .timeout(LIMIT)
                .method(
                        question.method(),
                        question.body().length == 0
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(question.body()));
        if (!question.type().isEmpty()) {
            request.header("Content-Type", question.type());
        }
        if (!question.authorization().isEmpty()) {
            request.header("Authorization", question.authorization());
        }
        HttpResponse<byte[]> response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        return new Reply(response.statusCode(), response.body());
    }
}
