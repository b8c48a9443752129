package org.imagesearch.server;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.access.ApiKey;
import org.imagesearch.server.access.ApiKeys;
import org.imagesearch.server.access.Role;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bin/serve key}: makes an API key. Its secret is printed, once; what goes into the file of keys cannot be turned back. */
@Command(
        name = "serve key",
        description = "Makes an API key: prints it, once, and the line of it for the file of keys (access.keys).",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true)
final class KeyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "whose it is: letters, digits, dots, dashes and underscores")
    private String name;

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            defaultValue = "search",
            description = "search, or admin, which may take pictures down too (default: search)")
    private String role;

    @Option(names = "--keys", paramLabel = "FILE", description = "append the line to this file, which may be a new one")
    private Path file;

    @Override
    public Integer call() {
        String secret = ApiKey.newSecret();
        ApiKey key = ApiKey.of(name, Role.of(role), secret);
        Optional.ofNullable(file).ifPresent(path -> append(path, key));
        PrintWriter out = spec.commandLine().getOut();
        out.println("key:  " + secret);
        out.println("line: " + key.line());
        out.println(
                file == null
                        ? "Put the line into the file of keys, and give the key to whom it is for: it is shown only now."
                        : "The line is in " + file + ". Give the key to whom it is for: it is shown only now.");
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private static void append(Path file, ApiKey key) {
        try {
            String before = "";
            if (Files.exists(file)) {
                ApiKeys.requireUnused(file, key.name());
                before = Files.readString(file);
            } else {
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            }
            String gap = before.isEmpty() || before.endsWith("\n") ? "" : "\n";
            Files.writeString(file, gap + key.line() + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.RESOURCE, "cannot write the keys " + file + ": " + e, e);
        }
    }
}
