package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.impl.ColumnReaderImpl;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.imagesearch.core.Ids;
import org.imagesearch.core.dataset.DatasetLayout;

/**
 * Ids and embeddings of a range of rows, copied out of the column's pages in bulk. That takes pages as writers make them:
 * floats that are not encoded, in lists of one length, without nulls. Whatever else a page has is told by {@code false}, and
 * somebody else has to read it, and to say what is wrong with it if something is.
 *
 * <p>Holds one page of embeddings, packed and unpacked, and one of ids. One thread at a time.
 */
final class PlainVectors implements Closeable {
    private final DatasetFile file;
    private final int rowGroup;
    private final ColumnDescriptor embedding;
    private final int dimension;
    private final int highestDefinition;
    private final int definitionBits;
    private final ColumnChunk embeddings;
    private final StreamedPages idPages;
    private final ColumnReaderImpl ids;
    private final int idDefinition;
    private final boolean wideIds;

    private byte[] packed = new byte[0];
    private byte[] page = new byte[0];
    private FloatBuffer floats = FloatBuffer.allocate(0);

    /** The next row. */
    private long nextRow;

    /** Of the next float of the page in its row. */
    private int place;

    /** Where the pages begin, once it is needed. */
    private Optional<OffsetIndex> pages;

    private PlainVectors(DatasetFile file, int rowGroup, int dimension, ColumnDescriptor id, ColumnDescriptor embedding)
            throws IOException {
        this.file = file;
        this.rowGroup = rowGroup;
        this.embedding = embedding;
        this.dimension = dimension;
        this.highestDefinition = embedding.getMaxDefinitionLevel();
        this.definitionBits = Integer.SIZE - Integer.numberOfLeadingZeros(highestDefinition);
        this.idDefinition = id.getMaxDefinitionLevel();
        this.wideIds = id.getPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.INT64;
        this.embeddings = file.open(rowGroup, embedding);
        StreamedPages pages = null;
        try {
            pages = new StreamedPages(file.open(rowGroup, id));
            this.idPages = pages;
            this.ids = new ColumnReaderImpl(id, pages, new PrimitiveConverter() {}, file.writer());
        } catch (IOException | RuntimeException e) {
            embeddings.close();
            if (pages != null) {
                pages.close();
            }
            throw e;
        }
    }

    /** Opens a range, if its columns are of the usual types and its first row can be reached. */
    static Optional<PlainVectors> open(DatasetFile file, RowRange range, int dimension) throws IOException {
        MessageType schema = file.schema();
        Optional<ColumnDescriptor> id = leaf(schema, DatasetLayout.ID);
        Optional<ColumnDescriptor> embedding = leaf(schema, DatasetLayout.EMBEDDING);
        if (id.isEmpty() || embedding.isEmpty() || !isId(id.get()) || !isFloats(embedding.get())) {
            return Optional.empty();
        }
        PlainVectors vectors = new PlainVectors(file, range.rowGroup(), dimension, id.get(), embedding.get());
        try {
            if (vectors.skipTo(range.from())) {
                return Optional.of(vectors);
            }
        } catch (IOException | RuntimeException e) {
            vectors.close();
            throw e;
        }
        vectors.close();
        return Optional.empty();
    }

    private static Optional<ColumnDescriptor> leaf(MessageType schema, String name) {
        List<ColumnDescriptor> leaves = schema.getColumns().stream()
                .filter(column -> column.getPath()[0].equals(name))
                .toList();
        return leaves.size() == 1 ? Optional.of(leaves.get(0)) : Optional.empty();
    }

    private static boolean isId(ColumnDescriptor column) {
        PrimitiveType type = column.getPrimitiveType();
        return column.getMaxRepetitionLevel() == 0
                && column.getPath().length == 1
                && type.getLogicalTypeAnnotation() == null
                && (type.getPrimitiveTypeName() == PrimitiveTypeName.INT64
                        || type.getPrimitiveTypeName() == PrimitiveTypeName.INT32);
    }

    private static boolean isFloats(ColumnDescriptor column) {
        return column.getMaxRepetitionLevel() == 1
                && column.getPath().length <= 3
                && column.getPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.FLOAT;
    }

    /** The row that comes next. */
    long nextRow() {
        return nextRow;
    }

    /**
     * Goes on at a row that is not behind the next one.
     *
     * @return false if it cannot be reached, see {@link #read}
     */
    boolean skipTo(long row) throws IOException {
        if (row == nextRow) {
            return true;
        }
        long reached = jumpTowards(row);
        for (long left = (row - reached) * dimension; left > 0; ) {
            if (!floats.hasRemaining() && !nextPage()) {
                return false;
            }
            int skipped = (int) Math.min(left, floats.remaining());
            floats.position(floats.position() + skipped);
            place = (int) ((place + (long) skipped) % dimension);
            left -= skipped;
        }
        for (; nextRow < row; nextRow++) {
            if (ids.getCurrentDefinitionLevel() == idDefinition) {
                ids.skip();
            }
            ids.consume();
        }
        return true;
    }

    /** Goes to the page of a row, if it is a later one and the file says where it is; returns the row of the next float. */
    private long jumpTowards(long row) throws IOException {
        if (pages == null) {
            pages = file.pages(rowGroup, embedding);
        }
        if (pages.isEmpty()) {
            return nextRow;
        }
        OffsetIndex index = pages.get();
        int number = 0;
        while (number + 1 < index.getPageCount() && index.getFirstRowIndex(number + 1) <= row) {
            number++;
        }
        if (index.getFirstRowIndex(number) <= nextRow) {
            return nextRow;
        }
        embeddings.seek(index.getOffset(number));
        floats.position(floats.limit());
        place = 0;
        return index.getFirstRowIndex(number);
    }

