package org.imagesearch.server.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * A key as the server knows it: never the key itself, only its SHA-256. A key is 32 random bytes, so its digest needs no salt: it
 * cannot be guessed back.
 *
 * @param name whose it is, as the log names it
 * @param role what its owner may do
 * @param digest SHA-256 of the key in UTF-8, 64 digits of lower-case hexadecimal
 */
public record ApiKey(String name, Role role, String digest) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
    private static final int RANDOM_BYTES = 32;

    /** Lets a program that looks for leaked secrets know one when it sees it. */
    private static final String PREFIX = "imgsearch_";

    /** @throws ImageSearchException (input) naming what is wrong */
    public ApiKey {
        if (!NAME.matcher(name).matches()) {
            throw ImageSearchException.input(
                    "the name of a key has %d characters, expected 1 to 64 letters, digits, dots, dashes and underscores",
                    name.length());
        }
        if (!DIGEST.matcher(digest).matches()) {
            throw ImageSearchException.input(
                    "the digest of key '%s' is no SHA-256, expected 64 hexadecimal digits in lower case", name);
        }
    }

    /** The key of a secret. */
    public static ApiKey of(String name, Role role, String secret) {
        return new ApiKey(name, role, HexFormat.of().formatHex(digestOf(secret)));
    }

    /** A secret that nobody has seen. */
    public static String newSecret() {
        byte[] random = new byte[RANDOM_BYTES];
        new SecureRandom().nextBytes(random);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    /**
     * The key of a line of a file.
     *
     * @throws ImageSearchException (input) saying what is wrong, without what might be a key that was put there by mistake
     */
    static ApiKey parse(String line) {
        String[] fields = line.strip().split("\\s+");
        if (fields.length != 3) {
            throw ImageSearchException.input(
                    "there are %d words, expected a name, a role and a SHA-256", fields.length);
        }
        return new ApiKey(fields[0], Role.of(fields[1]), fields[2]);
    }

    /** As it stands in a file. */
    public String line() {
        return name + " " + role + " " + digest;
    }

    /** Whether a secret of this digest opens it, found out in a time that tells nothing of where they differ. */
    boolean isOpenedBy(byte[] given) {
        return MessageDigest.isEqual(HexFormat.of().parseHex(digest), given);
    }

    static byte[] digestOf(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "this Java has no SHA-256", e);
        }
    }

    /** Without the digest, for logs. */
    @Override
    public String toString() {
        return name + " (" + role + ")";
    }
}
