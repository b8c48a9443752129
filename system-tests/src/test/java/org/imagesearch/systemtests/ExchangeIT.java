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
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings leave as numpy arrays and come back as a dataset: searching that one finds what numpy finds in the arrays. */
class ExchangeIT {
    private static final int PICTURES = 120;
    private static final int K = 8;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** What half precision may do to a score. */
    private static final double HALF_PRECISION = 1e-3;

    @TempDir
    Path folder;

    @Test
    void whatIsExportedIsNumpysAndWhatIsImportedIsSearched() throws Exception {
        DemoIndex imported = new DemoIndex(
                folder.resolve("pictures"),
                folder.resolve("imported"),
                folder.resolve("index"),
                Repository.root().resolve("demo/model"));
        Path embedded = folder.resolve("embedded");
        Path exported = folder.resolve("exported");
        run("draw", "/usr/bin/python3", "demo/make_pictures.py", "--output", imported.pictures(), "--count", PICTURES);
        run("embed", "bin/embed", "--input", imported.pictures(), "--output", embedded, "--model", imported.model());
        run("export", "bin/export", "--embeddings", embedded, "--output", exported, "--rows-per-part", 50);
        JsonNode oracle = numpy(exported);
        assertThat(oracle.at("/types").toString()).isEqualTo("[\"float16\"]");
        assertThat(oracle.at("/shape").toString()).isEqualTo("[120,192]");
        assertThat(oracle.at("/longest").asDouble()).isCloseTo(1, within(HALF_PRECISION));
        assertThat(oracle.at("/shortest").asDouble()).isCloseTo(1, within(HALF_PRECISION));

        run(
                "import",
                "bin/import-embeddings",
                "--input",
                exported,
                "--output",
                imported.embeddings(),
                "--model",
                imported.model());
        EmbeddedPictures before = new EmbeddedPictures(embedded);
        EmbeddedPictures after = new EmbeddedPictures(imported.embeddings());
        assertThat(after.uris("images")).isEqualTo(before.uris("images")).hasSize(PICTURES);
        for (String column : List.of("caption", "width", "height")) {
            assertThat(after.column(column)).isEqualTo(before.column(column));
        }
        run("merge", "bin/merge", "--embeddings", imported.embeddings(), "--index", imported.index(), "--shards", 2);
        try (RunningServer server = RunningServer.over(imported)) {
            assertFindsTheSame(server, oracle.at("/queries"));
        }
    }

    /** What numpy sees: types, shape and lengths of the vectors, and the best scores of some of them with all. */
    private JsonNode numpy(Path exported) throws IOException {
        Path script = Files.writeString(
                folder.resolve("oracle.py"),
                """
                import glob, json, sys
                import numpy as np
                files = sorted(glob.glob(sys.argv[1] + '/img_emb/*.npy'))
                parts = [np.load(file, mmap_mode='r') for file in files]
                vectors = np.concatenate(parts).astype('f4')
                rows = [json.loads(line) for file in sorted(glob.glob(sys.argv[1] + '/rows/*.jsonl'))
                        for line in open(file, encoding='utf-8')]
                assert len(rows) == len(vectors)
                lengths = np.linalg.norm(vectors, axis=1)
                queries = []
                for number in range(0, len(rows), 17):
                    scores = vectors @ vectors[number]
                    best = np.argsort(-scores)[:int(sys.argv[2])]
                    queries.append({'vector': vectors[number].tolist(), 'id': rows[number]['id'],
                                    'uri': rows[number]['uri'], 'caption': rows[number]['caption'],
                                    'scores': {rows[i]['id']: float(scores[i]) for i in best}})
                print(json.dumps({'types': sorted({str(part.dtype) for part in parts}), 'shape': vectors.shape,
                                  'longest': float(lengths.max()), 'shortest': float(lengths.min()),
                                  'queries': queries}))
                """);
        Path printed = folder.resolve("oracle.log");
        Command.run(printed, List.of("/usr/bin/python3", script.toString(), exported.toString(), String.valueOf(K)));
        return MAPPER.readTree(Files.readString(printed));
    }

    private static void assertFindsTheSame(RunningServer server, JsonNode queries) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        assertThat(queries).hasSize(8);
        for (JsonNode query : queries) {
            String body = MAPPER.createObjectNode()
                    .put("k", K)
                    .put("recall", 1.0)
                    .<ObjectNode>set("vector", query.at("/vector"))
                    .toString();
            String answer = client.send(
                            HttpRequest.newBuilder(server.address().resolve("search"))
                                    .header("Content-Type", "application/json")
                                    .POST(BodyPublishers.ofString(body))
                                    .build(),
                            BodyHandlers.ofString(UTF_8))
                    .body();
            JsonNode hits = MAPPER.readTree(answer).at("/hits");
            assertThat(hits).as(answer).hasSize(K);
            assertThat(hits.at("/0/id").asLong()).isEqualTo(query.at("/id").asLong());
            assertThat(hits.at("/0/uri").asText()).isEqualTo(query.at("/uri").asText());
            assertThat(hits.at("/0/caption").asText())
                    .isEqualTo(query.at("/caption").asText());
            double least = Double.POSITIVE_INFINITY;
            for (JsonNode score : query.at("/scores")) {
                least = Math.min(least, score.asDouble());
            }
            for (JsonNode hit : hits) {
                String id = hit.at("/id").asText();
                double expected = query.at("/scores").path(id).asDouble(least);
                assertThat(hit.at("/score").asDouble()).as("hit %s", id).isCloseTo(expected, within(HALF_PRECISION));
            }
        }
    }

    private void run(String name, Object... command) {
        Command.run(
                folder.resolve(name + ".log"),
                List.of(command).stream().map(String::valueOf).toList());
    }
}
