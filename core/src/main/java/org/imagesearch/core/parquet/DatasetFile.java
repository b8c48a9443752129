package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.VersionParser;
import org.apache.parquet.VersionParser.ParsedVersion;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.schema.MessageType;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;

/** An open Parquet file of a dataset: its footer, and its column chunks as streams. One thread at a time. */
final class DatasetFile implements Closeable {
    private final String name;
    private final InputFile input;
    private final ParquetReadOptions options;
    private final ParquetFileReader footer;

    private DatasetFile(String name, InputFile input, ParquetReadOptions options, ParquetFileReader footer) {
        this.name = name;
        this.input = input;
        this.options = options;
        this.footer = footer;
    }

    /**
     * Reads the footer.
     *
     * @param model the model that must have made the file; a footer that names another is refused
     */
    static DatasetFile open(String file, Optional<Fingerprint> model, Configuration configuration) throws IOException {
        InputFile input = HadoopInputFile.fromPath(new Path(file), configuration);
        ParquetReadOptions options = HadoopReadOptions.builder(configuration).build();
        ParquetFileReader footer = ParquetFileReader.open(input, options);
        try {
            Optional<Fingerprint> found =
                    EmbeddingSchema.model(footer.getFileMetaData().getKeyValueMetaData());
            if (model.isPresent() && found.isPresent()) {
                model.get().requireSame("the dataset", found.get(), file);
            }
            return new DatasetFile(file, input, options, footer);
        } catch (RuntimeException e) {
            footer.close();
            throw e;
        }
    }

    String name() {
        return name;
    }

    MessageType schema() {
        return footer.getFileMetaData().getSchema();
    }

    String createdBy() {
        return footer.getFileMetaData().getCreatedBy();
    }

    /** What wrote the file, null if it says so in words of its own; it matters for bugs of old writers only. */
    ParsedVersion writer() {
        try {
            return VersionParser.parse(createdBy());
        } catch (VersionParser.VersionParseException | RuntimeException e) {
            return null;
        }
    }

    /** The row groups whose middle lies inside a slice, whole. */
    List<RowRange> rowGroups(FileSlice slice) {
        List<RowRange> ranges = new ArrayList<>();
        List<BlockMetaData> groups = footer.getRowGroups();
        for (int number = 0; number < groups.size(); number++) {
            BlockMetaData group = groups.get(number);
            long middle = group.getStartingPos() + group.getCompressedSize() / 2;
            if (middle >= slice.start() && middle < slice.end()) {
                ranges.add(new RowRange(name, number, 0, group.getRowCount()));
            }
        }
        return ranges;
    }

    long rows(int rowGroup) {
        return group(rowGroup).getRowCount();
    }

    /** A column of a row group, to be read forward. */
    ColumnChunk open(int rowGroup, ColumnDescriptor column) throws IOException {
        return ColumnChunk.open(input, chunk(rowGroup, column), options.getCodecFactory());
    }

    /** Where the pages of a column of a row group begin; empty if the writer has not noted it. */
    Optional<OffsetIndex> pages(int rowGroup, ColumnDescriptor column) throws IOException {
        return Optional.ofNullable(footer.readOffsetIndex(chunk(rowGroup, column)));
    }

    private ColumnChunkMetaData chunk(int rowGroup, ColumnDescriptor column) {
        ColumnPath path = ColumnPath.get(column.getPath());
        for (ColumnChunkMetaData chunk : group(rowGroup).getColumns()) {
            if (chunk.getPath().equals(path)) {
                return chunk;
            }
        }
        throw ImageSearchException.data("%s: row group %d has no column %s", name, rowGroup, path.toDotString());
    }

    private BlockMetaData group(int rowGroup) {
        List<BlockMetaData> groups = footer.getRowGroups();
        if (rowGroup >= groups.size()) {
            throw ImageSearchException.data(
                    "%s has %d row groups and none of number %d", name, groups.size(), rowGroup);
        }
        return groups.get(rowGroup);
    }

    @Override
    public void close() throws IOException {
        options.getCodecFactory().release();
        footer.close();
    }
}
