package org.imagesearch.server.nodes;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.nodes.Message.Refused;
import org.imagesearch.server.nodes.Nodes.Replica;
import org.imagesearch.server.query.Deadline;

/**
 * Asks every shard for something and gathers the answers as they arrive, on the calling thread.
 *
 * <p>Each shard is asked of one of the nodes that have it, the one with least to do. If that refuses or is lost, another one is asked
 * at once; if it is later than 95 of a hundred answers are, another one is asked as well, and whichever answers first counts. Where
 * some answers will do, shards are not waited for any longer than five times as long as half of them took.
 *
 * @param <A> what a shard answers
 */
final class Gathering<A> {
    private static final int PATIENCE_FACTOR = 5;

    private final Nodes nodes;
    private final RecentLatencies latencies;
    private final Map<Integer, List<Replica>> replicas;
    private final Question<A> question;
    private final Deadline deadline;
    private final boolean patient;
    private final long beginNanos = System.nanoTime();

    private final Map<Integer, Attempts> open = new TreeMap<>();
    private final Map<Integer, A> answers = new HashMap<>();
    private final Map<Integer, String> problems = new HashMap<>();
    private final Map<Long, Asked> underWay = new HashMap<>();

    /** As many as there are questions: one per node and attempt. */
    private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();

    private long giveUpNanos = Long.MAX_VALUE;
    private long askedLastNanos = beginNanos;

    /** What shards are asked. */
    interface Question<A> {
        /** @param shards on one node */
        Message of(long number, List<Integer> shards, long micros);

        /** What came back: an answer or a problem for each shard. */
        Map<Integer, Answered<A>> read(Message message, List<Integer> shards) throws GarbledException;

        /** How much it asks for, to compare with what others took. */
        int size();

        /** Whether nothing else needs to be waited for once this is there. */
        default boolean isEnough(A answer) {
            return false;
        }
    }

    /** @param problem null if there is an answer */
    record Answered<A>(A answer, String problem) {}

    /** @param problems why shards have none, by number */
    record Gathered<A>(Map<Integer, A> answers, Map<Integer, String> problems) {}

    private record Asked(Node node, List<Integer> shards, long nanos) {}

    private record Reply(long number, Message message) {}

    private static final class Attempts {
        private final Set<Node> tried = new HashSet<>();
        private int waiting;
    }

    /**
     * @param replicas who has which shard
     * @param patient whether to wait until the deadline for whatever is late
     */
    Gathering(
            Nodes nodes,
            RecentLatencies latencies,
            Map<Integer, List<Replica>> replicas,
            Question<A> question,
            boolean patient,
            Deadline deadline) {
        this.nodes = nodes;
        this.latencies = latencies;
        this.replicas = replicas;
        this.question = question;
        this.patient = patient;
        this.deadline = deadline;
    }

    /** Asks shards and returns what each of them answered in time, or why it did not. */
    Gathered<A> of(List<Integer> shards) {
        shards.forEach(shard -> open.put(shard, new Attempts()));
        ask(new TreeSet<>(shards), ShardHits.UNREACHABLE);
        boolean hedged = false;
        long hedgeNanos = hedgeNanos();
        while (!open.isEmpty()) {
            long now = System.nanoTime();
            if (!hedged && now >= Math.min(hedgeNanos, giveUpNanos)) {
                hedged = true;
                if (hedge()) {
                    // Whoever was asked just now gets as long as the first one had.
                    giveUpNanos = giveUpNanos == Long.MAX_VALUE ? giveUpNanos : now + (giveUpNanos - beginNanos);
                    askedLastNanos = now;
                }
            }
            if (deadline.hasPassed() || now >= giveUpNanos) {
                String problem = deadline.hasPassed() ? ShardHits.DEADLINE : ShardHits.SLOW;
                open.keySet().forEach(shard -> problems.put(shard, problem));
                break;
            }
            long until = Math.min(giveUpNanos, hedged ? Long.MAX_VALUE : hedgeNanos);
            Reply reply = poll(Math.min(deadline.remainingNanos(), Math.max(0, until - now)));
            if (reply != null && take(reply)) {
                break;
            }
        }
        underWay.forEach((number, asked) -> asked.node().cancel(number));
        return new Gathered<>(answers, problems);
    }

    private long hedgeNanos() {
        OptionalLong usual = latencies.p95(question.size());
        return beginNanos
                + (usual.isPresent()
                        ? usual.getAsLong()
                        : nodes.settings().hedge().toNanos());
    }

