package org.imagesearch.systemtests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/query} over a dataset and {@code bin/serve} over an index of it: the same query has the same hits. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QueryIT {
    private static final int PICTURES = 400;
    private static final int K = 12;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private Path folder;
    private DemoIndex demo;
    private RunningServer server;
    private int asked;

    @BeforeAll
    void embedMergeAndServe(@TempDir Path given) throws SQLException {
        folder = given;
        demo = new DemoIndex(
                folder.resolve("pictures"),
                folder.resolve("embeddings"),
                folder.resolve("index"),
                Repository.root().resolve("demo/model"));
        run("draw", "/usr/bin/python3", "demo/make_pictures.py", "--output", demo.pictures(), "--count", PICTURES);
        Path list = folder.resolve("list.parquet");
        query("copy (select filename as uri, t.content.trim() as caption, size as length, size / 1000 as kilobytes,"
                + " size % 3 = 0 as good, case when size % 5 > 0 then 'Album ' || size % 7 end as album,"
                + " date '2024-02-01' + (size % 60)::integer as taken from read_text('" + demo.pictures()
                + "/*.txt') t) to '" + list + "' (format parquet)");
        query("copy (select replace(uri, '.txt', '.jpg') as uri, * exclude uri from '" + list + "' order by uri) to '"
                + folder.resolve("input.parquet") + "' (format parquet)");
        run(
                "embed",
                "bin/embed",
                "--input",
                folder.resolve("input.parquet"),
                "--output",
                demo.embeddings(),
                "--model",
                demo.model());
        run("merge", "bin/merge", "--embeddings", demo.embeddings(), "--index", demo.index(), "--shards", 3);
        server = RunningServer.over(demo);
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void aWholeDatasetAndAServerThatReadsEveryListAnswerAlike() throws Exception {
        String words = "\"text\":\"red fruit\"";
        String mixed = "\"terms\":[{\"text\":\"animal\"},{\"id\":7,\"weight\":0.5}]";
        List<String> queries = List.of(
                "{%s}",
                "{%s,\"minScore\":0.05}",
                "{%s,\"filter\":\"caption:apple OR caption:face\"}",
                "{%s,\"filter\":\"good=true AND NOT album:\\\"album 3\\\"\"}",
                "{%s,\"filter\":\"kilobytes<0.011 OR taken>=2024-03-10\"}",
                "{%s,\"filter\":\"NOT album:* AND length!=10 AND width>100\"}",
                "{%s,\"filter\":\"album>\\\"Album 4\\\" AND id<300\",\"minScore\":-1}",
                "{%s,\"filter\":\"good=false AND id<3\"}");
        ObjectNode all = MAPPER.createObjectNode();
        queries.forEach(one -> {
            for (String terms : List.of(words, mixed)) {
                all.withArray("queries").add(read(one.formatted(terms)).put("k", K));
            }
        });

        List<List<Hit>> found = overTheDataset(all);

        int filtered = 0;
        for (int number = 0; number < found.size(); number++) {
            ObjectNode one = (ObjectNode) all.at("/queries/" + number);
            List<Hit> expected = overTheServer(one);
            assertSame(one, found.get(number), expected);
            filtered += one.has("filter") && expected.size() == K ? 1 : 0;
        }
        assertThat(filtered).as("filters that let k hits through").isGreaterThanOrEqualTo(8);
    }

    @Test
    void aFilterThatDoesNotFitIsRefusedByBothInTheSameWords() throws Exception {
        String json = "{\"text\":\"red fruit\",\"filter\":\"good:yes\"}";

        HttpResponse<String> refused = send(json);

        String problem = "filter, position 1: the column 'good' is boolean";
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains(problem);
        Path log = folder.resolve("refused.log");
        assertThat(Command.status(log, commandFor(json, folder.resolve("refused"))))
                .isEqualTo(2);
        assertThat(Command.tail(log)).contains(problem);
    }

    /** A hit, as both tell it. */
    private record Hit(long id, double score) {}

    /** Sums of floats in another order differ in their last places; hits that these put in another order are the same. */
    private static void assertSame(ObjectNode query, List<Hit> found, List<Hit> expected) {
        assertThat(found).as(query.toString()).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i).score).as("%s, hit %d", query, i).isCloseTo(expected.get(i).score, within(1e-5));
        }
        assertThat(found)
                .as(query.toString())
                .extracting(Hit::id)
                .containsExactlyInAnyOrderElementsOf(
                        expected.stream().map(Hit::id).toList());
    }

    private List<Hit> overTheServer(ObjectNode query) throws Exception {
        int lists = MAPPER.readTree(get("info")).at("/lists/nlist").asInt();
        assertThat(lists).isPositive();
        HttpResponse<String> answer = send(query.deepCopy().put("nprobe", lists).toString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        List<Hit> hits = new ArrayList<>();
        for (JsonNode hit : MAPPER.readTree(answer.body()).at("/hits")) {
            hits.add(new Hit(hit.at("/id").asLong(), hit.at("/score").asDouble()));
        }
        return hits;
    }

    /** The hits of each query, best first. */
    private List<List<Hit>> overTheDataset(ObjectNode queries) throws SQLException {
        Path output = folder.resolve("hits-" + asked++);
        Command.run(folder.resolve("query.log"), commandFor(queries.toString(), output));
        List<List<Hit>> hits = new ArrayList<>();
        queries.at("/queries").forEach(each -> hits.add(new ArrayList<>()));
        try (Connection duckdb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckdb.createStatement();
                ResultSet rows = statement.executeQuery("select query, id, score from read_parquet('" + output
                        + "/*.parquet') order by query, score desc, id")) {
            while (rows.next()) {
                hits.get(rows.getInt(1)).add(new Hit(rows.getLong(2), rows.getFloat(3)));
            }
        }
        return hits;
    }

    private List<String> commandFor(String query, Path output) {
        return List.of(
                "bin/query",
                "--embeddings",
                demo.embeddings().toString(),
                "--model",
                demo.model().toString(),
                "--query",
                query,
                "--output",
                output.toString());
    }

    private HttpResponse<String> send(String json) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(server.address().resolve("search"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(json))
                        .build(),
                BodyHandlers.ofString(UTF_8));
    }

    private String get(String path) throws IOException, InterruptedException {
        return client.send(
                        HttpRequest.newBuilder(server.address().resolve(path)).build(), BodyHandlers.ofString(UTF_8))
                .body();
    }

    private static ObjectNode read(String json) {
        try {
            return (ObjectNode) MAPPER.readTree(json);
        } catch (IOException e) {
            throw new AssertionError(json, e);
        }
    }

    private void run(String name, Object... command) {
        Command.run(
                folder.resolve(name + ".log"),
                List.of(command).stream().map(String::valueOf).toList());
    }

    private static void query(String sql) throws SQLException {
        try (Connection duckdb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckdb.createStatement()) {
            statement.execute(sql);
        }
    }
}
