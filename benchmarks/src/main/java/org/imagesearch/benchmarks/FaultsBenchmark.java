package org.imagesearch.benchmarks;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.imagesearch.benchmarks.HttpQuestions.Question;
import org.imagesearch.benchmarks.NodeCluster.Node;
import org.imagesearch.benchmarks.SteadyLoad.Answered;
import org.imagesearch.core.ImageSearchException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * A shard node in trouble under steady queries: killed, paused, slowed, cut off, answering garbage. With a second node of the same
 * shards every answer must be whole; without one, answers must be right for what is left and name what is missing.
 */
@Command(name = "faults", description = "shard nodes killed, paused, slowed, cut off and garbled under steady queries")
final class FaultsBenchmark implements Benchmark {
    private static final List<String> REPLICATED = List.of("0-1", "0-1", "2-3", "2-3");
    private static final List<String> SINGLE = List.of("0-1", "2-3");
    private static final Set<Integer> OF_LAST_NODE = Set.of(2, 3);
    private static final Duration DELAY = Duration.ofMillis(300);

    /** Time in which a node that is well again must be asked again. */
    private static final double RECOVERY_SECONDS = 10;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "40",
            description = "questions per second (default: ${DEFAULT-VALUE})")
    private double rate;

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "8",
            description = "questions under way at once, at most (default: ${DEFAULT-VALUE})")
    private int clients;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "8",
            description = "seconds in peace, and as many in trouble (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--trouble",
            paramLabel = "NAME",
            description = "killed, paused, slowed, cut-off, unanswered or garbled (default: one after the other)")
    private String only;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of the garbage (default: ${DEFAULT-VALUE})")
    private long seed;

    @Mixin
    private ServeSubject.Choice subject;

    @Mixin
    private WorkFolder.Choice choice;

    /** What happens to a node. */
    private enum Trouble {
        KILLED {
            @Override
            void begin(Node node) throws InterruptedException {
                node.process().kill();
            }

            @Override
            void end(Node node) throws IOException, InterruptedException {
                node.startAgain();
            }
        },
        PAUSED {
            @Override
            void begin(Node node) throws IOException, InterruptedException {
                node.process().signal("STOP");
            }

            @Override
            void end(Node node) throws IOException, InterruptedException {
                node.process().signal("CONT");
            }
        },
        SLOWED {
            @Override
            void begin(Node node) {
                node.way().slow(DELAY);
            }
        },
        CUT_OFF {
            @Override
            void begin(Node node) {
                node.way().cut();
            }
        },
        UNANSWERED {
            @Override
            void begin(Node node) {
                node.way().pause();
            }
        },
        GARBLED {
            @Override
            void begin(Node node) {
                node.way().garble();
            }
        };

        abstract void begin(Node node) throws IOException, InterruptedException;

        /** What is wrong with the network ends by itself; a process needs help. */
        void end(Node node) throws IOException, InterruptedException {
            node.way().pass();
        }

        String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        Sizes.requireRange("--clients", clients, 1, 200);
        troubles();
        Sizes.requireRange("--seconds", seconds, 2, 3600);
        Sizes.requireRange("--rate", (long) rate, 1, 10_000);
        try (WorkFolder folder = choice.open()) {
            ServeSubject served = subject.in(folder, report);
            inTrouble(folder, served, REPLICATED, "with replicas", Set.of(), report);
            inTrouble(folder, served, SINGLE, "without replicas", OF_LAST_NODE, report);
        }
    }

    private List<Trouble> troubles() {
        List<Trouble> chosen = Stream.of(Trouble.values())
                .filter(trouble -> only == null || trouble.text().equals(only))
                .toList();
        if (chosen.isEmpty()) {
            throw ImageSearchException.input(
                    "--trouble is '%s', expected one of %s",
                    only, Stream.of(Trouble.values()).map(Trouble::text).toList());
        }
        return chosen;
    }

    private void inTrouble(
            WorkFolder folder,
            ServeSubject served,
            List<String> shards,
            String variant,
            Set<Integer> mayLack,
            Report report)
            throws IOException, InterruptedException {
        try (NodeCluster cluster = NodeCluster.start(folder, served, shards, seed)) {
            HttpQuestions broker = new HttpQuestions(cluster.broker().address());
            HttpQuestions rest = new HttpQuestions(cluster.node(0).process().address());
            RightAnswers whole = RightAnswers.to(broker, questions(broker, served));
            Node last = cluster.node(shards.size() - 1);
            int failures = 0;
            for (Trouble trouble : troubles()) {
                PartialAnswers check = new PartialAnswers(whole, rest, mayLack);
                failures += inTrouble(broker, check, trouble, last, variant, report);
            }
            if (failures > 0) {
                throw ImageSearchException.data("%d answers %s were wrong or failed", failures, variant);
            }
        }
    }

    /** Words, pictures and vectors: of an id nobody knows which shard has it, so that without all of them there is no answer. */
    private static List<Question> questions(HttpQuestions client, ServeSubject served)
            throws IOException, InterruptedException {
        return RightAnswers.of(client, served.pictures()).questions().stream()
                .filter(question -> question.path().startsWith("/search")
                        && !question.path().contains("id="))
                .toList();
    }

    private int inTrouble(
            HttpQuestions broker, PartialAnswers check, Trouble trouble, Node node, String variant, Report report)
            throws IOException, InterruptedException {
        String name = trouble.text() + ", " + variant;
        try (SteadyLoad load = SteadyLoad.start(broker, check.questions(), check, clients, rate)) {
            TimeUnit.SECONDS.sleep(seconds);
            double begin = load.seconds();
            trouble.begin(node);
            TimeUnit.SECONDS.sleep(seconds);
            double end = load.seconds();
            trouble.end(node);
            long endedNanos = System.nanoTime();
            TimeUnit.SECONDS.sleep((long) RECOVERY_SECONDS);
            load.close();
            double whole = check.secondsUntilWhole(endedNanos);
            report.note(
                    "%s: %,d answers, %d wrong or failed, %d partial; whole again after %.1f s",
                    name, load.answers().size(), load.failures(), check.partial(), whole);
            load.problems().forEach(problem -> report.note("%.400s", problem));
            figures(name, between(load, 0, begin), between(load, begin, end), report);
            if (whole > RECOVERY_SECONDS - 1) {
                throw ImageSearchException.data("%s: answers are not whole again", name);
            }
            return load.failures();
        }
    }

    private static List<Answered> between(SteadyLoad load, double begin, double end) {
        List<Answered> some = new ArrayList<>();
        for (Answered answer : load.answers()) {
            if (answer.atSecond() >= begin && answer.atSecond() < end) {
                some.add(answer);
            }
        }
        return some;
    }

    private static void figures(String name, List<Answered> quiet, List<Answered> trouble, Report report) {
        for (double share : new double[] {0.5, 0.99}) {
            report.figure(Figure.of(
                    "faults",
                    name + (share == 0.5 ? ", median" : ", p99"),
                    "ms",
                    1e3 * SteadyLoad.percentile(trouble, share),
                    "before",
                    1e3 * SteadyLoad.percentile(quiet, share)));
        }
    }
}
