package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.imagesearch.benchmarks.LoadClient.Outcome;
import org.imagesearch.benchmarks.ServeState.Quantity;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/** The cases of {@link ServeBenchmark}, for one nprobe. */
final class ServeCases {
    private static final String BENCH = "serve";
    private static final String CPU = "queries/s of processor time";
    private static final String LESS = " (less is better)";

    /** Scores are compared as what a float keeps of them. */
    private static final double TOLERANCE = 1e-5;

    /** What the kernel counts a process's time in, whatever the machine. */
    private static final double TICKS_PER_SECOND = 100;

    private static final int COMPARED = 50;
    private static final double BUSY = 0.7;

    private static final double WARM_UP_SECONDS = 3;
    private static final int WARM_UP_ROUNDS = 25;
    private static final double COMPILER_AT_REST = 0.03;

    /** More than may wait, so that a server can show how it refuses; fewer than a server lets in. */
    private static final int MANY_CONNECTIONS = 1500;

    private final ServeProcess server;
    private final Cores cores;
    private final InProcessSearch inProcess;
    private final float[][] queries;
    private final int nprobe;
    private final int k;
    private final int clients;
    private final double seconds;
    private final int repeats;
    private final long seed;
    private final Report report;
    /** Asks with vectors as arrays of numbers. */
    private final LoadClient client;
    /** Asks with vectors in base64. */
    private final LoadClient packed;

    ServeCases(
            ServeProcess server,
            Cores cores,
            InProcessSearch inProcess,
            float[][] queries,
            int nprobe,
            int k,
            int clients,
            double seconds,
            int repeats,
            long seed,
            Report report) {
        this.server = server;
        this.cores = cores;
        this.inProcess = inProcess;
        this.queries = queries;
        this.nprobe = nprobe;
        this.k = k;
        this.clients = clients;
        this.seconds = seconds;
        this.repeats = repeats;
        this.seed = seed;
        this.report = report;
        this.client = client(ServeCases::numbers);
        this.packed = client(ServeCases::base64);
    }

    private LoadClient client(Function<float[], String> written) {
        List<ByteBuffer> requests = new ArrayList<>();
        for (float[] query : queries) {
            requests.add(request(body(written.apply(query))));
        }
        return new LoadClient(server.address(), requests);
    }

    /** As a client in Python writes it: floats widened to doubles, with all their digits. */
    private static String numbers(float[] query) {
        return IntStream.range(0, query.length)
                .mapToObj(i -> Double.toString(query[i]))
                .collect(Collectors.joining(", ", "[", "]"));
    }

