package org.imagesearch.server.http;

import io.undertow.io.IoCallback;
import io.undertow.io.Sender;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.ETag;
import io.undertow.util.ETagUtils;
import io.undertow.util.Headers;
import io.undertow.util.Methods;
import io.undertow.util.PathTemplateMatch;
import io.undertow.util.StatusCodes;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Set;
import org.imagesearch.server.pictures.OriginalPictures;
import org.imagesearch.server.pictures.OriginalPictures.Original;
import org.imagesearch.server.pictures.Thumbnails;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.xnio.IoUtils;

/** {@code GET /images/{id}} and {@code GET /thumbnails/{id}}: pictures of indexed ids. */
final class PictureRoutes {
    /** Browsers keep pictures, but ask before they show one again: it may have been taken down, or be another one by then. */
    private static final String CACHED = "private, no-cache";

    private final OriginalPictures originals;
    private final Thumbnails thumbnails;
    private final Responses responses;

    PictureRoutes(OriginalPictures originals, Thumbnails thumbnails, Responses responses) {
        this.originals = originals;
        this.thumbnails = thumbnails;
        this.responses = responses;
    }

    void original(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        new Parameters(exchange.getQueryParameters(), Set.of());
        Original original = originals.find(id(exchange));
        if (isKnown(exchange, original, 0)) {
            return;
        }
        // Opened before anything is promised: the file may have gone since it was found.
        FileChannel file = open(original);
        exchange.addExchangeCompleteListener((completed, next) -> {
            IoUtils.safeClose(file);
            next.proceed();
        });
        exchange.getResponseHeaders()
                .put(Headers.CONTENT_TYPE, original.type())
                .put(Headers.CACHE_CONTROL, CACHED)
                .put(Headers.CONTENT_LENGTH, original.bytes());
        if (exchange.getRequestMethod().equals(Methods.HEAD)) {
            exchange.endExchange();
            return;
        }
        PartOfFile part = new PartOfFile(file, original.offset(), original.bytes());
        part.onComplete(exchange, exchange.getResponseSender());
    }

    /** Sends a part of a file, piece by piece; Undertow itself sends files to their end. */
    private static final class PartOfFile implements IoCallback {
        private static final int PIECE_BYTES = 64 << 10;

        private final FileChannel file;
        private final ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        private long offset;
        private long left;

        PartOfFile(FileChannel file, long offset, long bytes) {
            this.file = file;
            this.offset = offset;
            this.left = bytes;
        }

        /** Of the piece before. */
        @Override
        public void onComplete(HttpServerExchange exchange, Sender sender) {
            if (left == 0) {
                IoCallback.END_EXCHANGE.onComplete(exchange, sender);
                return;
            }
            try {
                piece.clear().limit((int) Math.min(PIECE_BYTES, left));
                int read = file.read(piece, offset);
                if (read <= 0) {
                    throw new EOFException("the file ends before its picture does");
                }
                offset += read;
                left -= read;
            } catch (IOException e) {
                onException(exchange, sender, e);
                return;
            }
            sender.send(piece.flip(), this);
        }

        @Override
        public void onException(HttpServerExchange exchange, Sender sender, IOException e) {
            // The client has gone, or the file shrank: only a cut connection tells.
            IoUtils.safeClose(exchange.getConnection());
            exchange.endExchange();
        }
    }

    private static FileChannel open(Original original) {
        try {
            return FileChannel.open(original.file());
        } catch (IOException e) {
            throw RequestException.of(Problem.NOT_FOUND, "the file of this picture cannot be read");
        }
    }

    void thumbnail(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        Parameters parameters = new Parameters(exchange.getQueryParameters(), Set.of("size"));
        int size = parameters.wholeNumber("size").orElse(Thumbnails.DEFAULT_SIZE);
        long id = id(exchange);
        if (Thumbnails.SIZES.contains(size) && isKnown(exchange, originals.find(id), size)) {
            return;
        }
        byte[] jpeg = thumbnails.of(id, size);
        exchange.getResponseHeaders().put(Headers.CACHE_CONTROL, CACHED);
        responses.send(exchange, 200, "image/jpeg", jpeg);
    }

    /** Names what will be sent, and answers at once if the client has just that. */
    private static boolean isKnown(HttpServerExchange exchange, Original original, int size) {
        ETag tag = new ETag(true, original.version() + "-" + size);
        exchange.getResponseHeaders().put(Headers.ETAG, tag.toString());
        // True where none of the tags that the client has is this one.
        if (ETagUtils.handleIfNoneMatch(exchange, tag, true)) {
            return false;
        }
        exchange.getResponseHeaders().put(Headers.CACHE_CONTROL, CACHED);
        exchange.setStatusCode(StatusCodes.NOT_MODIFIED);
        exchange.endExchange();
        return true;
    }

    /** The id in the path. */
    static long id(HttpServerExchange exchange) {
        String text = exchange.getAttachment(PathTemplateMatch.ATTACHMENT_KEY)
                .getParameters()
                .get("id");
        return Parameters.id("id", text);
    }
}
