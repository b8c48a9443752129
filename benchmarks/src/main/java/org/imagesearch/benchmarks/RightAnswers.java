package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.imagesearch.benchmarks.HttpQuestions.Question;
import org.imagesearch.benchmarks.HttpQuestions.Reply;
import org.imagesearch.core.ImageSearchException;

/** Right questions of every kind to an index, and what a server answered to them while nothing was wrong. Thread-safe. */
final class RightAnswers {
    private static final List<String> WORDS =
            List.of("red+car", "a+happy+face", "blue+heart", "dog", "two+trees+and+a+house");
    private static final int PICTURES = 12;
    private static final int MOST_ATTEMPTS = 20;

    private final Map<Question, JsonNode> answers;

    private RightAnswers(Map<Question, JsonNode> answers) {
        this.answers = answers;
    }

    /**
     * Asks, and keeps what is answered.
     *
     * @param pictures some of them that the server takes become questions
     * @throws ImageSearchException (data) if words find nothing, or one of the questions is refused
     */
    static RightAnswers of(HttpQuestions server, List<Path> pictures) throws IOException, InterruptedException {
        List<Question> questions = new ArrayList<>();
        List<Long> ids = new ArrayList<>();
        for (String words : WORDS) {
            Question question = Question.get("/search?k=10&text=" + words);
            questions.add(question);
            for (JsonNode hit : required(server, question).json().path("hits")) {
                ids.add(hit.path("id").asLong());
            }
        }
        if (ids.isEmpty()) {
            throw ImageSearchException.data("words find nothing in this index");
        }
        for (int i = 0; i < WORDS.size(); i++) {
            long id = ids.get(i * ids.size() / WORDS.size());
            questions.add(Question.get("/search?k=10&id=" + id));
            questions.add(Question.get("/vectors/" + id));
            JsonNode vector =
                    required(server, Question.get("/vectors/" + id)).json().path("vector");
            questions.add(Question.json("/search", "{\"k\":10,\"vector\":" + vector + "}"));
            questions.add(Question.json(
                    "/knn-service", "{\"text\":\"" + WORDS.get(i).replace('+', ' ') + "\",\"num_images\":5}"));
            questions.add(Question.json("/metadata", "{\"ids\":[" + id + "]}"));
        }
        for (int i = 0; i < Math.min(PICTURES, pictures.size()); i++) {
            Path file = pictures.get(i * pictures.size() / Math.min(PICTURES, pictures.size()));
            questions.add(Question.picture(typeOf(file), Files.readAllBytes(file)));
            questions.add(Question.json(
                    "/search",
                    "{\"k\":5,\"image\":\"" + Base64.getEncoder().encodeToString(Files.readAllBytes(file)) + "\"}"));
        }
        return to(server, questions);
    }

    /**
     * Asks these questions, and keeps what is answered.
     *
     * @throws ImageSearchException (data) if one is refused
     */
    static RightAnswers to(HttpQuestions server, List<Question> questions) throws IOException, InterruptedException {
        Map<Question, JsonNode> answers = new LinkedHashMap<>();
        for (Question question : questions) {
            answers.put(question, withoutTimes(required(server, question)));
        }
        return new RightAnswers(answers);
    }

    /** The best hit of every answer, ascending. */
    long[] bestIds() {
        return answers.values().stream()
                .mapToLong(answer -> answer.at("/hits/0/id").asLong())
                .distinct()
                .sorted()
                .toArray();
    }

    /** @throws ImageSearchException (data) naming a question to which both have the same hits */
    void requireDifferent(RightAnswers others) {
        answers.forEach((question, answer) -> {
            if (answer.path("hits").equals(others.answers.get(question).path("hits"))) {
                throw ImageSearchException.data("%s has the same hits in both generations", question.path());
            }
        });
    }

    /** Asked again where a shard was late: what lacks one is no measure of what is right. */
    private static Reply required(HttpQuestions server, Question question) throws IOException, InterruptedException {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            Reply reply = answered(server, question);
            if (reply.json().at("/shards/degraded").isEmpty()) {
                return reply;
            }
        }
        throw ImageSearchException.data("%s lacks shards %d times in a row", question.path(), MOST_ATTEMPTS);
    }

    private static Reply answered(HttpQuestions server, Question question) throws IOException, InterruptedException {
        Reply reply = server.ask(question);
        if (reply.status() != 200) {
            throw ImageSearchException.data(
                    "%s %s is answered with %d: %s", question.method(), question.path(), reply.status(), reply.text());
        }
        return reply;
    }

    List<Question> questions() {
        return List.copyOf(answers.keySet());
    }

    /** Whether a reply is what was answered before, times aside. */
    boolean isRight(Question question, Reply reply) {
        return reply.status() == 200 && withoutTimes(reply).equals(answers.get(question));
    }

    /** @throws ImageSearchException (data) naming the first question that is answered otherwise now */
    void requireSame(HttpQuestions server) throws IOException, InterruptedException {
        for (Question question : questions()) {
            Reply reply = server.ask(question);
            if (!isRight(question, reply)) {
                throw ImageSearchException.data(
                        "%s %s is answered otherwise than before, with %d: %.300s",
                        question.method(), question.path(), reply.status(), reply.text());
            }
        }
    }

    private static JsonNode withoutTimes(Reply reply) {
        JsonNode answer = reply.json();
        if (answer instanceof ObjectNode object) {
            object.remove("took");
        }
        return answer;
    }

    static String typeOf(Path picture) {
        String name = picture.getFileName().toString();
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return "image/" + (ending.equals("jpg") ? "jpeg" : ending);
    }
}
