package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.benchmarks.HttpQuestions.Question;
import org.imagesearch.benchmarks.HttpQuestions.Reply;

/**
 * Holds answers to what is right: whole; or, where that is allowed, from the shards that are left, with every missing one named.
 * Thread-safe.
 */
final class PartialAnswers implements SteadyLoad.Check {
    private final RightAnswers whole;
    private final Map<Question, JsonNode> hitsOfTheRest = new HashMap<>();
    private final Set<Integer> mayLack;
    private final List<Long> partialNanos = new ArrayList<>();

    /**
     * @param rest answers from the shards that are always there
     * @param mayLack the others; none if every answer must be whole
     */
    PartialAnswers(RightAnswers whole, HttpQuestions rest, Set<Integer> mayLack)
            throws IOException, InterruptedException {
        this.whole = whole;
        this.mayLack = mayLack;
        for (Question question : whole.questions()) {
            hitsOfTheRest.put(question, rest.ask(question).json().path("hits"));
        }
    }

    List<Question> questions() {
        return whole.questions();
    }

    @Override
    public String problem(Question question, Reply reply) {
        if (whole.isRight(question, reply)) {
            return "";
        }
        if (reply.status() != 200) {
            return "status " + reply.status() + " " + reply.text();
        }
        JsonNode answer = reply.json();
        Set<Integer> missing = new TreeSet<>();
        answer.at("/shards/degraded")
                .forEach(shard -> missing.add(shard.path("shard").asInt()));
        if (missing.isEmpty()) {
            return "wrong, and does not say so: " + reply.text();
        }
        if (!mayLack.containsAll(missing)) {
            return "lacks the shards " + missing + ": " + answer.path("shards");
        }
        if (missing.equals(mayLack) && !isBeginOf(hitsOfTheRest.get(question), answer.path("hits"))) {
            return "has other hits than the shards that are left: " + reply.text();
        }
        synchronized (this) {
            partialNanos.add(System.nanoTime());
        }
        return "";
    }

    /** Fewer than there are, where a shard found pictures and was lost before it told what they are. */
    private static boolean isBeginOf(JsonNode all, JsonNode begin) {
        for (int i = 0; i < begin.size(); i++) {
            if (!begin.get(i).equals(all.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** Answers so far that lacked shards. */
    synchronized int partial() {
        return partialNanos.size();
    }

    /** Seconds from a moment, by {@link System#nanoTime}, to the last answer that lacked shards; 0 if there was none since. */
    synchronized double secondsUntilWhole(long nanos) {
        return partialNanos.isEmpty() ? 0 : Math.max(0, (partialNanos.get(partialNanos.size() - 1) - nanos) / 1e9);
    }
}
