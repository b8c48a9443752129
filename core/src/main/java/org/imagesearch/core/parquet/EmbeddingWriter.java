package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.avro.Schema;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.MessageType;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;

/**
 * Writes one Parquet file of embeddings, readable as if Spark had written it. One thread at a time; the file is complete
 * once {@link #close} has returned. An existing file is replaced.
 */
public final class EmbeddingWriter<T> implements Closeable {
    /** Bounds what a reader holds: one row group of 512-float embeddings is some 30,000 rows. */
    private static final long ROW_GROUP_BYTES = 64L << 20;

    private final ParquetWriter<T> writer;

    private EmbeddingWriter(
            Path file, Configuration configuration, Schema schema, Fingerprint model, BiConsumer<Fields, T> fields) {
        try {
            writer = new Builder<T>(
                            HadoopOutputFile.fromPath(file, configuration),
                            new RowWriteSupport<T>(schema, model, fields))
                    .withConf(configuration)
                    .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
                    .withCompressionCodec(CompressionCodecName.SNAPPY)
                    .withRowGroupSize(ROW_GROUP_BYTES)
                    .withDictionaryEncoding(EmbeddingSchema.EMBEDDING_LEAF, false)
                    .build();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    /** Writes pictures; their {@code extra} columns must be empty, since the schema has no place for them. */
    public static EmbeddingWriter<EmbeddingRow> images(Path file, Fingerprint model, Configuration configuration) {
        return new EmbeddingWriter<>(file, configuration, EmbeddingSchema.images(), model, EmbeddingWriter::writeImage);
    }

    /** Writes captions. */
    public static EmbeddingWriter<QueryRow> queries(Path file, Fingerprint model, Configuration configuration) {
        return new EmbeddingWriter<>(
                file, configuration, EmbeddingSchema.queries(), model, EmbeddingWriter::writeQuery);
    }

    /** Adds a row; rows stay in this order. */
    public void write(T row) {
        try {
            writer.write(row);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void writeImage(Fields fields, EmbeddingRow row) {
        if (!row.extra().isEmpty()) {
            throw ImageSearchException.input(
                    "id %d has columns of its own, which this writer does not take: %s",
                    row.id(), row.extra().keySet());
        }
        fields.add(DatasetLayout.ID, row.id());
        fields.add(DatasetLayout.URI, row.uri());
        fields.add(DatasetLayout.WIDTH, row.width());
        fields.add(DatasetLayout.HEIGHT, row.height());
        row.caption().ifPresent(caption -> fields.add(DatasetLayout.CAPTION, caption));
        fields.add(DatasetLayout.EMBEDDING, row.embedding());
    }

    private static void writeQuery(Fields fields, QueryRow row) {
        fields.add(DatasetLayout.TEXT, row.text());
        fields.add(DatasetLayout.ID, row.id());
        fields.add(DatasetLayout.EMBEDDING, row.embedding());
    }

    private static final class Builder<T> extends ParquetWriter.Builder<T, Builder<T>> {
        private final WriteSupport<T> support;

        Builder(OutputFile file, WriteSupport<T> support) {
            super(file);
            this.support = support;
        }

        @Override
        protected Builder<T> self() {
            return this;
        }

        @Override
        protected WriteSupport<T> getWriteSupport(Configuration configuration) {
            return support;
        }
    }

    private static final class RowWriteSupport<T> extends WriteSupport<T> {
        private final Schema avro;
        private final MessageType schema;
        private final Fingerprint model;
        private final BiConsumer<Fields, T> fields;
        private Fields consumer;

        RowWriteSupport(Schema avro, Fingerprint model, BiConsumer<Fields, T> fields) {
            this.avro = avro;
            this.schema = EmbeddingSchema.parquet(avro);
            this.model = model;
            this.fields = fields;
        }

        @Override
        public WriteContext init(Configuration configuration) {
            return new WriteContext(
                    schema, Map.of("parquet.avro.schema", avro.toString(), EmbeddingSchema.MODEL_KEY, model.value()));
        }

        @Override
        public void prepareForWrite(RecordConsumer recordConsumer) {
            consumer = new Fields(recordConsumer, schema);
        }

        @Override
        public void write(T row) {
            consumer.recordConsumer.startMessage();
            fields.accept(consumer, row);
            consumer.recordConsumer.endMessage();
        }
    }

    /** Writes the fields of one record; floats go to the column as they are, without boxing. */
    private record Fields(RecordConsumer recordConsumer, MessageType schema) {
        void add(String name, long value) {
            start(name);
            recordConsumer.addLong(value);
            end(name);
        }

        void add(String name, int value) {
            start(name);
            recordConsumer.addInteger(value);
            end(name);
        }

        void add(String name, String value) {
            start(name);
            recordConsumer.addBinary(Binary.fromString(value));
            end(name);
        }

        void add(String name, float[] values) {
            start(name);
            recordConsumer.startGroup();
            if (values.length > 0) {
                recordConsumer.startField("list", 0);
                for (float value : values) {
                    recordConsumer.startGroup();
                    recordConsumer.startField("element", 0);
                    recordConsumer.addFloat(value);
                    recordConsumer.endField("element", 0);
                    recordConsumer.endGroup();
                }
                recordConsumer.endField("list", 0);
            }
            recordConsumer.endGroup();
            end(name);
        }

        private void start(String name) {
            recordConsumer.startField(name, schema.getFieldIndex(name));
        }

        private void end(String name) {
            recordConsumer.endField(name, schema.getFieldIndex(name));
        }
    }
}
