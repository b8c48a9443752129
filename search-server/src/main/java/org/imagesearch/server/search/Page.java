package org.imagesearch.server.search;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.imagesearch.server.index.Found;

/**
 * A part of the pictures that a query finds, best first.
 *
 * @param before those of earlier pages
 * @param found those of this one
 * @param more whether there are more behind them
 */
record Page(List<Found> before, List<Found> found, boolean more) {
    /**
     * @param best best first, without a gap
     * @param cursor where the page before it ended; empty for the first
     * @param k pictures of a page
     */
    static Page of(List<Found> best, Optional<Cursor> cursor, int k) {
        int from = 0;
        while (cursor.isPresent() && from < best.size() && !cursor.get().isBefore(best.get(from))) {
            from++;
        }
        int to = Math.min(best.size(), from + k);
        return new Page(best.subList(0, from), best.subList(from, to), to < best.size());
    }

    /** The pictures of earlier pages, then those of this one. */
    List<Found> withEarlier() {
        return Stream.concat(before.stream(), found.stream()).toList();
    }

    /** The part of it that ends with a picture. */
    Page until(long id) {
        int to = found.stream().map(Found::id).toList().indexOf(id) + 1;
        return new Page(before, found.subList(0, to), more || to < found.size());
    }

    /** Where the page behind it begins, if there is one. */
    Optional<Cursor> next(Optional<Cursor> cursor) {
        if (!more) {
            return Optional.empty();
        }
        int count = cursor.map(Cursor::count).orElse(0) + found.size();
        return Optional.of(Cursor.at(found.get(found.size() - 1), count));
    }
}
