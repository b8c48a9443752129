package org.imagesearch.core.parquet;

import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;

/** The columns that a kind of row is made of: which ones to read, and how a row comes out of them. */
abstract class Columns<T> extends RecordMaterializer<T> {
    private final String file;
    private final MessageType fileSchema;
    private final List<Type> fields = new ArrayList<>();
    private final List<Converter> converters = new ArrayList<>();
    private final List<Runnable> resets = new ArrayList<>();
    private final ValueColumn id;

    Columns(String file, MessageType fileSchema) {
        this.file = file;
        this.fileSchema = fileSchema;
        this.id = required(DatasetLayout.ID);
    }

    /** Makes the row from what the converters hold now. */
    abstract T row(long id);

    final MessageType schema() {
        return new MessageType(fileSchema.getName(), fields);
    }

    final String file() {
        return file;
    }

    final ValueColumn required(String name) {
        return column(requireField(name));
    }

    final ValueColumn optional(String name) {
        // A column that is not there reads as null everywhere.
        return fileSchema.containsField(name) ? column(fileSchema.getType(name)) : new ValueColumn();
    }

    final ValueColumn column(Type field) {
        ValueColumn column = ValueColumn.of(field, file);
        register(field, column, column::reset);
        return column;
    }

    final FloatList embedding(int dimension) {
        Type field = requireField(DatasetLayout.EMBEDDING);
        FloatList list = new FloatList(field, dimension, file);
        register(field, list, list::reset);
        return list;
    }

    private void register(Type field, Converter converter, Runnable reset) {
        fields.add(field);
        converters.add(converter);
        resets.add(reset);
    }

    private Type requireField(String name) {
        if (!fileSchema.containsField(name)) {
            throw ImageSearchException.data("%s has no column '%s'; it has %s", file, name, names(fileSchema));
        }
        return fileSchema.getType(name);
    }

    private static List<String> names(MessageType schema) {
        return schema.getFields().stream().map(Type::getName).toList();
    }

    @Override
    public final T getCurrentRecord() {
        if (id.value() == null) {
            throw ImageSearchException.data("%s has a row without an id", file);
        }
        long value = ((Number) id.value()).longValue();
        if (!Ids.isValid(value)) {
            throw ImageSearchException.data("%s has id %d: ids are 0 to %d", file, value, Ids.LIMIT - 1);
        }
        return row(value);
    }

    @Override
    public final GroupConverter getRootConverter() {
        return new GroupConverter() {
            @Override
            public Converter getConverter(int field) {
                return converters.get(field);
            }

            @Override
            public void start() {
                resets.forEach(Runnable::run);
            }

            @Override
            public void end() {}
        };
    }
}