    /**
     * Reads the next rows.
     *
     * @param rows how many; there must be as many
     * @return false if they cannot be read here; the arrays then hold nothing of use, nor can any later row be read
     */
    boolean read(long[] intoIds, float[] intoVectors, int rows) throws IOException {
        nextRow += rows;
        return readIds(intoIds, rows) && readFloats(intoVectors, rows * dimension);
    }

    private boolean readIds(long[] into, int rows) {
        for (int row = 0; row < rows; row++) {
            if (ids.getCurrentDefinitionLevel() != idDefinition) {
                return false;
            }
            long id = wideIds ? ids.getLong() : ids.getInteger();
            if (!Ids.isValid(id)) {
                return false;
            }
            into[row] = id;
            ids.consume();
        }
        return true;
    }

    private boolean readFloats(float[] into, int count) throws IOException {
        for (int done = 0; done < count; ) {
            if (!floats.hasRemaining() && !nextPage()) {
                return false;
            }
            int copied = Math.min(count - done, floats.remaining());
            floats.get(into, done, copied);
            place = (int) ((place + (long) copied) % dimension);
            done += copied;
        }
        return true;
    }

    /** Goes to the next page with floats and checks its levels; false if it is not as usual. */
    private boolean nextPage() throws IOException {
        while (true) {
            PageHeader header = embeddings.nextHeader();
            if (header == null) {
                return false;
            }
            switch (header.getType()) {
                case DATA_PAGE -> {
                    return version1(header, header.getData_page_header());
                }
                case DATA_PAGE_V2 -> {
                    return version2(header, header.getData_page_header_v2());
                }
                default -> embeddings.skipBody(header.getCompressed_page_size());
            }
        }
    }

    private boolean version1(PageHeader header, DataPageHeader details) throws IOException {
        if (details.getEncoding() != Encoding.PLAIN
                || details.getRepetition_level_encoding() != Encoding.RLE
                || details.getDefinition_level_encoding() != Encoding.RLE) {
            return false;
        }
        int size = header.getUncompressed_page_size();
        int length = readBody(header);
        reserve(size);
        embeddings.unpack(packed, 0, length, page, 0, size);
        ByteBuffer bytes = ByteBuffer.wrap(page, 0, size).order(ByteOrder.LITTLE_ENDIAN);
        int repetitions = levels(bytes);
        int repetitionsAt = bytes.position();
        if (repetitions < 0) {
            return false;
        }
        bytes.position(repetitionsAt + repetitions);
        int definitions = levels(bytes);
        int definitionsAt = bytes.position();
        if (definitions < 0) {
            return false;
        }
        bytes.position(definitionsAt + definitions);
        int values = details.getNum_values();
        return areLevelsUsual(page, repetitionsAt, repetitions, definitionsAt, definitions, values)
                && take(bytes, values);
    }

    /** The length of levels that stands in front of them; -1 if they cannot be there. */
    private static int levels(ByteBuffer bytes) {
        if (bytes.remaining() < Integer.BYTES) {
            return -1;
        }
        int length = bytes.getInt();
        return length > bytes.remaining() ? -1 : length;
    }

    /** Its levels are not packed, and its values need not be. */
    private boolean version2(PageHeader header, DataPageHeaderV2 details) throws IOException {
        if (details.getEncoding() != Encoding.PLAIN) {
            return false;
        }
        int length = readBody(header);
        int levels = StreamedPages.levelBytes(header, details);
        int repetitions = details.getRepetition_levels_byte_length();
        int values = details.getNum_values();
        if (!areLevelsUsual(packed, 0, repetitions, repetitions, levels - repetitions, values)) {
            return false;
        }
        if (!details.isIs_compressed()) {
            byte[] unpacked = packed;
            packed = page;
            page = unpacked;
            return take(ByteBuffer.wrap(page, levels, length - levels).order(ByteOrder.LITTLE_ENDIAN), values);
        }
        int size = header.getUncompressed_page_size() - levels;
        reserve(size);
        embeddings.unpack(packed, levels, length - levels, page, 0, size);
        return take(ByteBuffer.wrap(page, 0, size).order(ByteOrder.LITTLE_ENDIAN), values);
    }

    private boolean areLevelsUsual(
            byte[] bytes, int repetitionsAt, int repetitions, int definitionsAt, int definitions, int values) {
        return Levels.areListsOf(dimension, place, bytes, repetitionsAt, repetitions, values)
                && Levels.areAll(highestDefinition, definitionBits, bytes, definitionsAt, definitions, values);
    }

    private boolean take(ByteBuffer bytes, int values) {
        if (values < 0 || bytes.remaining() / Float.BYTES < values) {
            return false;
        }
        floats = bytes.slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().limit(values);
        return true;
    }

    private int readBody(PageHeader header) throws IOException {
        int length = header.getCompressed_page_size();
        if (packed.length < length) {
            packed = new byte[length];
        }
        embeddings.readBody(packed, length);
        return length;
    }

    private void reserve(int size) {
        if (page.length < size) {
            page = new byte[size];
        }
    }

    @Override
    public void close() throws IOException {
        embeddings.close();
        idPages.close();
    }
}
