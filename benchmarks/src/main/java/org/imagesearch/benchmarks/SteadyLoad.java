package org.imagesearch.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.imagesearch.benchmarks.HttpQuestions.Question;
import org.imagesearch.benchmarks.HttpQuestions.Reply;

/** Honest clients that ask at a steady rate, whatever the server does, and check each answer. Thread-safe. */
final class SteadyLoad implements AutoCloseable {
    private static final int MOST_PROBLEMS = 20;

    private final HttpQuestions server;
    private final List<Question> questions;
    private final Check check;
    private final int clients;
    private final double perSecond;
    private final long begin = System.nanoTime();
    private final CountDownLatch stop = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();
    private final List<Answered> answers = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private int failures;

    private SteadyLoad(HttpQuestions server, List<Question> questions, Check check, int clients, double perSecond) {
        this.server = server;
        this.questions = List.copyOf(questions);
        this.check = check;
        this.clients = clients;
        this.perSecond = perSecond;
    }

    /** Looks at an answer. */
    interface Check {
        /** What is wrong with it; empty if it is right. */
        String problem(Question question, Reply reply);
    }

    /**
     * One answer.
     *
     * @param atSecond when the question was due, in seconds of this load
     * @param seconds from when it was due until the answer was there
     */
    record Answered(double atSecond, double seconds) {}

    /**
     * Begins to ask.
     *
     * @param questions asked in turns
     * @param clients questions under way at once, at most
     * @param perSecond questions of all clients together
     */
    static SteadyLoad start(
            HttpQuestions server, List<Question> questions, Check check, int clients, double perSecond) {
        SteadyLoad load = new SteadyLoad(server, questions, check, clients, perSecond);
        for (int client = 0; client < clients; client++) {
            int first = client;
            Thread thread = new Thread(() -> load.ask(first), "client-" + client);
            thread.setDaemon(true);
            load.threads.add(thread);
            thread.start();
        }
        return load;
    }

    private void ask(int client) {
        try {
            for (long number = client; ; number += clients) {
                double due = number / perSecond;
                long waitNanos = (long) (1e9 * (due - seconds()));
                if (stop.await(Math.max(0, waitNanos), TimeUnit.NANOSECONDS)) {
                    return;
                }
                Question question = questions.get((int) (number % questions.size()));
                String problem;
                try {
                    problem = check.problem(question, server.ask(question));
                } catch (IOException e) {
                    problem = "no answer: " + e;
                }
                answered(question, new Answered(due, seconds() - due), problem);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void answered(Question question, Answered answer, String problem) {
        answers.add(answer);
        if (!problem.isEmpty()) {
            failures++;
            if (problems.size() < MOST_PROBLEMS) {
                problems.add(String.format(
                        "at %.2f s %s %s: %s", answer.atSecond, question.method(), question.path(), problem));
            }
        }
    }

    /** Seconds since it began. */
    double seconds() {
        return SideBySide.secondsSince(begin);
    }

    /** Answers so far, as they came. */
    synchronized List<Answered> answers() {
        return List.copyOf(answers);
    }

    /** Answers that were wrong or did not come. */
    synchronized int failures() {
        return failures;
    }

    /** What was wrong with the first of them. */
    synchronized List<String> problems() {
        return List.copyOf(problems);
    }

    /** The latency below which a share of answers is, in seconds. */
    static double percentile(List<Answered> answers, double share) {
        double[] sorted =
                answers.stream().mapToDouble(Answered::seconds).sorted().toArray();
        return sorted.length == 0
                ? Double.NaN
                : sorted[(int) Math.min(sorted.length - 1L, (long) (share * sorted.length))];
    }

    /** Ends when the questions under way are answered. */
    @Override
    public void close() {
        stop.countDown();
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
