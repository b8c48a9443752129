package org.imagesearch.embed;

import java.io.IOException;
import org.apache.parquet.VersionParser.ParsedVersion;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.impl.ColumnReaderImpl;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.compression.CompressionCodecFactory.BytesInputDecompressor;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;
import org.apache.parquet.format.converter.ParquetMetadataConverter;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.io.api.PrimitiveConverter;

/**
 * The values of one column in one row group, read forward with one page in memory; pages without a wanted row are not even
 * unpacked. The column does not repeat, so that a page has one value per row.
 */
final class ColumnPages {
    private static final ParquetMetadataConverter CONVERTER = new ParquetMetadataConverter();

    private final SeekableInputStream in;
    private final ColumnDescriptor descriptor;
    private final ParsedVersion writer;
    private final BytesInputDecompressor decompressor;
    private final long end;
    private final long rows;
    private long offset;
    private DictionaryPage dictionary;
    private ColumnReaderImpl page;
    private long pageEnd;
    private long nextRow;

    ColumnPages(
            SeekableInputStream in,
            ColumnChunkMetaData chunk,
            ColumnDescriptor descriptor,
            CompressionCodecFactory codecs,
            ParsedVersion writer) {
        this.in = in;
        this.descriptor = descriptor;
        this.writer = writer;
        this.decompressor = codecs.getDecompressor(chunk.getCodec());
        this.offset = chunk.getStartingPos();
        this.end = chunk.getStartingPos() + chunk.getTotalSize();
        this.rows = chunk.getValueCount();
    }

    /** The row of this row group that can be read without going back. */
    long nextRow() {
        return nextRow;
    }

    /** Goes to the page of a row without looking at those in front, but for the dictionary. */
    void jump(OffsetIndex index, long row) throws IOException {
        while (offset < index.getOffset(0)) {
            nextPage(row);
        }
        int number = 0;
        while (number + 1 < index.getPageCount() && index.getFirstRowIndex(number + 1) <= row) {
            number++;
        }
        if (index.getOffset(number) < offset) {
            throw new IOException("page " + number + " is said to be at " + index.getOffset(number));
        }
        offset = index.getOffset(number);
        pageEnd = index.getFirstRowIndex(number);
        nextRow = pageEnd;
    }

    /** The value of a row, at {@link #nextRow} or behind it; null if it has none. */
    byte[] read(long row) throws IOException {
        if (row < nextRow || row >= rows) {
            throw new IOException("row " + row + " is not between " + nextRow + " and " + rows);
        }
        while (row >= pageEnd) {
            nextPage(row);
        }
        for (; nextRow < row; nextRow++) {
            if (page.getCurrentDefinitionLevel() == descriptor.getMaxDefinitionLevel()) {
                page.skip();
            }
            page.consume();
        }
        byte[] value = page.getCurrentDefinitionLevel() == descriptor.getMaxDefinitionLevel()
                ? page.getBinary().getBytes()
                : null;
        page.consume();
        nextRow++;
        return value;
    }

    /** Goes to the next page and makes it readable if the row is in it. */
    private void nextPage(long row) throws IOException {
        if (offset >= end) {
            throw new IOException("the column ends at row " + pageEnd + " of " + rows);
        }
        in.seek(offset);
        PageHeader header = Util.readPageHeader(in);
        int size = header.getCompressed_page_size();
        long content = in.getPos();
        if (size < 0 || content + size > end || header.getUncompressed_page_size() < 0) {
            throw new IOException("a page at " + offset + " claims " + size + " bytes, the column ends at " + end);
        }
        offset = content + size;
        switch (header.type) {
            case DICTIONARY_PAGE -> dictionary = dictionary(header, read(size));
            case DATA_PAGE, DATA_PAGE_V2 -> {
                int values = header.type == org.apache.parquet.format.PageType.DATA_PAGE
                        ? header.getData_page_header().getNum_values()
                        : header.getData_page_header_v2().getNum_values();
                nextRow = pageEnd;
                pageEnd += values;
                page = row < pageEnd ? reader(header, read(size), values) : null;
            }
            default -> {
                // An index; not needed to read forward.
            }
        }
    }

    private byte[] read(int size) throws IOException {
        byte[] bytes = new byte[size];
        in.readFully(bytes);
        return bytes;
    }

    private DictionaryPage dictionary(PageHeader header, byte[] bytes) throws IOException {
        var details = header.getDictionary_page_header();
        return new DictionaryPage(
                unpacked(bytes, header.getUncompressed_page_size()),
                details.getNum_values(),
                CONVERTER.getEncoding(details.getEncoding()));
    }

    private BytesInput unpacked(byte[] bytes, int size) throws IOException {
        return BytesInput.from(
                decompressor.decompress(BytesInput.from(bytes), size).toByteArray());
    }

    private ColumnReaderImpl reader(PageHeader header, byte[] bytes, int values) throws IOException {
        DataPage data = header.isSetData_page_header()
                ? version1(header, header.getData_page_header(), bytes)
                : version2(header, header.getData_page_header_v2(), bytes);
        return new ColumnReaderImpl(
                descriptor, new OnePage(data, dictionary, values), new PrimitiveConverter() {}, writer);
    }

    private DataPage version1(PageHeader header, DataPageHeader details, byte[] bytes) throws IOException {
        return new DataPageV1(
                unpacked(bytes, header.getUncompressed_page_size()),
                details.getNum_values(),
                header.getUncompressed_page_size(),
                null,
                CONVERTER.getEncoding(details.getRepetition_level_encoding()),
                CONVERTER.getEncoding(details.getDefinition_level_encoding()),
                CONVERTER.getEncoding(details.getEncoding()));
    }

    /** Its levels are not packed, and its values need not be. */
    private DataPage version2(PageHeader header, DataPageHeaderV2 details, byte[] bytes) throws IOException {
        int repetitions = details.getRepetition_levels_byte_length();
        int definitions = details.getDefinition_levels_byte_length();
        int levels = repetitions + definitions;
        if (repetitions < 0 || definitions < 0 || levels > bytes.length) {
            throw new IOException("a page of " + bytes.length + " bytes claims " + levels + " bytes of levels");
        }
        BytesInput packed = BytesInput.from(bytes, levels, bytes.length - levels);
        BytesInput values = details.isIs_compressed() && bytes.length > levels
                ? unpacked(packed.toByteArray(), header.getUncompressed_page_size() - levels)
                : packed;
        return DataPageV2.uncompressed(
                details.getNum_rows(),
                details.getNum_nulls(),
                details.getNum_values(),
                BytesInput.from(bytes, 0, repetitions),
                BytesInput.from(bytes, repetitions, definitions),
                CONVERTER.getEncoding(details.getEncoding()),
                values,
                null);
    }

    /** A column of a single page. */
    private record OnePage(DataPage page, DictionaryPage dictionary, long values) implements PageReader {
        @Override
        public DictionaryPage readDictionaryPage() {
            return dictionary;
        }

        @Override
        public long getTotalValueCount() {
            return values;
        }

        @Override
        public DataPage readPage() {
            return page;
        }
    }
}
