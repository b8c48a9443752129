package org.imagesearch.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.imagesearch.benchmarks.HttpQuestions.Question;
import org.imagesearch.benchmarks.HttpQuestions.Reply;
import org.imagesearch.benchmarks.RawRequest.Answer;
import org.imagesearch.benchmarks.RawRequest.End;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.Takedowns;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Requests and pictures that are wrong in every way, to a real server: none may fail it, hang, or change what it answers to right
 * questions, and it must hold no more afterwards than before.
 */
@Command(
        name = "fuzz",
        description = "malformed requests and damaged pictures to bin/serve: what fails, hangs or stays behind")
final class FuzzBenchmark implements Benchmark {
    private static final String TOKEN = "of-the-fuzz-benchmark";
    private static final int AFTER_SECONDS = 15;
    private static final int RESTORED_AT_ONCE = 50_000;

    /** Waits that a request can cause are short, so that a hang can be told from them. */
    private static final List<String> SETTINGS =
            List.of("http.body-timeout = 2 s", "http.idle-timeout = 3 s", "admin.token = \"" + TOKEN + "\"");

    @Option(
            names = "--requests",
            paramLabel = "N",
            defaultValue = "100000",
            description = "malformed requests (default: ${DEFAULT-VALUE})")
    private int requests;

    @Option(
            names = "--pictures",
            paramLabel = "N",
            defaultValue = "10000",
            description = "damaged pictures (default: ${DEFAULT-VALUE})")
    private int pictures;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "another seed, other requests (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(
            names = "--from",
            paramLabel = "N",
            defaultValue = "0",
            description = "number of the first, to repeat a finding (default: ${DEFAULT-VALUE})")
    private long from;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "8",
            description = "requests under way at once (default: ${DEFAULT-VALUE})")
    private int connections;

    @Mixin
    private ServeSubject.Choice subject;

    @Mixin
    private WorkFolder.Choice choice;

    /** Makes the request of a number. */
    private interface Requests {
        RawRequest request(long number);
    }

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        Sizes.requireRange("--requests", requests, 0, 100_000_000);
        Sizes.requireRange("--pictures", pictures, 0, 100_000_000);
        Sizes.requireRange("--connections", connections, 1, 200);
        try (WorkFolder folder = choice.open()) {
            ServeSubject served = subject.in(folder, report);
            try (ServeProcess server = ServeProcess.start(folder, "serve", served.index(), served.model(), SETTINGS)) {
                HttpQuestions questions = new HttpQuestions(server.address());
                RightAnswers right = RightAnswers.of(questions, served.pictures());
                FuzzPictures damaged = new FuzzPictures(served.pictures());
                int dimension =
                        questions.get("/info").json().at("/model/dimension").asInt();
                FuzzJson json = new FuzzJson(dimension, damaged.any(new Random(seed)));
                FuzzRequests malformed = new FuzzRequests(seed, paths(questions), TOKEN, json, damaged);
                FuzzRequests others = new FuzzRequests(seed + 1, paths(questions), TOKEN, json, damaged);
                Check check = new Check(server, served, questions, right, report);
                check.run("requests", requests, malformed::request, others::request);
                check.run(
                        "pictures",
                        pictures,
                        number -> ofPicture(damaged, seed, number),
                        number -> ofPicture(damaged, seed + 1, number));
            }
        }
    }

    /** Of the endpoints that the server tells, and some that have no documentation. */
    static List<String> paths(HttpQuestions server) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>(
                List.of("/", "/app.js", "/search", "/knn-service", "/metadata", "/nothing", "//search"));
        JsonNode documented = server.get("/openapi.json").json().path("paths");
        documented.fieldNames().forEachRemaining(paths::add);
        return paths;
    }

    private static RawRequest ofPicture(FuzzPictures damaged, long seed, long number) {
        Random random = new Random(new Noise(seed, 1, number).nextBits());
        byte[] picture = damaged.mutated(random);
        if (random.nextInt(10) == 0) {
            String image = Base64.getEncoder().encodeToString(picture);
            return post(
                    random.nextBoolean() ? "/search" : "/knn-service",
                    "application/json",
                    ("{\"image\":\"" + image + "\"}").getBytes(US_ASCII));
        }
        return post("/search?k=3", random.nextBoolean() ? "image/jpeg" : "image/png", picture);
    }

    private static RawRequest post(String path, String type, byte[] body) {
        byte[] head = ("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: " + type
                        + "\r\nContent-Length: " + body.length + "\r\n\r\n")
                .getBytes(US_ASCII);
        return new RawRequest(FuzzBytes.spliced(head, head.length, head.length, body, 0, body.length), End.HALF_CLOSED);
    }

    /** One kind of fuzz against a server, and what is looked at before and after. */
    private final class Check {
        private final ServeProcess server;
        private final ServeSubject served;
        private final HttpQuestions questions;
        private final RightAnswers right;
        private final Report report;

        Check(ServeProcess server, ServeSubject served, HttpQuestions questions, RightAnswers right, Report report) {
            this.server = server;
            this.served = served;
            this.questions = questions;
            this.right = right;
            this.report = report;
        }

        /** @throws ImageSearchException (data) if a request got what it may not, or something stayed behind */
        void run(String what, int count, Requests fuzz, Requests warmUp) throws IOException, InterruptedException {
            if (count == 0) {
                return;
            }
            report.note("%,d %s of seed %d", count, what, seed);
            // What is only loaded once, at the first request of its kind, is no leak.
            send(0, Math.max(1, count / 10), warmUp, new FuzzTally());
            ServeState before = settled();
            FuzzTally tally = new FuzzTally();
            long begin = System.nanoTime();
            send(from, count, fuzz, tally);
            double seconds = SideBySide.secondsSince(begin);
            report.note("%,d %s in %.0f s: %s", count, what, seconds, tally);
            tally.findings().forEach(finding -> report.note("%s", finding));
            if (!server.isAlive()) {
                throw ImageSearchException.data("the server ended");
            }
            if (!tally.findings().isEmpty()) {
                throw ImageSearchException.data(
                        "%d or more %s of seed %d got what they may not",
                        tally.findings().size(), what, seed);
            }
            requireNoErrorsLogged(what);
            restoreTakenDown();
            right.requireSame(questions);
            ServeState after = settled();
            report.note("before: %s", before);
            report.note("after: %s", after);
            HeldBack.report("fuzz", String.format("%,d %s", count, what), before, after, report);
        }

        /** What is a client's fault is no error of the server's, whatever the client was told. */
        private void requireNoErrorsLogged(String what) throws IOException {
            List<String> errors = server.log()
                    .lines()
                    .filter(line -> line.contains(" ERROR "))
                    .toList();
            if (!errors.isEmpty()) {
                throw ImageSearchException.data(
                        "%d of %s of seed %d made the server log an error: %s",
                        errors.size(), what, seed, errors.get(0));
            }
        }

        /** When it has nothing left to do and connections that were left have timed out. */
        private ServeState settled() throws IOException, InterruptedException {
            long begin = System.nanoTime();
            ServeState state = ServeState.of(server.pid(), server.address());
            while (SideBySide.secondsSince(begin) < AFTER_SECONDS) {
                TimeUnit.SECONDS.sleep(2);
                ServeState next = ServeState.of(server.pid(), server.address());
                boolean same = next.descriptors() >= state.descriptors() && next.threads() >= state.threads();
                state = next;
                if (same && SideBySide.secondsSince(begin) > 5) {
                    break;
                }
            }
            return state;
        }

        /** Some requests knew the token. */
        private void restoreTakenDown() throws IOException, InterruptedException {
            long[] down = Takedowns.read(served.index());
            for (int i = 0; i < down.length; i += RESTORED_AT_ONCE) {
                long[] some = Arrays.copyOfRange(down, i, Math.min(down.length, i + RESTORED_AT_ONCE));
                String ids = Arrays.toString(LongStream.of(some).toArray());
                Reply reply = questions.ask(
                        Question.json("/admin/restore", "{\"ids\":" + ids + "}").withToken(TOKEN));
                if (reply.status() != 200) {
                    throw ImageSearchException.data("cannot give back what was taken down: %s", reply.text());
                }
            }
        }

        private void send(long first, int count, Requests fuzz, FuzzTally tally) throws InterruptedException {
            AtomicLong next = new AtomicLong(first);
            long end = first + count;
            ExecutorService clients = Executors.newFixedThreadPool(connections);
            try {
                List<Future<?>> all = new ArrayList<>();
                for (int client = 0; client < connections; client++) {
                    all.add(clients.submit(() -> {
                        for (long number = next.getAndIncrement(); number < end; number = next.getAndIncrement()) {
                            send(number, fuzz.request(number), tally);
                        }
                        return null;
                    }));
                }
                for (Future<?> client : all) {
                    client.get();
                }
            } catch (ExecutionException e) {
                throw new ImageSearchException(ErrorCode.DATA, "the server cannot be reached: " + e.getCause(), e);
            } finally {
                clients.shutdownNow();
            }
        }

        private void send(long number, RawRequest request, FuzzTally tally) throws IOException {
            long begin = System.nanoTime();
            Answer answer = request.send(server.address());
            tally.answered(number, request, answer, SideBySide.secondsSince(begin));
        }
    }
}
