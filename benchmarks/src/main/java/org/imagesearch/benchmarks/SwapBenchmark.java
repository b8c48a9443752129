package org.imagesearch.benchmarks;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.imagesearch.benchmarks.HttpQuestions.Question;
import org.imagesearch.benchmarks.HttpQuestions.Reply;
import org.imagesearch.benchmarks.SteadyLoad.Answered;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.Takedowns;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Generations published back and forth under steady queries. The second one lacks the best hit of every question, so that each
 * answer shows which one it was made from; it must be the one that it names, as it was answered when nothing changed.
 */
@Command(
        name = "swap",
        description = "generations swapped under steady queries: failed and mixed answers, and their latency")
final class SwapBenchmark implements Benchmark {
    private static final List<String> SETTINGS = List.of("index.poll = 100 ms");
    private static final double AFTER_SECONDS = 1;
    private static final int FIRST_ANSWERS = 20;
    private static final long FOLLOW_SECONDS = 120;
    private static final String DAMAGED = "gen-000900";

    @Option(
            names = "--swaps",
            paramLabel = "N",
            defaultValue = "20",
            description = "generations published (default: ${DEFAULT-VALUE})")
    private int swaps;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "50",
            description = "questions per second (default: ${DEFAULT-VALUE})")
    private double rate;

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "4",
            description = "questions under way at once, at most (default: ${DEFAULT-VALUE})")
    private int clients;

    @Option(
            names = "--between",
            paramLabel = "SECONDS",
            defaultValue = "4",
            description = "seconds between two swaps (default: ${DEFAULT-VALUE})")
    private int between;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of the places that are damaged (default: ${DEFAULT-VALUE})")
    private long seed;

    @Mixin
    private ServeSubject.Choice subject;

    @Mixin
    private WorkFolder.Choice choice;

    /** When a generation was named in CURRENT, and in an answer; in seconds of the load. */
    private record Swap(double published, double seen) {}

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        Sizes.requireRange("--swaps", swaps, 2, 100_000);
        Sizes.requireRange("--clients", clients, 1, 200);
        Sizes.requireRange("--between", between, 1, 3600);
        Sizes.requireRange("--rate", (long) rate, 1, 100_000);
        try (WorkFolder folder = choice.open()) {
            ServeSubject served = subject.in(folder, report);
            try (ServeProcess server = ServeProcess.start(folder, "serve", served.index(), served.model(), SETTINGS)) {
                HttpQuestions client = new HttpQuestions(server.address());
                List<Question> questions = questions(client, served);
                Map<String, RightAnswers> right = generations(folder, served, client, questions, report);
                swap(server, served, client, right, report);
            }
        }
    }

    /** Words, pictures and vectors, whose answers tell the generation. */
    private static List<Question> questions(HttpQuestions client, ServeSubject served)
            throws IOException, InterruptedException {
        return RightAnswers.of(client, served.pictures()).questions().stream()
                .filter(question -> question.path().startsWith("/search")
                        && !question.path().contains("id="))
                .toList();
    }

    /** Makes the second generation, and has both answer in peace. */
    private static Map<String, RightAnswers> generations(
            WorkFolder folder, ServeSubject served, HttpQuestions client, List<Question> questions, Report report)
            throws IOException, InterruptedException {
        String first = new IndexDirectory(served.index()).currentGeneration();
        RightAnswers ofFirst = RightAnswers.to(client, questions);
        long[] best = ofFirst.bestIds();
        Takedowns.append(served.index(), best, Instant.now(), Optional.of("to tell generations apart"));
        Program.run(
                folder.resolve("compact.log"),
                List.of(
                        Program.file("bin/merge").toString(),
                        "compact",
                        "--index",
                        served.index().toString()));
        Takedowns.restore(served.index(), best, Instant.now(), Optional.of("to tell generations apart"));
        String second = new IndexDirectory(served.index()).currentGeneration();
        awaitGeneration(client, second);
        // What is given back is shown again two looks later.
        TimeUnit.SECONDS.sleep(2);
        RightAnswers ofSecond = RightAnswers.to(client, questions);
        ServeSubject.publish(served.index(), first);
        awaitGeneration(client, first);
        ofFirst.requireSame(client);
        ofFirst.requireDifferent(ofSecond);
        report.note("%s and %s differ in the answer to each of %d questions", first, second, questions.size());
        return Map.of(first, ofFirst, second, ofSecond);
    }

    private static void awaitGeneration(HttpQuestions client, String generation)
            throws IOException, InterruptedException {
        long begin = System.nanoTime();
        while (!client.get("/info").json().path("generation").asText().equals(generation)) {
            if (SideBySide.secondsSince(begin) > FOLLOW_SECONDS) {
                throw ImageSearchException.data("%s was not served within %d s", generation, FOLLOW_SECONDS);
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    private void swap(
            ServeProcess server,
            ServeSubject served,
            HttpQuestions client,
            Map<String, RightAnswers> right,
            Report report)
            throws IOException, InterruptedException {
        List<Question> questions = right.values().iterator().next().questions();
        List<Swap> seen = new ArrayList<>();
        ServeState before = ServeState.of(server.pid(), server.address());
        SteadyLoad load = SteadyLoad.start(
                client, questions, (question, reply) -> problem(question, reply, right), clients, rate);
        try (load) {
            // What is quiet must be known, and the code be compiled.
            TimeUnit.SECONDS.sleep(2L * between);
            List<String> names = right.keySet().stream().sorted().toList();
            String now = new IndexDirectory(served.index()).currentGeneration();
            for (int swap = 0; swap < swaps; swap++) {
                if (swap == swaps / 2) {
                    refuseDamaged(server, served, now, report);
                }
                now = names.get(now.equals(names.get(0)) ? 1 : 0);
                double published = load.seconds();
                ServeSubject.publish(served.index(), now);
                awaitGeneration(client, now);
                seen.add(new Swap(published, load.seconds()));
                TimeUnit.SECONDS.sleep(between);
            }
        }
        ServeState after = ServeState.of(server.pid(), server.address());
        report(load, seen, report);
        HeldBack.report("swap", swaps + " swaps", before, after, report);
    }

    private static String problem(Question question, Reply reply, Map<String, RightAnswers> right) {
        if (reply.status() != 200) {
            return "status " + reply.status() + " " + reply.text();
        }
        String generation = reply.json().path("generation").asText();
        RightAnswers expected = right.get(generation);
        if (expected == null) {
            return "names " + generation;
        }
        return expected.isRight(question, reply) ? "" : "is not as " + generation + " answers: " + reply.text();
    }

    /** One that lacks bytes at the end of a shard, published: the server must say so and go on with what it has. */
    private void refuseDamaged(ServeProcess server, ServeSubject served, String now, Report report)
            throws IOException, InterruptedException {
        Path damaged = served.index().resolve(DAMAGED);
        ServeSubject.copy(served.index().resolve(now), damaged, true);
        Path shard = damaged.resolve(IndexLayout.shardIndex(0));
        Path whole = served.index().resolve(now).resolve(IndexLayout.shardIndex(0));
        Files.delete(shard);
        Files.copy(whole, shard);
        try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
            file.setLength(file.length() - 1 - new Random(seed).nextInt(1000));
        }
        ServeSubject.publish(served.index(), DAMAGED);
        long begin = System.nanoTime();
        while (!server.log().contains("generation refused=" + DAMAGED)) {
            if (SideBySide.secondsSince(begin) > FOLLOW_SECONDS) {
                throw ImageSearchException.data("%s is damaged and was not refused", DAMAGED);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        report.note("a damaged generation was refused %.2f s after it was published", SideBySide.secondsSince(begin));
        ServeSubject.publish(served.index(), now);
    }

    private void report(SteadyLoad load, List<Swap> seen, Report report) {
        List<Answered> quiet = new ArrayList<>();
        List<Answered> during = new ArrayList<>();
        List<Answered> first = new ArrayList<>();
        double warm = seen.get(0).published - between;
        for (Answered answer : load.answers()) {
            double at = answer.atSecond();
            boolean near = seen.stream().anyMatch(swap -> at >= swap.published && at < swap.seen + AFTER_SECONDS);
            if (near) {
                during.add(answer);
            } else if (at > warm) {
                quiet.add(answer);
            }
        }
        for (Swap swap : seen) {
            load.answers().stream()
                    .filter(answer -> answer.atSecond() >= swap.seen)
                    .limit(FIRST_ANSWERS)
                    .forEach(first::add);
        }
        report.note(
                "%,d answers over %d swaps, %d wrong or failed; swapped %.2f s after publishing (median), slowest answer %.0f ms",
                load.answers().size(),
                seen.size(),
                load.failures(),
                SideBySide.median(seen.stream()
                        .mapToDouble(swap -> swap.seen - swap.published)
                        .toArray()),
                1e3 * SteadyLoad.percentile(load.answers(), 1));
        for (double share : new double[] {0.5, 0.99}) {
            String name = share == 0.5 ? "median" : "p99";
            figure(name + " while swapping", during, quiet, share, report);
            figure(name + " of the first " + FIRST_ANSWERS + " answers of a generation", first, quiet, share, report);
        }
        if (load.failures() > 0) {
            load.problems().forEach(problem -> report.note("%.500s", problem));
            throw ImageSearchException.data("%d answers were wrong or failed", load.failures());
        }
    }

    private static void figure(
            String variant, List<Answered> answers, List<Answered> quiet, double share, Report report) {
        report.figure(Figure.of(
                "swap",
                variant,
                "ms",
                1e3 * SteadyLoad.percentile(answers, share),
                "between swaps",
                1e3 * SteadyLoad.percentile(quiet, share)));
    }
}
