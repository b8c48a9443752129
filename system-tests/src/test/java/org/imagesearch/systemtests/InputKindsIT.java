package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same pictures through {@code bin/embed} from every kind of input, and on through {@code bin/merge} and {@code bin/serve}. */
class InputKindsIT {
    private static final int PICTURES = 60;

    /** Two tars in img2dataset's manner, of the pictures of a folder and their captions. */
    private static final String MAKE_TARS =
            """
            import io, json, os, sys, tarfile
            pictures, tars = sys.argv[1:]
            os.makedirs(tars)
            names = sorted(name[:-4] for name in os.listdir(pictures) if name.endswith('.jpg'))
            for shard in range(2):
                with tarfile.open(os.path.join(tars, '%05d.tar' % shard), 'w') as out:
                    for name in names[shard * len(names) // 2:(shard + 1) * len(names) // 2]:
                        out.add(os.path.join(pictures, name + '.jpg'), arcname=name + '.jpg')
                        out.add(os.path.join(pictures, name + '.txt'), arcname=name + '.txt')
                        text = json.dumps({'url': 'https://example.org/%s.jpg' % name, 'key': name, 'width': 1,
                                           'similarity': int(name) / 4, 'error_message': None}).encode()
                        info = tarfile.TarInfo(name + '.json')
                        info.size = len(text)
                        out.addfile(info, io.BytesIO(text))
                open(os.path.join(tars, '%05d.parquet' % shard), 'wb').close()
                open(os.path.join(tars, '%05d_stats.json' % shard), 'wb').close()
            """;

    @TempDir
    static Path folder;

    private static Path pictures;
    private static EmbeddedPictures plain;

    @BeforeAll
    static void embedTheFolder() {
        pictures = folder.resolve("pictures");
        Command.run(
                folder.resolve("draw.log"),
                List.of(
                        "/usr/bin/python3",
                        "demo/make_pictures.py",
                        "--output",
                        pictures.toString(),
                        "--count",
                        String.valueOf(PICTURES),
                        "--seed",
                        "41"));
        plain = embed("plain", List.of(pictures));
    }

