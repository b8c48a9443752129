package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.io.ParquetDecodingException;

/** A row group whose columns are streams: what it takes is a page of every column that is read. */
final class StreamedRowGroup implements PageReadStore, Closeable {
    private final DatasetFile file;
    private final int number;
    private final List<StreamedPages> columns = new ArrayList<>();

    StreamedRowGroup(DatasetFile file, int number) {
        this.file = file;
        this.number = number;
    }

    @Override
    public PageReader getPageReader(ColumnDescriptor column) {
        try {
            StreamedPages pages = new StreamedPages(file.open(number, column));
            columns.add(pages);
            return pages;
        } catch (IOException e) {
            throw new ParquetDecodingException("cannot open a column: " + e.getMessage(), e);
        }
    }

    @Override
    public long getRowCount() {
        return file.rows(number);
    }

    @Override
    public void close() throws IOException {
        for (StreamedPages pages : columns) {
            pages.close();
        }
    }
}