    private static String base64(float[] query) {
        ByteBuffer bytes = ByteBuffer.allocate(query.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(query);
        return '"' + Base64.getEncoder().encodeToString(bytes.array()) + '"';
    }

    private String body(String vector) {
        return "{\"vector\":" + vector + ",\"k\":" + k + ",\"nprobe\":" + nprobe + "}";
    }

    private static ByteBuffer request(String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        byte[] head = ("POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                        + bytes.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocateDirect(head.length + bytes.length)
                .put(head)
                .put(bytes)
                .flip();
    }

    /** @throws ImageSearchException (data) if the two sides find something else, which makes their times worthless */
    void requireSame() throws IOException, InterruptedException {
        HttpClient asking = HttpClient.newHttpClient();
        for (int i = 0; i < Math.min(COMPARED, queries.length); i++) {
            HttpRequest request = HttpRequest.newBuilder(server.address().resolve("/search"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(body(i % 2 == 0 ? numbers(queries[i]) : base64(queries[i]))))
                    .build();
            HttpResponse<byte[]> response = asking.send(request, BodyHandlers.ofByteArray());
            JsonNode hits =
                    Json.read(response.body(), JsonNode.class, "an answer").path("hits");
            List<InProcessSearch.Hit> expected = inProcess.search(queries[i]);
            if (response.statusCode() != 200 || hits.size() != expected.size()) {
                throw ImageSearchException.data(
                        "the server answers %d with %d hits, expected %d",
                        response.statusCode(), hits.size(), expected.size());
            }
            for (int hit = 0; hit < expected.size(); hit++) {
                requireSame(hits.get(hit), expected.get(hit));
            }
        }
    }

    private static void requireSame(JsonNode found, InProcessSearch.Hit expected) {
        boolean same = Math.abs(found.get("score").asDouble() - expected.score()) < TOLERANCE
                && found.get("id").asLong() == expected.id()
                && found.get("uri").asText().equals(expected.row().uri());
        if (!same) {
            throw ImageSearchException.data("the server found %s, in process it is %s", found, expected);
        }
    }

    /** All that it can, and one client alone. */
    void search() throws IOException, InterruptedException {
        int threads = cores.measuredCount();
        List<Double> ours = new ArrayList<>();
        List<Double> oursPacked = new ArrayList<>();
        List<Double> theirs = new ArrayList<>();
        List<Double> ourCpu = new ArrayList<>();
        List<Double> ourCpuPacked = new ArrayList<>();
        List<Double> theirCpu = new ArrayList<>();
        List<Double> ourTime = new ArrayList<>();
        List<Double> theirTime = new ArrayList<>();
        warmUp(threads);
        for (int round = 0; round < repeats; round++) {
            ours.add(closedLoop(client, ourCpu));
            oursPacked.add(closedLoop(packed, ourCpuPacked));
            InProcessSearch.Rate rate = inProcess.rate(queries, threads, seconds);
            theirs.add(rate.perSecond());
            theirCpu.add(rate.perCpuSecond());
            Outcome one = driven(() -> client.closedLoop(1, seconds / 2));
            ourTime.add(one.accepted().millisAt(0.5));
            theirTime.add(inProcess.rate(queries, 1, seconds / 2).latencies().millisAt(0.5));
        }
        figure("closed loop", "queries/s", median(ours), "in process", median(theirs));
        figure("closed loop", CPU, median(ourCpu), "in process", median(theirCpu));
        figure("closed loop, vectors in base64", "queries/s", median(oursPacked), "as arrays", median(ours));
        figure("closed loop, vectors in base64", CPU, median(ourCpuPacked), "in process", median(theirCpu));
        figure("one client, p50", "ms" + LESS, median(ourTime), "in process", median(theirTime));
    }

    /**
     * Returns what was answered per second.
     *
     * @param cpu gets what was answered per second of the server's processor time
     */
    private double closedLoop(LoadClient asking, List<Double> cpu) throws IOException, InterruptedException {
        double before = cpuSeconds();
        Outcome all = driven(() -> asking.closedLoop(clients, seconds));
        cpu.add(all.accepted().count() / (cpuSeconds() - before));
        tell("closed loop, " + clients + " clients", all);
        return all.acceptedPerSecond();
    }

    /** Asks until the server's compiler, which has the same processors, takes hardly any of their time. */
    private void warmUp(int threads) throws IOException, InterruptedException {
        double share = 1;
        for (int round = 0; round < WARM_UP_ROUNDS && share > COMPILER_AT_REST; round++) {
            double before = ServeState.compilerSeconds(server.address());
            driven(() -> client.closedLoop(clients, WARM_UP_SECONDS));
            share = (ServeState.compilerSeconds(server.address()) - before) / WARM_UP_SECONDS;
        }
        report.note("nprobe %d, warmed up: its compiler takes %.0f%% of a processor", nprobe, 100 * share);
        inProcess.rate(queries, threads, seconds);
    }

    /** Random arrivals that leave it some rest, then many times more than it can do. */
    void overload(double times) throws IOException, InterruptedException {
        warmUp(cores.measuredCount());
        double most = driven(() -> client.closedLoop(clients, seconds)).acceptedPerSecond();
        List<Double> p50 = new ArrayList<>();
        List<Double> p99 = new ArrayList<>();
        for (int round = 0; round < repeats; round++) {
            long arrivals = seed + round;
            Outcome busy = driven(() -> client.openLoop(BUSY * most, MANY_CONNECTIONS, seconds, arrivals));
            p50.add(busy.accepted().millisAt(0.5));
            p99.add(busy.accepted().millisAt(0.99));
            tell("seven tenths", busy);
        }
        figure("open loop at 0.7, p99", "ms" + LESS, median(p99), "its p50", median(p50));

        ServeState before = ServeState.of(server.pid(), server.address());
        Outcome flood = driven(() -> client.openLoop(times * most, MANY_CONNECTIONS, repeats * seconds, seed));
        tell("overload", flood);
        String name = "overload x" + Math.round(times);
        figure(name + ", answered", "queries/s", flood.acceptedPerSecond(), "closed loop", most);
        figure(name + ", p50 of answered", "ms" + LESS, flood.accepted().millisAt(0.5), "at 0.7", median(p50));
        figure(name + ", p99 of answered", "ms" + LESS, flood.accepted().millisAt(0.99), "at 0.7", median(p99));
        if (flood.refused().count() > 0) {
            figure(name + ", p99 of refused", "ms" + LESS, flood.refused().millisAt(0.99), "p99 at 0.7", median(p99));
        }
        List<Quantity> held = before.quantities();
        List<Quantity> after = ServeState.of(server.pid(), server.address()).quantities();
        for (int i = 0; i < held.size(); i++) {
            Quantity then = after.get(i);
            figure(
                    name + ", " + then.name(),
                    then.unit() + LESS,
                    then.value(),
                    "before",
                    held.get(i).value());
        }
    }

    /** Processor time of all the server's threads so far, the system's work for it included. */
    private double cpuSeconds() throws IOException {
        // The name of the program, in brackets, may have spaces; behind it, fields are numbered from 3.
        String stat = Files.readString(Path.of("/proc/" + server.pid() + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[14 - 3]) + Long.parseLong(fields[15 - 3])) / TICKS_PER_SECOND;
    }

    private interface Drive {
        Outcome run() throws IOException;
    }

    private Outcome driven(Drive drive) throws IOException, InterruptedException {
        Outcome[] outcome = new Outcome[1];
        Throwable[] failure = new Throwable[1];
        Thread thread = new Thread(
                () -> {
                    try {
                        Cores.bindThisThread(cores.driver());
                        outcome[0] = drive.run();
                    } catch (IOException | InterruptedException | RuntimeException e) {
                        failure[0] = e;
                    }
                },
                "load-client");
        thread.start();
        thread.join();
        if (failure[0] instanceof ImageSearchException known) {
            throw known;
        } else if (failure[0] != null) {
            throw new IOException("the client failed: " + failure[0], failure[0]);
        }
        return outcome[0];
    }

    private void tell(String what, Outcome outcome) {
        report.note(
                "nprobe %d, %s: %,.0f answered/s in %.2f / %.2f ms (p50 / p99), %,d refused in %.2f / %.2f ms, %d broken,"
                        + " %d at once, client %.2f processors",
                nprobe,
                what,
                outcome.acceptedPerSecond(),
                outcome.accepted().millisAt(0.5),
                outcome.accepted().millisAt(0.99),
                outcome.refused().count(),
                outcome.refused().millisAt(0.5),
                outcome.refused().millisAt(0.99),
                outcome.broken(),
                outcome.mostAtOnce(),
                outcome.cpuShare());
    }

    private void figure(String variant, String unit, double ours, String other, double theirs) {
        report.figure(Figure.of(BENCH, "nprobe=" + nprobe + ", " + variant, unit, ours, other, theirs));
    }

    private static double median(List<Double> rounds) {
        return SideBySide.median(
                rounds.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
