package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.converter.ParquetMetadataConverter;
import org.apache.parquet.io.ParquetDecodingException;

/** The pages of a column as Parquet's record assembly and column readers take them, whatever their encoding, one at a time. */
final class StreamedPages implements PageReader, Closeable {
    private static final ParquetMetadataConverter CONVERTER = new ParquetMetadataConverter();

    private final ColumnChunk chunk;
    /** A header that was read to see whether there is a dictionary. */
    private PageHeader ahead;

    StreamedPages(ColumnChunk chunk) {
        this.chunk = chunk;
    }

    @Override
    public DictionaryPage readDictionaryPage() {
        try {
            ahead = chunk.nextHeader();
            if (ahead == null || ahead.getType() != PageType.DICTIONARY_PAGE) {
                return null;
            }
            PageHeader header = ahead;
            ahead = null;
            var details = header.getDictionary_page_header();
            return new DictionaryPage(
                    BytesInput.from(unpacked(header)),
                    details.getNum_values(),
                    CONVERTER.getEncoding(details.getEncoding()));
        } catch (IOException e) {
            throw new ParquetDecodingException("cannot read a dictionary: " + e.getMessage(), e);
        }
    }

    @Override
    public long getTotalValueCount() {
        return chunk.values();
    }

    @Override
    public DataPage readPage() {
        try {
            while (true) {
                PageHeader header = ahead == null ? chunk.nextHeader() : ahead;
                ahead = null;
                if (header == null) {
                    return null;
                }
                switch (header.getType()) {
                    case DATA_PAGE -> {
                        return version1(header, header.getData_page_header());
                    }
                    case DATA_PAGE_V2 -> {
                        return version2(header, header.getData_page_header_v2());
                    }
                    default -> chunk.skipBody(header.getCompressed_page_size());
                }
            }
        } catch (IOException e) {
            throw new ParquetDecodingException("cannot read a page: " + e.getMessage(), e);
        }
    }

    private DataPage version1(PageHeader header, DataPageHeader details) throws IOException {
        return new DataPageV1(
                BytesInput.from(unpacked(header)),
                details.getNum_values(),
                header.getUncompressed_page_size(),
                null,
                CONVERTER.getEncoding(details.getRepetition_level_encoding()),
                CONVERTER.getEncoding(details.getDefinition_level_encoding()),
                CONVERTER.getEncoding(details.getEncoding()));
    }

    /** Its levels are not packed, and its values need not be. */
    private DataPage version2(PageHeader header, DataPageHeaderV2 details) throws IOException {
        byte[] body = body(header);
        int repetitions = details.getRepetition_levels_byte_length();
        int levels = levelBytes(header, details);
        byte[] values;
        if (details.isIs_compressed() && body.length > levels) {
            values = new byte[header.getUncompressed_page_size() - levels];
            chunk.unpack(body, levels, body.length - levels, values, 0, values.length);
        } else {
            values = Arrays.copyOfRange(body, levels, body.length);
        }
        return DataPageV2.uncompressed(
                details.getNum_rows(),
                details.getNum_nulls(),
                details.getNum_values(),
                BytesInput.from(body, 0, repetitions),
                BytesInput.from(body, repetitions, levels - repetitions),
                CONVERTER.getEncoding(details.getEncoding()),
                BytesInput.from(values),
                null);
    }

    /** Bytes of the levels in front of the values of a version 2 page. */
    static int levelBytes(PageHeader header, DataPageHeaderV2 details) throws IOException {
        int repetitions = details.getRepetition_levels_byte_length();
        int definitions = details.getDefinition_levels_byte_length();
        long levels = (long) repetitions + definitions;
        if (repetitions < 0
                || definitions < 0
                || levels > header.getCompressed_page_size()
                || levels > header.getUncompressed_page_size()) {
            throw new IOException(
                    "a page of " + header.getCompressed_page_size() + " bytes claims " + levels + " bytes of levels");
        }
        return (int) levels;
    }

    private byte[] unpacked(PageHeader header) throws IOException {
        byte[] body = body(header);
        byte[] unpacked = new byte[header.getUncompressed_page_size()];
        chunk.unpack(body, 0, body.length, unpacked, 0, unpacked.length);
        return unpacked;
    }

    private byte[] body(PageHeader header) throws IOException {
        byte[] body = new byte[header.getCompressed_page_size()];
        chunk.readBody(body, body.length);
        return body;
    }

    @Override
    public void close() throws IOException {
        chunk.close();
    }
}
