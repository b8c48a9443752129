package org.imagesearch.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.imagesearch.benchmarks.HttpQuestions.Question;
import org.imagesearch.benchmarks.ServeState.Quantity;
import org.imagesearch.core.ImageSearchException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * A server under a steady mix of right questions of every kind, malformed requests and clients that leave: what it holds must not
 * grow, and every right question is answered as at the begin.
 */
@Command(
        name = "soak",
        description = "steady mixed load on bin/serve: whether memory, threads and descriptors stay flat")
final class SoakBenchmark implements Benchmark {
    private static final double NOISE_OTHERS = 6;
    private static final int LEAST_SAMPLES = 8;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "20",
            description = "how long, fractions too (default: ${DEFAULT-VALUE})")
    private double minutes;

    @Option(
            names = "--warm-up",
            paramLabel = "MINUTES",
            defaultValue = "5",
            description =
                    "load before the first sample, in which code is compiled and buffers grow (default: ${DEFAULT-VALUE})")
    private double warmUp;

    @Option(
            names = "--noise",
            paramLabel = "MIB",
            defaultValue = "16",
            description = "by which memory may differ from one quarter to another (default: ${DEFAULT-VALUE})")
    private double noise;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "20",
            description = "right questions per second (default: ${DEFAULT-VALUE})")
    private double rate;

    @Option(
            names = "--bad-rate",
            paramLabel = "N",
            defaultValue = "5",
            description = "malformed requests and lost clients per second (default: ${DEFAULT-VALUE})")
    private double badRate;

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "4",
            description = "right questions under way at once, at most (default: ${DEFAULT-VALUE})")
    private int clients;

    @Option(
            names = "--every",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "seconds between two samples (default: ${DEFAULT-VALUE})")
    private int every;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of the malformed requests (default: ${DEFAULT-VALUE})")
    private long seed;

    @Mixin
    private ServeSubject.Choice subject;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        if (!(minutes * 60 >= LEAST_SAMPLES * every)) {
            throw ImageSearchException.input(
                    "--minutes is %s, expected at least %d samples, one every %d s", minutes, LEAST_SAMPLES, every);
        }
        if (!(warmUp >= 0 && noise >= 0)) {
            throw ImageSearchException.input("--warm-up is %s and --noise %s, expected 0 or more", warmUp, noise);
        }
        Sizes.requireRange("--every", every, 1, 3600);
        Sizes.requireRange("--clients", clients, 1, 200);
        Sizes.requireRange("--rate", (long) rate, 1, 100_000);
        Sizes.requireRange("--bad-rate", (long) badRate, 1, 100_000);
        try (WorkFolder folder = choice.open()) {
            ServeSubject served = subject.in(folder, report);
            try (ServeProcess server = ServeProcess.start(folder, "serve", served.index(), served.model(), List.of())) {
                soak(server, served, report);
            }
        }
    }

    private void soak(ServeProcess server, ServeSubject served, Report report)
            throws IOException, InterruptedException {
        HttpQuestions client = new HttpQuestions(server.address());
        RightAnswers right = RightAnswers.of(client, served.pictures());
        FuzzPictures damaged = new FuzzPictures(served.pictures());
        int dimension = client.get("/info").json().at("/model/dimension").asInt();
        FuzzRequests malformed = new FuzzRequests(
                seed,
                FuzzBenchmark.paths(client),
                // Nobody's: what is taken down would change the answers.
                "nobody",
                new FuzzJson(dimension, damaged.any(new Random(seed))),
                damaged);
        List<Question> questions = new ArrayList<>(right.questions());
        List<ServeState> states = new ArrayList<>();
        List<Double> times = new ArrayList<>();
        FuzzTally tally = new FuzzTally();
        CountDownLatch stop = new CountDownLatch(1);
        Thread bad = new Thread(() -> sendBad(server, malformed, tally, stop), "bad-client");
        bad.setDaemon(true);
        SteadyLoad load = SteadyLoad.start(
                client,
                questions,
                (question, reply) -> right.isRight(question, reply)
                        ? ""
                        : "is answered otherwise than at the begin, with " + reply.status() + " " + reply.text(),
                clients,
                rate);
        try (load) {
            bad.start();
            TimeUnit.MILLISECONDS.sleep((long) (60_000 * warmUp));
            while (load.seconds() < (warmUp + minutes) * 60) {
                states.add(ServeState.of(server.pid(), server.address()));
                times.add(load.seconds());
                if (states.size() % 6 == 1) {
                    report.note("%.0f s: %s", load.seconds(), states.get(states.size() - 1));
                }
                TimeUnit.SECONDS.sleep(every);
            }
        } finally {
            stop.countDown();
            bad.join();
        }
        report(load, tally, times, states, report);
    }

    private void sendBad(ServeProcess server, FuzzRequests malformed, FuzzTally tally, CountDownLatch stop) {
        try {
            long pauseNanos = (long) (1e9 / badRate);
            for (long number = 0; !stop.await(pauseNanos, TimeUnit.NANOSECONDS); number++) {
                RawRequest request = malformed.request(number);
                long begin = System.nanoTime();
                tally.answered(number, request, request.send(server.address()), SideBySide.secondsSince(begin));
            }
        } catch (IOException e) {
            tally.unreachable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void report(SteadyLoad load, FuzzTally tally, List<Double> times, List<ServeState> states, Report report) {
        report.note(
                "%,d right questions, %d answered wrongly or not, median %.1f ms, p99 %.1f ms; malformed: %s",
                load.answers().size(),
                load.failures(),
                1e3 * SteadyLoad.percentile(load.answers(), 0.5),
                1e3 * SteadyLoad.percentile(load.answers(), 0.99),
                tally);
        List<String> problems = new ArrayList<>(load.problems());
        problems.addAll(tally.findings());
        problems.forEach(problem -> report.note("%.500s", problem));
        List<String> grown = new ArrayList<>();
        trends(times, states).forEach((quantity, trend) -> {
            report.note(
                    "%s: %+.2f %s per hour, last quarter to first x%.3f",
                    quantity.name(), trend.slopePerHour(), quantity.unit(), trend.last() / trend.first());
            report.figure(Figure.of(
                    "soak",
                    quantity.name() + ", last quarter",
                    quantity.unit(),
                    trend.last(),
                    "first quarter",
                    trend.first()));
            if (!trend.isFlat(noiseOf(quantity))) {
                grown.add(String.format(
                        Locale.ROOT, "%s from %.1f to %.1f", quantity.name(), trend.first(), trend.last()));
            }
        });
        if (!grown.isEmpty() || !problems.isEmpty()) {
            throw ImageSearchException.data(
                    "not flat: %s; wrong answers and findings: %d",
                    grown.isEmpty() ? "nothing" : grown, problems.size());
        }
        report.note("flat");
    }

    /** Each client has a connection, but only while two ask at once does it take one of its own. */
    private double noiseOf(Quantity quantity) {
        return switch (quantity.unit()) {
            case "MiB" -> noise;
            case "descriptors" -> NOISE_OTHERS + clients;
            default -> NOISE_OTHERS;
        };
    }

    /** By the quantity as it was at the end. */
    private static Map<Quantity, SoakTrend> trends(List<Double> times, List<ServeState> states) {
        Map<Quantity, SoakTrend> trends = new LinkedHashMap<>();
        List<Quantity> last = states.get(states.size() - 1).quantities();
        for (int quantity = 0; quantity < last.size(); quantity++) {
            List<SoakTrend.Sample> samples = new ArrayList<>();
            for (int i = 0; i < states.size(); i++) {
                double value = states.get(i).quantities().get(quantity).value();
                samples.add(new SoakTrend.Sample(times.get(i), value));
            }
            trends.put(last.get(quantity), SoakTrend.of(samples));
        }
        return trends;
    }
}
