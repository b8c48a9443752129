package org.imagesearch.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bytes that are sent as they are, whatever HTTP says.
 *
 * @param bytes what is sent
 * @param end what follows
 */
record RawRequest(byte[] bytes, End end) {
    private static final int LIMIT_MILLIS = 30_000;
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[01] ([1-5]\\d\\d) [A-Z]");
    private static final int CONNECT_MILLIS = 10_000;

    /** Answers are read so far; some would be pictures. */
    private static final int MOST_BYTES = 4 << 20;

    /** How a client leaves. */
    enum End {
        /** Sends nothing more, and reads to the end. */
        HALF_CLOSED,
        /** Would send more, and reads to the end. */
        OPEN,
        /** Is gone without reading. */
        GONE
    }

    /**
     * What came back.
     *
     * @param status as {@link #status} tells it; {@link #CLOSED} if the connection was closed without an answer, {@link #HUNG} if
     *     nothing happened in half a minute
     * @param text all that came, one char per byte
     */
    record Answer(int status, String text) {
        static final int CLOSED = 0;
        static final int HUNG = -1;
        static final int NO_HTTP = 599;
    }

    /** @throws IOException if the server cannot be reached */
    Answer send(URI address) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address.getHost(), address.getPort()), CONNECT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(LIMIT_MILLIS);
            boolean cut = !isSent(socket);
            if (end == End.GONE) {
                socket.setSoLinger(true, 0);
                return new Answer(Answer.CLOSED, "");
            }
            if (end == End.HALF_CLOSED && !cut) {
                closeOutput(socket);
            }
            Answer answer = read(socket.getInputStream());
            // Gone at once: a port that waits is missing to one of the next ten thousand.
            socket.setSoLinger(true, 0);
            return answer;
        }
    }

    private boolean isSent(Socket socket) {
        try {
            socket.getOutputStream().write(bytes);
            return true;
        } catch (IOException e) {
            return false; // Refused before it was read to its end.
        }
    }

    private static void closeOutput(Socket socket) {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            // The other side has closed; what it said is still to be read.
        }
    }

    private static Answer read(InputStream in) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] piece = new byte[16 << 10];
        try {
            for (int read = in.read(piece); read >= 0 && all.size() < MOST_BYTES; read = in.read(piece)) {
                all.write(piece, 0, read);
            }
        } catch (SocketTimeoutException e) {
            if (all.size() == 0) {
                return new Answer(Answer.HUNG, "");
            }
        } catch (IOException e) {
            // Cut off: what came before counts.
        }
        String text = all.toString(StandardCharsets.ISO_8859_1);
        return new Answer(status(text), text);
    }

    /**
     * Of the first answer that is more than leave to go on, or of the first failure among several in a row; of what is no answer at
     * all, {@link Answer#NO_HTTP}.
     */
    static int status(String text) {
        if (text.isEmpty()) {
            return Answer.CLOSED;
        }
        if (!text.matches("(?s)HTTP/1\\.[01] [1-5]\\d\\d .*")) {
            return Answer.NO_HTTP;
        }
        int first = Answer.CLOSED;
        Matcher lines = STATUS_LINE.matcher(text);
        while (lines.find()) {
            int status = Integer.parseInt(lines.group(1));
            if (status >= 500) {
                return status;
            }
            first = first == Answer.CLOSED && status >= 200 ? status : first;
        }
        return first;
    }
}
