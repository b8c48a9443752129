package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.VersionParser;
import org.apache.parquet.VersionParser.ParsedVersion;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/**
 * The binary column with the pictures of a Parquet file, read forward. Parquet's own reader takes all of a row group's column
 * into memory, and a row group of pictures may be larger than that; here it is a page at a time. Not thread-safe.
 */
final class ParquetColumn implements AutoCloseable {
    /** Names under which pictures are found: ours, and img2dataset's, which names the column after the format. */
    static final List<String> NAMES = List.of("bytes", "jpg", "jpeg", "png", "webp");

    /** Hugging Face's {@code datasets}: a struct of {@code bytes} and {@code path}. */
    static final String STRUCT = "image";

    private final ParquetFileReader footer;
    private final List<BlockMetaData> groups;
    private final ColumnDescriptor descriptor;
    private final ParsedVersion writer;
    private final CompressionCodecFactory codecs;
    private final SeekableInputStream in;
    private int group = -1;
    private long groupStart;
    private ColumnPages pages;

    private ParquetColumn(
            ParquetFileReader footer,
            ColumnDescriptor descriptor,
            ParsedVersion writer,
            CompressionCodecFactory codecs,
            SeekableInputStream in) {
        this.footer = footer;
        this.groups = footer.getRowGroups();
        this.descriptor = descriptor;
        this.writer = writer;
        this.codecs = codecs;
        this.in = in;
    }

    /** @throws FileNotFoundException if there is no such file, or no column of pictures in it */
    static ParquetColumn open(Path file, Configuration configuration) throws IOException {
        HadoopInputFile input = HadoopInputFile.fromPath(file, configuration);
        ParquetReadOptions options = HadoopReadOptions.builder(configuration).build();
        ParquetFileReader footer = ParquetFileReader.open(input, options);
        try {
            MessageType schema = footer.getFileMetaData().getSchema();
            ColumnDescriptor descriptor = find(schema)
                    .map(schema::getColumnDescription)
                    .orElseThrow(() -> new FileNotFoundException(file + ": the row has neither a uri nor a picture"));
            ParsedVersion writer = version(footer.getFileMetaData().getCreatedBy());
            return new ParquetColumn(footer, descriptor, writer, options.getCodecFactory(), input.newStream());
        } catch (IOException | RuntimeException e) {
            footer.close();
            throw e;
        }
    }

    /** The path of the column that holds pictures. */
    static Optional<String[]> find(MessageType schema) {
        for (String name : NAMES) {
            if (schema.containsField(name) && isBinary(schema.getType(name))) {
                return Optional.of(new String[] {name});
            }
        }
        if (schema.containsField(STRUCT) && !schema.getType(STRUCT).isPrimitive()) {
            var struct = schema.getType(STRUCT).asGroupType();
            if (!struct.isRepetition(Type.Repetition.REPEATED)
                    && struct.containsField("bytes")
                    && isBinary(struct.getType("bytes"))) {
                return Optional.of(new String[] {STRUCT, "bytes"});
            }
        }
        return Optional.empty();
    }

    private static boolean isBinary(Type type) {
        return type.isPrimitive()
                && !type.isRepetition(Type.Repetition.REPEATED)
                && type.asPrimitiveType().getPrimitiveTypeName() == PrimitiveType.PrimitiveTypeName.BINARY
                && !(type.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation);
    }

    private static ParsedVersion version(String createdBy) {
        try {
            return VersionParser.parse(createdBy);
        } catch (VersionParser.VersionParseException | RuntimeException e) {
            return null; // Another writer's words; it matters for a bug of old parquet-mr only.
        }
    }

    /** The row behind the last one read. */
    long nextRow() {
        return pages == null ? 0 : groupStart + pages.nextRow();
    }

    /**
     * The value of a row, or null.
     *
     * @throws FileNotFoundException if there are not so many rows
     */
    byte[] read(long row) throws IOException {
        if (pages == null
                || row < nextRow()
                || row >= groupStart + groups.get(group).getRowCount()) {
            enter(row);
        }
        return pages.read(row - groupStart);
    }

    private void enter(long row) throws IOException {
        long start = 0;
        for (int i = 0; i < groups.size(); i++) {
            long end = start + groups.get(i).getRowCount();
            if (row < end) {
                group = i;
                groupStart = start;
                ColumnChunkMetaData chunk = chunk(groups.get(i));
                pages = new ColumnPages(in, chunk, descriptor, codecs, writer);
                // A task in the middle of a large row group goes straight to its first page, if the file knows where it
                // is.
                OffsetIndex index = row > start ? footer.readOffsetIndex(chunk) : null;
                if (index != null) {
                    pages.jump(index, row - start);
                }
                return;
            }
            start = end;
        }
        throw new FileNotFoundException("there is no row " + row + " any more, only " + start + " rows");
    }

    private ColumnChunkMetaData chunk(BlockMetaData block) throws IOException {
        for (ColumnChunkMetaData chunk : block.getColumns()) {
            if (List.of(chunk.getPath().toArray()).equals(List.of(descriptor.getPath()))) {
                return chunk;
            }
        }
        throw new IOException("row group " + group + " has no column " + String.join(".", descriptor.getPath()));
    }

    @Override
    public void close() {
        try {
            in.close();
            footer.close();
        } catch (IOException e) {
            // It was only read.
        }
        codecs.release();
    }
}
