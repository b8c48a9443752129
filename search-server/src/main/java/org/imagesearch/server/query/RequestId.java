package org.imagesearch.server.query;

import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.MDC;

/**
 * The id of a request, by which everything that is logged because of it is found, on whatever thread or node that was. A thread has the
 * id of the request that it works for, and log lines have the id of their thread: it stands in their context as {@value #KEY}.
 */
public final class RequestId {
    /** The name of the id in log lines. */
    public static final String KEY = "request";

    /** Characters of an id that a client gives, at most. */
    public static final int LONGEST = 128;

    private static final String NONE = "";
    private static final HexFormat HEX = HexFormat.of();

    private RequestId() {}

    /** A new id: 32 hexadecimal digits, random. */
    public static String make() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return HEX.toHexDigits(random.nextLong()) + HEX.toHexDigits(random.nextLong());
    }

    /** The id that a client gives, if it is one that can stand in a log: letters, digits and {@code - _ . : / + = @}. */
    public static Optional<String> accept(String given) {
        return given != null && isSound(given) ? Optional.of(given) : Optional.empty();
    }

    private static boolean isSound(String id) {
        if (id.isEmpty() || id.length() > LONGEST) {
            return false;
        }
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            boolean sound = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "-_.:/+=@".indexOf(c) >= 0;
            if (!sound) {
                return false;
            }
        }
        return true;
    }

    /** That of the request that the calling thread works for; empty if it works for none. */
    public static String ofThisThread() {
        String id = MDC.get(KEY);
        return id == null ? NONE : id;
    }

    /** Does some work for a request on the calling thread. */
    public static void with(String id, Runnable work) {
        if (id.isEmpty()) {
            work.run();
            return;
        }
        String before = MDC.get(KEY);
        MDC.put(KEY, id);
        try {
            work.run();
        } finally {
            if (before == null) {
                MDC.remove(KEY);
            } else {
                MDC.put(KEY, before);
            }
        }
    }

    /** Work for another thread, which will do it for the request of the calling one. */
    public static Runnable carriedWith(Runnable work) {
        String id = ofThisThread();
        return id.isEmpty() ? work : () -> with(id, work);
    }
}
