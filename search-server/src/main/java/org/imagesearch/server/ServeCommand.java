package org.imagesearch.server;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.imagesearch.core.program.Programs;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.faiss.FaissLibrary;
import org.imagesearch.server.index.Generation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bin/serve}: answers queries over an index. Exit status 0 stopped, 1 failed, 2 wrong usage, told in one line. */
@Command(
        name = "serve",
        description = "Answers queries over an index, with words, pictures and ids, over HTTP and on a web page."
                + " serve key NAME makes an API key.",
        mixinStandardHelpOptions = true,
        version = "imagesearch serve 0.1.0",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class ServeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    @Spec
    private CommandSpec spec;

    @Option(names = "--index", required = true, paramLabel = "DIR", description = "index that bin/merge wrote")
    private Path index;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "BUNDLE",
            description = "model bundle that the index was made with")
    private Path model;

    @Option(names = "--port", paramLabel = "N", description = "port (default: 8080; 0 takes any free one)")
    private Integer port;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description = "address to listen on (default: localhost; 0.0.0.0 for all)")
    private String host;

    @Option(
            names = "--shards",
            paramLabel = "LIST",
            description = "shards to have, like 0-3,7 (default: all); brokers ask for them with --nodes")
    private String shards;

    @Option(
            names = "--nodes",
            paramLabel = "LIST",
            description =
                    "shard nodes that have the shards, like host1:8080,host2:8080; @FILE names a file with one per line,"
                            + " index the file 'nodes' of the index")
    private String nodes;

    @Option(names = "--conf", paramLabel = "FILE", description = "settings, HOCON")
    private Path conf;

    /** The program. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Runs the program without ending the process and returns its exit status. */
    static int execute(String... arguments) {
        if (arguments.length > 0 && arguments[0].equals("key")) {
            return Programs.endingInOneLine(new CommandLine(new KeyCommand()))
                    .execute(Arrays.copyOfRange(arguments, 1, arguments.length));
        }
        return Programs.endingInOneLine(new CommandLine(new ServeCommand())).execute(arguments);
    }

    @Override
    public Integer call() throws InterruptedException {
        Settings settings = Settings.load("serve", Optional.ofNullable(conf), System.getenv(), commandLineSettings());
        ServeSettings bound = settings.bind(ServeSettings.class);
        LOG.info("settings={}", settings.render());
        LOG.info("faiss={} simd={}", FaissLibrary.version(), FaissLibrary.instructionSet());
        SearchServer server = SearchServer.start(
                index.toAbsolutePath().normalize(), model.toAbsolutePath().normalize(), bound);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            server.close();
                            stopped.countDown();
                        },
                        "stop"));
        PrintWriter out = spec.commandLine().getOut();
        out.println(server.index().with(this::describe) + " at " + server.address());
        out.flush();
        stopped.await();
        return CommandLine.ExitCode.OK;
    }

    private Map<String, String> commandLineSettings() {
        Map<String, String> given = new HashMap<>();
        if (port != null) {
            given.put("http.port", port.toString());
        }
        if (host != null) {
            given.put("http.host", host);
        }
        if (shards != null) {
            given.put("index.shards", shards);
        }
        if (nodes != null) {
            given.put("nodes.addresses", nodes);
        }
        return given;
    }

    private String describe(Generation generation) {
        return String.format(
                Locale.ROOT,
                "serving %,d pictures in %d shards (%s)",
                generation.pictures(),
                generation.shards().size(),
                generation.manifest().generation());
    }
}