    @Test
    void tarsAreEmbeddedAndTheirColumnsAreInTheServersHits() throws Exception {
        Path tars = folder.resolve("tars");
        Command.run(
                folder.resolve("tars.log"),
                List.of("/usr/bin/python3", "-c", MAKE_TARS, pictures.toString(), tars.toString()));
        EmbeddedPictures dataset = embed("from-tars", List.of(tars), "--wave-size", "25");
        dataset.assertSameEmbeddingsAs(plain);
        assertThat(dataset.column("caption")).isEqualTo(plain.column("caption"));
        assertThat(dataset.column("url"))
                .containsEntry(31L, "https://example.org/000031.jpg")
                .hasSize(PICTURES);
        assertThat(dataset.column("similarity")).containsEntry(31L, "7.75");
        assertThat(dataset.uris("images"))
                .containsEntry(0L, tars.resolve("00000.tar").toUri() + "#000000.jpg")
                .containsEntry(59L, tars.resolve("00001.tar").toUri() + "#000059.jpg");

        Path index = folder.resolve("index");
        Command.run(
                folder.resolve("merge.log"),
                List.of("bin/merge", "--embeddings", dataset.dataset().toString(), "--index", index.toString()));
        DemoIndex served = new DemoIndex(
                pictures, dataset.dataset(), index, Repository.root().resolve("demo/model"));
        try (RunningServer server = RunningServer.over(served)) {
            JsonNode hit = new ObjectMapper()
                    .readTree(HttpClient.newHttpClient()
                            .send(
                                    HttpRequest.newBuilder(server.address().resolve("search?k=1&id=31"))
                                            .build(),
                                    BodyHandlers.ofString())
                            .body())
                    .at("/hits/0");
            assertThat(hit.at("/columns/url").asText()).isEqualTo("https://example.org/" + nameOf(hit) + ".jpg");
            assertThat(hit.at("/columns/similarity").asDouble()).isEqualTo(Integer.parseInt(nameOf(hit)) / 4.0);
            byte[] picture = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(server.address().resolve("images/31"))
                                    .build(),
                            BodyHandlers.ofByteArray())
                    .body();
            assertThat(picture).isEqualTo(Files.readAllBytes(pictures.resolve("000031.jpg")));
        }
    }

    private static String nameOf(JsonNode hit) {
        String uri = hit.at("/uri").asText();
        return uri.substring(uri.lastIndexOf('#') + 1, uri.lastIndexOf('.'));
    }

    @Test
    void parquetOfUrisAndParquetWithBytesAreEmbedded() throws SQLException {
        Path uris = folder.resolve("uris.parquet");
        Path bytes = folder.resolve("bytes/part.parquet");
        bytes.getParent().toFile().mkdirs();
        String list = "from read_blob('" + pictures + "/*.jpg') order by filename";
        try (Connection duckdb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckdb.createStatement()) {
            statement.execute("copy (select 'pictures/' || parse_filename(filename) as uri, size " + list + ") to '"
                    + uris + "' (format parquet)");
            statement.execute("copy (select filename as uri, content as bytes, date '2024-02-29' as taken " + list
                    + ") to '" + bytes + "' (format parquet)");
        }
        EmbeddedPictures byUri = embed("from-uris", List.of(uris), "--ids", "filename");
        byUri.assertSameEmbeddingsAs(plain);
        assertThat(byUri.uris("images")).isEqualTo(plain.uris("images"));
        assertThat(byUri.column("size").get(7L))
                .isEqualTo(
                        String.valueOf(pictures.resolve("000007.jpg").toFile().length()));
        EmbeddedPictures byRow = embed("from-bytes", List.of(bytes.getParent()), "--wave-size", "25");
        byRow.assertSameEmbeddingsAs(plain);
        assertThat(byRow.column("taken").values()).containsOnly("2024-02-29");
    }

    @Test
    void urlsAreReadWithTheFlagOnlyAndFromPrivateHostsIfTheSettingsSaySo() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = Files.readAllBytes(
                    pictures.resolve(exchange.getRequestURI().getPath().substring(1)));
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try (Connection duckdb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckdb.createStatement()) {
            String host = "http://127.0.0.1:" + server.getAddress().getPort();
            Path urls = folder.resolve("urls.parquet");
            statement.execute("copy (select '" + host + "/' || lpad(i::text, 6, '0') || '.jpg' as url from range("
                    + PICTURES + ") t(i)) to '" + urls + "' (format parquet)");
            Path conf = Files.writeString(
                    folder.resolve("http.conf"), "input { uri-column = url, http-hosts = [127.0.0.1] }");
            Path refused = folder.resolve("refused.log");
            assertThat(Command.status(refused, command("refused", List.of(urls), "--conf", conf.toString())))
                    .isEqualTo(2);
            assertThat(Files.readAllLines(refused)).hasSize(1);
            assertThat(Files.readString(refused)).contains(host + "/000000.jpg", "--allow-http");
            embed("from-urls", List.of(urls), "--conf", conf.toString(), "--allow-http")
                    .assertSameEmbeddingsAs(plain);
        } finally {
            server.stop(0);
        }
    }

    private static EmbeddedPictures embed(String name, List<Path> inputs, String... more) {
        Command.run(folder.resolve(name + ".log"), command(name, inputs, more));
        return new EmbeddedPictures(folder.resolve(name));
    }

    private static List<String> command(String name, List<Path> inputs, String... more) {
        List<String> command = new ArrayList<>(List.of("bin/embed"));
        for (Path input : inputs) {
            command.addAll(List.of("--input", input.toString()));
        }
        command.addAll(List.of(
                "--output",
                folder.resolve(name).toString(),
                "--model",
                Repository.root().resolve("demo/model").toString()));
        command.addAll(List.of(more));
        return command;
    }
}