    /** Asks each shard of a node that was not tried yet, as few nodes as is simple; a shard without one has this problem. */
    private void ask(Set<Integer> shards, String problem) {
        Map<Node, List<Integer>> byNode = new LinkedHashMap<>();
        for (int shard : shards) {
            Node node = untried(shard, byNode.keySet());
            if (node != null) {
                byNode.computeIfAbsent(node, added -> new ArrayList<>()).add(shard);
                continue;
            }
            Attempts attempts = open.get(shard);
            if (attempts.waiting == 0) {
                open.remove(shard);
                problems.put(shard, problem);
            }
        }
        byNode.forEach(this::ask);
    }

    private void ask(Node node, List<Integer> shards) {
        for (int shard : shards) {
            Attempts attempts = open.get(shard);
            attempts.tried.add(node);
            attempts.waiting++;
        }
        long micros = TimeUnit.NANOSECONDS.toMicros(deadline.remainingNanos());
        long number = node.ask(
                given -> question.of(given, shards, Math.min(micros, Messages.LONGEST_MICROS)),
                message -> replies.add(new Reply(message.number(), message)));
        underWay.put(number, new Asked(node, shards, System.nanoTime()));
    }

    private Node untried(int shard, Set<Node> chosen) {
        Set<Node> tried = open.get(shard).tried;
        List<Node> left = replicas.getOrDefault(shard, List.of()).stream()
                .map(Replica::node)
                .filter(node -> node.isConnected() && !tried.contains(node))
                .toList();
        for (Node node : left) {
            if (chosen.contains(node)) {
                return node;
            }
        }
        Node best = null;
        int least = Integer.MAX_VALUE;
        int from = left.isEmpty() ? 0 : ThreadLocalRandom.current().nextInt(left.size());
        for (int i = 0; i < left.size(); i++) {
            Node node = left.get((from + i) % left.size());
            int outstanding = node.outstanding();
            if (outstanding < least) {
                least = outstanding;
                best = node;
            }
        }
        return best;
    }

    /** Asks others what is late, and goes on waiting for those who are. Returns whether there are others. */
    private boolean hedge() {
        Set<Integer> late = open.keySet().stream()
                .filter(shard -> untried(shard, Set.of()) != null)
                .collect(Collectors.toCollection(TreeSet::new));
        if (!late.isEmpty()) {
            nodes.countHedge();
            ask(late, ShardHits.UNREACHABLE);
        }
        return !late.isEmpty();
    }

    private Reply poll(long nanos) {
        try {
            return replies.poll(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            open.keySet().forEach(shard -> problems.put(shard, ShardHits.FAILED));
            open.clear();
            return null;
        }
    }

    /** @return whether nothing else is needed */
    private boolean take(Reply reply) {
        Asked asked = underWay.remove(reply.number());
        asked.shards().stream().filter(open::containsKey).forEach(shard -> open.get(shard).waiting--);
        if (reply.message() instanceof Refused refused) {
            retry(asked.shards(), refused.problem());
            return false;
        }
        Map<Integer, Answered<A>> byShard;
        try {
            byShard = question.read(reply.message(), asked.shards());
        } catch (GarbledException e) {
            asked.node().close();
            retry(asked.shards(), ShardHits.FAILED);
            return false;
        }
        latencies.add(question.size(), System.nanoTime() - asked.nanos());
        boolean enough = false;
        for (int shard : asked.shards()) {
            Answered<A> answered = byShard.get(shard);
            if (answered.problem() != null) {
                retry(List.of(shard), answered.problem());
            } else if (open.remove(shard) != null) {
                answers.put(shard, answered.answer());
                enough |= question.isEnough(answered.answer());
            }
        }
        waitNoLongerThanOthersTook();
        return enough;
    }

    private void retry(List<Integer> shards, String problem) {
        Set<Integer> left = shards.stream().filter(open::containsKey).collect(Collectors.toCollection(TreeSet::new));
        if (!left.isEmpty()) {
            ask(left, problem);
        }
    }

    private void waitNoLongerThanOthersTook() {
        int total = answers.size() + open.size() + problems.size();
        if (patient || giveUpNanos < Long.MAX_VALUE || answers.size() * 2 < total) {
            return;
        }
        long now = System.nanoTime();
        long patience = nodes.settings().patience().toNanos();
        giveUpNanos = askedLastNanos + Math.max(patience, PATIENCE_FACTOR * (now - beginNanos));
    }
}
