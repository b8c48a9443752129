package org.imagesearch.server.search;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.OptionalDouble;
import org.imagesearch.core.Checksums;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.query.Query;
import org.imagesearch.core.query.Term;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * Where a page of hits ended: the last picture that it looked at, and how many there were until then. It goes to the client and
 * comes back; the server remembers nothing. A checksum over it, its index and its query tells what was altered or belongs elsewhere.
 *
 * @param count pictures looked at, this one included
 */
record Cursor(float score, long id, int count) {
    private static final byte VERSION = 2;
    private static final int MARK = 12;
    private static final int MAX_LENGTH = 200;
    private static final int NAME = 64;

    static Cursor at(Found last, int count) {
        return new Cursor(last.score(), last.id(), count);
    }

    /** Whether a picture stands behind it. */
    boolean isBefore(Found found) {
        return Found.BEST_FIRST.compare(new Found(found.shard(), id, score), found) < 0;
    }

    /** As text of letters, digits, - and _. */
    String text(Query query, IndexManifest manifest) {
        byte[] name = manifest.generation().getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(2 + name.length + Float.BYTES + Long.BYTES + Integer.BYTES + MARK);
        bytes.put(VERSION).put((byte) name.length).put(name);
        bytes.putFloat(score).putLong(id).putInt(count);
        bytes.put(mark(bytes.array(), bytes.position(), query, manifest));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /**
     * Reads a cursor back.
     *
     * @throws RequestException (generation gone) if another generation is served now; (bad request) if it is no cursor, was altered,
     *     or belongs to another query or index
     */
    static Cursor parse(String text, Query query, IndexManifest manifest) {
        try {
            byte[] bytes = text.length() > MAX_LENGTH
                    ? new byte[0]
                    : Base64.getUrlDecoder().decode(text);
            ByteBuffer in = ByteBuffer.wrap(bytes);
            if (in.get() != VERSION) {
                throw noCursor();
            }
            byte[] name = new byte[Math.min(NAME, in.get() & 0xff)];
            in.get(name);
            Cursor cursor = new Cursor(in.getFloat(), in.getLong(), in.getInt());
            if (in.remaining() != MARK) {
                throw noCursor();
            }
            String generation = new String(name, StandardCharsets.UTF_8);
            if (!generation.equals(manifest.generation())) {
                if (!generation.matches("gen-[0-9]{6,9}")) {
                    throw noCursor();
                }
                throw RequestException.of(
                        Problem.GENERATION_GONE,
                        "the cursor is of %s, now %s is served: ask again from the begin",
                        generation,
                        manifest.generation());
            }
            byte[] mark = Arrays.copyOfRange(bytes, in.position(), bytes.length);
            if (!MessageDigest.isEqual(mark, mark(bytes, in.position(), query, manifest)) || cursor.count < 1) {
                throw RequestException.bad("the cursor was altered, or belongs to another query or index");
            }
            return cursor;
        } catch (IllegalArgumentException | BufferUnderflowException e) {
            throw noCursor();
        }
    }

    private static RequestException noCursor() {
        return RequestException.bad("cursor is none that this server gave out: expected what an answer has as next");
    }

    /** Each answer has one, so that it is made of numbers as they are: writing them as text would take longer than all else here. */
    private static byte[] mark(byte[] bytes, int length, Query query, IndexManifest manifest) {
        MessageDigest digest = Checksums.newDigest();
        digest.update(bytes, 0, length);
        update(digest, manifest.model().value());
        Instant created = manifest.created();
        update(digest, created.getEpochSecond(), created.getNano(), manifest.count());
        for (Term term : query.terms()) {
            update(digest, term);
        }
        // Not k, nor what is told of a hit: that may change from page to page.
        update(
                digest,
                query.nprobe().orElse(0),
                bits(query.recall()),
                bits(query.minScore()),
                bits(query.nearDuplicates()),
                bits(query.standing().minPercentile()),
                query.standing().autoCutoff() ? 1 : 0);
        update(digest, query.facets().only().isPresent() ? query.facets().toString() : "");
        update(digest, query.filter().map(Filter::text).orElse(""));
        return Arrays.copyOf(digest.digest(), MARK);
    }

    private static void update(MessageDigest digest, Term term) {
        if (term instanceof Term.Text text) {
            update(digest, 't', term, text.text().getBytes(StandardCharsets.UTF_8));
        } else if (term instanceof Term.Image image) {
            update(digest, 'i', term, image.bytes());
        } else if (term instanceof Term.Indexed indexed) {
            update(digest, 'p', term, new byte[0]);
            update(digest, indexed.id());
        } else {
            float[] values = ((Term.Vector) term).values();
            ByteBuffer floats = ByteBuffer.allocate(values.length * Float.BYTES);
            floats.asFloatBuffer().put(values);
            update(digest, 'v', term, floats.array());
        }
    }

    private static void update(MessageDigest digest, char kind, Term term, byte[] content) {
        update(digest, kind, Double.doubleToLongBits(term.weight()), content.length);
        digest.update(content);
    }

    private static void update(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        update(digest, bytes.length);
        digest.update(bytes);
    }

    private static void update(MessageDigest digest, long... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Long.BYTES);
        bytes.asLongBuffer().put(numbers);
        digest.update(bytes.array());
    }

    /** Those of no number where there is none. */
    private static long bits(OptionalDouble number) {
        return Double.doubleToLongBits(number.orElse(Double.NaN));
    }
}
