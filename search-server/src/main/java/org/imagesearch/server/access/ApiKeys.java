package org.imagesearch.server.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * The keys that open this server: those of a file, one a line, and the token of the settings, which is a key to everything.
 *
 * <p>The file has a name, a role and a SHA-256 per line; lines that are empty or begin with {@code #} are passed over.
 */
public final class ApiKeys {
    /** Each request is compared with all of them. */
    private static final int MOST_KEYS = 1000;

    /** Of a thousand lines and what is written beside them. */
    private static final long MOST_BYTES = 1 << 20;

    private static final String TOKEN = "admin.token";

    private final Optional<Path> file;
    private final Optional<ApiKey> token;
    private volatile List<ApiKey> known;

    private ApiKeys(Optional<Path> file, Optional<ApiKey> token) {
        this.file = file;
        this.token = token;
        this.known = read();
    }

    /**
     * Reads the keys.
     *
     * @param file of keys; empty for none: then searching is open to everybody
     * @param token a secret that may do everything; empty for none
     * @throws ImageSearchException (input) naming the file and the line, if it cannot be read or a line is wrong
     */
    public static ApiKeys open(String file, String token) {
        return new ApiKeys(
                file.isEmpty() ? Optional.empty() : Optional.of(Path.of(file)),
                token.isEmpty() ? Optional.empty() : Optional.of(ApiKey.of(TOKEN, Role.ADMIN, token)));
    }

    /** Whether nobody may do what a role is needed for without a key. */
    public boolean areNeededFor(Role role) {
        return file.isPresent() || (role == Role.ADMIN && token.isPresent());
    }

    /** The file, if there is one. */
    public Optional<Path> file() {
        return file;
    }

    /** The key that a secret opens; how long it takes to find out depends on how many keys there are, not on which it is. */
    public Optional<ApiKey> find(String secret) {
        byte[] digest = ApiKey.digestOf(secret);
        ApiKey found = null;
        for (ApiKey key : known) {
            if (key.isOpenedBy(digest)) {
                found = key;
            }
        }
        return Optional.ofNullable(found);
    }

    /** The key of a name. */
    public Optional<ApiKey> named(String name) {
        return known.stream().filter(key -> key.name().equals(name)).findFirst();
    }

    /**
     * Reads the file again; if that fails, the keys stay as they were.
     *
     * @return how many keys there are now
     * @throws ImageSearchException (input) as {@link #open} does
     */
    public int reread() {
        known = read();
        return known.size();
    }

    private List<ApiKey> read() {
        List<ApiKey> keys = new ArrayList<>();
        file.ifPresent(path -> keys.addAll(read(path)));
        token.ifPresent(keys::add);
        return List.copyOf(keys);
    }

    /**
     * Looks whether a file of keys has room for one more.
     *
     * @throws ImageSearchException (input) naming the file, if it has a key of this name, or cannot be read
     */
    public static void requireUnused(Path file, String name) {
        if (read(file).stream().anyMatch(key -> key.name().equals(name))) {
            throw ImageSearchException.input("the keys %s have one that is called '%s' already", file, name);
        }
    }

    private static List<ApiKey> read(Path file) {
        List<ApiKey> keys = new ArrayList<>();
        Set<String> names = new HashSet<>(Set.of(TOKEN));
        int number = 0;
        for (String line : lines(file)) {
            number++;
            if (line.isBlank() || line.strip().startsWith("#")) {
                continue;
            }
            try {
                ApiKey key = ApiKey.parse(line);
                if (!names.add(key.name())) {
                    throw ImageSearchException.input("a key is called '%s' already", key.name());
                }
                keys.add(key);
            } catch (ImageSearchException e) {
                throw ImageSearchException.input("line %d of the keys %s: %s", number, file, e.getMessage());
            }
        }
        if (keys.size() > MOST_KEYS) {
            throw ImageSearchException.input("the keys %s are %d, expected at most %d", file, keys.size(), MOST_KEYS);
        }
        return keys;
    }

    private static List<String> lines(Path file) {
        try {
            long bytes = Files.size(file);
            if (bytes > MOST_BYTES) {
                throw ImageSearchException.input(
                        "the keys %s have %d bytes, expected at most %d", file, bytes, MOST_BYTES);
            }
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "cannot read the keys " + file + ": " + e, e);
        }
    }
}
