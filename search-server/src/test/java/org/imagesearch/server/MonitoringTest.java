package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.server.tls.Certificates;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What the dashboard and the alerts of {@code conf} ask Prometheus for, beside what servers tell. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MonitoringTest {
    private static final Path DASHBOARD = Path.of("../conf/grafana-dashboard.json");
    private static final Path ALERTS = Path.of("../conf/alerts.yml");
    private static final Pattern METRIC = Pattern.compile("\\b(?:imagesearch|jvm|process)_[a-z0-9_]+");
    private static final Pattern SELECTOR = Pattern.compile("\\b((?:imagesearch|jvm|process)_[a-z0-9_]+)\\{([^}]*)}");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)\\s*(?:=~|!~|!=|=)\\s*\"");
    private static final Pattern GROUPING = Pattern.compile("\\b(?:by|on|group_left)\\s*\\(([a-z_, ]*)\\)");

    /** Prometheus' own, and those that only a scrape gives. */
    private static final Set<String> LABELS_OF_A_SCRAPE = Set.of("instance", "job", "le");

    /** The labels that each metric has, by its name. */
    private final Map<String, Set<String>> told = new TreeMap<>();

    /** A server to which everything happened, and a broker that misses shards. */
    @BeforeAll
    void scrapeServers(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 93, 200, 3);
        Certificates certificates = Certificates.make(folder, "server", "EC");
        try (SearchServer alone = TestServers.start(
                        folder, Map.of("search.live-recall.share", "1", "search.live-recall.budget", "1"));
                SearchServer node = TestServers.start(folder, Map.of("index.shards", "0-1"));
                SearchServer broker = TestServers.start(
                        folder,
                        Map.of("nodes.addresses", "localhost:" + node.address().getPort()));
                SearchServer encrypted = TestServers.start(
                        folder,
                        Map.of(
                                "http.tls.certificate",
                                certificates.store().toString(),
                                "http.tls.password",
                                Certificates.PASSWORD))) {
            Visitor visitor = new Visitor(alone.address());
            visitor.get("/search?text=red+car&nprobe=2");
            TestServers.await(
                    "a recall is measured",
                    () -> visitor.metric("imagesearch_live_recall_queries_total{queries=\"words\"}") == 1);
            read(visitor.get("/metrics").text());

            Visitor asked = new Visitor(broker.address());
            assertThat(asked.get("/search?text=red+car").json().at("/shards/degraded"))
                    .hasSize(1);
            read(asked.get("/metrics").text());
            read(Visitor.over(certificates.client(), encrypted.address())
                    .get("/metrics")
                    .text());
        }
    }

    private void read(String metrics) {
        Matcher sample = Pattern.compile("(?m)^([a-z_]+)(?:\\{(.*)})? \\S+$").matcher(metrics);
        while (sample.find()) {
            Set<String> labels = told.computeIfAbsent(sample.group(1), name -> new TreeSet<>());
            Matcher label = LABEL.matcher(sample.group(2) == null ? "" : sample.group(2));
            while (label.find()) {
                labels.add(label.group(1));
            }
        }
    }

    @Test
    void everythingThatTheDashboardShowsIsTold() throws IOException {
        List<String> expressions = new ArrayList<>();
        collectExpressions(new ObjectMapper().readTree(DASHBOARD.toFile()), expressions);

        assertThat(expressions).hasSizeGreaterThan(30);
        assertThatAreTold(expressions);
    }

    @Test
    void everythingThatTheAlertsWatchIsTold() throws IOException {
        List<String> expressions = expressionsOf(Files.readAllLines(ALERTS));

        assertThat(expressions).hasSizeGreaterThan(10);
        assertThatAreTold(expressions);
    }

    @Test
    void whenTheGenerationWasWrittenIsToldInSeconds(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 94, 20, 1);
        try (SearchServer server = TestServers.start(folder, Map.of())) {
            Visitor visitor = new Visitor(server.address());
            double created = visitor.metric("imagesearch_index_created_seconds");

            assertThat(created).isBetween(1.7e9, System.currentTimeMillis() / 1e3 + 1);
            assertThat(visitor.metric("imagesearch_shards")).isEqualTo(1);
        }
    }

    private void assertThatAreTold(List<String> expressions) {
        Set<String> labels = new TreeSet<>(LABELS_OF_A_SCRAPE);
        told.values().forEach(labels::addAll);
        for (String expression : expressions) {
            METRIC.matcher(expression).results().map(found -> found.group()).forEach(name -> assertThat(told)
                    .as(expression)
                    .containsKey(name));
            SELECTOR.matcher(expression).results().forEach(selector -> {
                Set<String> known = new TreeSet<>(LABELS_OF_A_SCRAPE);
                known.addAll(told.get(selector.group(1)));
                assertThat(known).as(selector.group()).containsAll(labelsOf(selector.group(2)));
            });
            GROUPING.matcher(expression).results().forEach(grouping -> assertThat(labels)
                    .as(expression)
                    .containsAll(List.of(
                            grouping.group(1).isBlank()
                                    ? new String[0]
                                    : grouping.group(1).trim().split("\\s*,\\s*"))));
        }
    }

    private static List<String> labelsOf(String selector) {
        return LABEL.matcher(selector).results().map(label -> label.group(1)).toList();
    }

    private static void collectExpressions(JsonNode node, List<String> into) {
        if (node.path("expr").isTextual()) {
            into.add(node.path("expr").asText());
        }
        node.forEach(child -> collectExpressions(child, into));
    }

    /** The expressions of rules, on the line of {@code expr:} or indented deeper under it. */
    private static List<String> expressionsOf(List<String> lines) {
        List<String> expressions = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).strip().startsWith("expr:")) {
                StringBuilder expression =
                        new StringBuilder(lines.get(i).strip().substring("expr:".length()));
                int indent = lines.get(i).indexOf("expr:");
                while (i + 1 < lines.size() && lines.get(i + 1).startsWith(" ".repeat(indent + 1))) {
                    i++;
                    expression.append(' ').append(lines.get(i).strip());
                }
                expressions.add(expression.toString());
            }
        }
        return expressions;
    }
}
