package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.ExportLayout;

/**
 * Writes one of clip-retrieval's metadata files: {@code image_path} (the uri), {@code caption}, then {@code id}, {@code width},
 * {@code height} and the input's own columns. One thread at a time; the file is complete once {@link #close} has returned.
 */
public final class MetadataWriter implements Closeable {
    private static final long ROW_GROUP_BYTES = 64L << 20;

    private final ParquetWriter<PictureRow> writer;

    /**
     * @param file not there yet
     * @param extra columns that rows may carry in {@code extra}, and the type of their values; one called {@code image_path}
     *     is written as {@code input_image_path}
     * @throws ImageSearchException (input) if two columns would have the same name
     */
    public MetadataWriter(Path file, SortedMap<String, PrimitiveTypeName> extra, Configuration configuration)
            throws IOException {
        writer = new Builder(HadoopOutputFile.fromPath(file, configuration), new RowWriteSupport(extra))
                .withConf(configuration)
                .withCompressionCodec(CompressionCodecName.SNAPPY)
                .withRowGroupSize(ROW_GROUP_BYTES)
                .build();
    }

    /** Adds a row; rows stay in this order. */
    public void write(PictureRow row) throws IOException {
        writer.write(row);
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Builder extends ParquetWriter.Builder<PictureRow, Builder> {
        private final WriteSupport<PictureRow> support;

        Builder(OutputFile file, WriteSupport<PictureRow> support) {
            super(file);
            this.support = support;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<PictureRow> getWriteSupport(Configuration configuration) {
            return support;
        }
    }

    private static final class RowWriteSupport extends WriteSupport<PictureRow> {
        private final Map<String, String> names = new HashMap<>();
        private final MessageType schema;
        private RecordConsumer consumer;

        RowWriteSupport(SortedMap<String, PrimitiveTypeName> extra) {
            var columns = Types.buildMessage()
                    .addField(text(Type.Repetition.REQUIRED, ExportLayout.IMAGE_PATH))
                    .addField(text(Type.Repetition.OPTIONAL, DatasetLayout.CAPTION))
                    .required(PrimitiveTypeName.INT64)
                    .named(DatasetLayout.ID)
                    .required(PrimitiveTypeName.INT32)
                    .named(DatasetLayout.WIDTH)
                    .required(PrimitiveTypeName.INT32)
                    .named(DatasetLayout.HEIGHT);
            for (Map.Entry<String, PrimitiveTypeName> column : extra.entrySet()) {
                String name = ExportLayout.nameOfOwn(column.getKey());
                names.put(column.getKey(), name);
                if (!name.equals(column.getKey()) && extra.containsKey(name)) {
                    throw ImageSearchException.input("two columns would be called '%s' in the export", name);
                }
                columns.addField(
                        column.getValue() == PrimitiveTypeName.BINARY
                                ? text(Type.Repetition.OPTIONAL, name)
                                : Types.optional(column.getValue()).named(name));
            }
            schema = columns.named("metadata");
        }

        private static Type text(Type.Repetition repetition, String name) {
            return Types.primitive(PrimitiveTypeName.BINARY, repetition)
                    .as(LogicalTypeAnnotation.stringType())
                    .named(name);
        }

        @Override
        public WriteContext init(Configuration configuration) {
            return new WriteContext(schema, Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer recordConsumer) {
            consumer = recordConsumer;
        }

        @Override
        public void write(PictureRow row) {
            consumer.startMessage();
            add(ExportLayout.IMAGE_PATH, row.uri());
            row.caption().ifPresent(caption -> add(DatasetLayout.CAPTION, caption));
            add(DatasetLayout.ID, row.id());
            add(DatasetLayout.WIDTH, row.width());
            add(DatasetLayout.HEIGHT, row.height());
            row.extra().forEach((name, value) -> add(names.get(name), value));
            consumer.endMessage();
        }

        private void add(String name, Object value) {
            int field = schema.getFieldIndex(name);
            consumer.startField(name, field);
            if (value instanceof String text) {
                consumer.addBinary(Binary.fromString(text));
            } else if (value instanceof Integer number) {
                consumer.addInteger(number);
            } else if (value instanceof Long number) {
                consumer.addLong(number);
            } else if (value instanceof Float number) {
                consumer.addFloat(number);
            } else if (value instanceof Double number) {
                consumer.addDouble(number);
            } else if (value instanceof Boolean flag) {
                consumer.addBoolean(flag);
            } else {
                throw new IllegalArgumentException(
                        String.format(Locale.ROOT, "column %s has a value of %s", name, value.getClass()));
            }
            consumer.endField(name, field);
        }
    }
}
