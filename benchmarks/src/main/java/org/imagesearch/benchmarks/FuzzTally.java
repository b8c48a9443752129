package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import org.imagesearch.benchmarks.RawRequest.Answer;

/** Counts answers by status, and keeps those that no request may get. Thread-safe. */
final class FuzzTally {
    private static final int MOST_KEPT = 20;
    private static final int SHOWN = 300;

    /** A class or a stack of the server in what it says. */
    private static final Pattern INSIDES =
            Pattern.compile("(?:[a-z]\\w*\\.){2,}[A-Z]\\w*|Exception\\b|\\.java:\\d|\\tat ");

    private final Map<Integer, LongAdder> counts = new ConcurrentSkipListMap<>();
    private final List<String> findings = new ArrayList<>();
    private double slowestSeconds;

    /** @param number of the request */
    void answered(long number, RawRequest request, Answer answer, double seconds) {
        counts.computeIfAbsent(answer.status(), status -> new LongAdder()).increment();
        String problem = problem(answer);
        synchronized (this) {
            slowestSeconds = Math.max(slowestSeconds, seconds);
            if (!problem.isEmpty() && findings.size() < MOST_KEPT) {
                findings.add(String.format(
                        Locale.ROOT,
                        "request %d %s: %s -> %s",
                        number,
                        problem,
                        shown(new String(request.bytes(), StandardCharsets.ISO_8859_1)),
                        answer.status() + " " + shown(body(answer).strip())));
            }
        }
    }

    /** No connection was to be had. */
    synchronized void unreachable(IOException reason) {
        findings.add("the server cannot be reached: " + reason);
    }

    private static String problem(Answer answer) {
        int status = answer.status();
        if (status == Answer.HUNG) {
            return "is not answered";
        } else if (status == Answer.NO_HTTP) {
            return "is answered with something that is no HTTP";
        } else if (status == 503 && answer.text().contains("\r\nRetry-After: ")) {
            return ""; // Overload, as it should be told.
        } else if (status >= 500) {
            return "is answered with " + status;
        } else if (status >= 400 && INSIDES.matcher(body(answer)).find()) {
            return "is told insides of the server";
        }
        return "";
    }

    private static String body(Answer answer) {
        return answer.text().substring(Math.max(0, answer.text().indexOf("\r\n\r\n")));
    }

    private static String shown(String text) {
        String begin = text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
        return begin.replace("\r", "\\r").replace("\n", "\\n").replaceAll("[^ -~]", "?");
    }

    synchronized List<String> findings() {
        return List.copyOf(findings);
    }

    /** {@code 200: 5,000, 400: 70,000, ...} */
    @Override
    public synchronized String toString() {
        StringBuilder text = new StringBuilder();
        counts.forEach((status, count) -> text.append(
                String.format(Locale.ROOT, "%s: %,d, ", status == Answer.CLOSED ? "no answer" : status, count.sum())));
        return text + String.format(Locale.ROOT, "slowest %.2f s", slowestSeconds);
    }
}
