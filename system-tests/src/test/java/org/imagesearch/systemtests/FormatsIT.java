package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What earlier versions wrote is read, answers as it did, and goes on: {@code formats/DATE} holds a dataset and an index of 80 pictures
 * that a version of that day made, and the answers of its server ({@code record-formats}). They are of the demo model; who trains it
 * anew keeps the old one for them.
 */
class FormatsIT {
    private static final Path RECORDED = Repository.root().resolve("system-tests/src/test/resources/formats");
    private static final int PICTURES = 80;
    private static final int MORE_PICTURES = 3;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();

    @TempDir
    Path folder;

    static Stream<String> recorded() throws IOException {
        try (Stream<Path> folders = Files.list(RECORDED)) {
            return folders.map(recorded -> recorded.getFileName().toString()).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void whatAnEarlierVersionWroteAnswersAsItDidAndGoesOn(String date) throws Exception {
        DemoIndex old = new DemoIndex(
                folder.resolve("pictures"),
                folder.resolve("embeddings"),
                folder.resolve("index"),
                Repository.root().resolve("demo/model"));
        copy(RECORDED.resolve(date).resolve("embeddings"), old.embeddings());
        copy(RECORDED.resolve(date).resolve("index"), old.index());
        JsonNode answers =
                MAPPER.readTree(RECORDED.resolve(date).resolve("answers.json").toFile());

        run("verify", "bin/merge", "verify", "--index", old.index());
        try (RunningServer server = RunningServer.over(old)) {
            assertAnswers(server, answers);
        }

        run("draw", "/usr/bin/python3", "demo/make_pictures.py", "--output", old.pictures(), "--count", MORE_PICTURES);
        run("embed", "bin/embed", "--input", old.pictures(), "--output", old.embeddings(), "--model", old.model());
        assertThat(new EmbeddedPictures(old.embeddings()).uris("images")).hasSize(PICTURES + MORE_PICTURES);
        run("add", "bin/merge", "--embeddings", old.embeddings(), "--index", old.index(), "--add");
        run("compact", "bin/merge", "compact", "--index", old.index());
        try (RunningServer server = RunningServer.over(old)) {
            JsonNode added = search(server, "id=" + PICTURES + "&k=1&filter=id>=" + PICTURES);
            assertThat(added.at("/hits/0/id").asInt()).isEqualTo(PICTURES);
            assertThat(added.at("/hits/0/score").asDouble()).isCloseTo(1, within(1e-4));
        }
    }

    private void assertAnswers(RunningServer server, JsonNode answers) throws Exception {
        assertThat(answers).hasSizeGreaterThan(3);
        for (JsonNode answer : answers) {
            String question = answer.path("question").asText();
            JsonNode found = search(server, question).path("hits");
            JsonNode expected = answer.path("hits");
            assertThat(found).as(question).hasSize(expected.size());
            for (int i = 0; i < expected.size(); i++) {
                for (String field : List.of("id", "uri", "width", "height", "caption")) {
                    assertThat(found.get(i).path(field))
                            .as(question)
                            .isEqualTo(expected.get(i).path(field));
                }
                assertThat(found.get(i).path("score").asDouble())
                        .as(question)
                        .isCloseTo(expected.get(i).path("score").asDouble(), within(1e-4));
            }
        }
    }

    private JsonNode search(RunningServer server, String question) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(server.address().resolve("search?" + question.replace(">", "%3E")))
                .build();
        String answer = client.send(request, BodyHandlers.ofString()).body();
        assertThat(answer).as(question).contains("\"hits\"");
        return MAPPER.readTree(answer);
    }

    private void run(String name, Object... command) {
        Command.run(
                folder.resolve(name + ".log"),
                Arrays.stream(command).map(String::valueOf).toList());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path one : all.toList()) {
                Files.copy(one, to.resolve(from.relativize(one).toString()));
            }
        }
    }
}
