package org.imagesearch.embed;

import java.io.Closeable;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.filter.FilterMatcher;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.PictureRow;

/** The rows that belong to vectors read beside them, and which queries have a use for them. Without a filter none is read. One thread. */
final class FilteredRows implements Closeable {
    private final List<Optional<FilterMatcher>> matchers;
    private final Optional<EmbeddingReader<PictureRow>> rows;
    private PictureRow row;

    /** @param slices what the vectors are read from, in that order */
    FilteredRows(List<QueryScan.Asked> queries, List<FileSlice> slices, Fingerprint model, Configuration hadoop) {
        matchers = queries.stream().map(FilteredRows::matcher).toList();
        rows = matchers.stream().allMatch(Optional::isEmpty)
                ? Optional.empty()
                : Optional.of(EmbeddingReader.pictures(
                        EmbeddingReader.rowGroups(slices, Optional.of(model), hadoop), Optional.of(model), hadoop));
    }

    private static Optional<FilterMatcher> matcher(QueryScan.Asked query) {
        return query.filter().isEmpty()
                ? Optional.empty()
                : Optional.of(new FilterMatcher(Filter.parse(query.filter())));
    }

    /**
     * Goes on to the row of the next vector.
     *
     * @throws ImageSearchException (data) if that is the row of another
     */
    void next(long id) {
        rows.ifPresent(reader -> {
            row = reader.next();
            if (row.id() != id) {
                throw ImageSearchException.data("a row of id %d stands beside the embedding of id %d", row.id(), id);
            }
        });
    }

    /** Whether the row at hand can be a hit of a query, by the query's number. */
    boolean match(int query) {
        return matchers.get(query).map(matcher -> matcher.matches(row::value)).orElse(true);
    }

    @Override
    public void close() {
        rows.ifPresent(EmbeddingReader::close);
    }
}
