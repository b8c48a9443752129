package org.imagesearch.embed;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The pictures of an input, not listed yet: rows of {@link #SCHEMA}, and {@link OwnColumns#STRUCT} behind it if there are own
 * columns. A uri may be there more than once.
 *
 * @param own the input's own columns
 * @param ignored files and members that are no pictures by their names, captions left out
 * @param unnameable files and folders whose names are no text under this locale
 * @param remarks what the user should know of this input, a line each
 */
record FoundPictures(Dataset<Row> rows, StructType own, long ignored, long unnameable, List<String> remarks) {
    static final String CAPTION_URI = "captionUri";
    static final String CONTAINER = "container";
    static final String POSITION = "position";
    static final String LENGTH = "length";

    /** The id that the input says, or null. */
    static final String GIVEN_ID = "givenId";

    /** Pictures are listed in the order of this uri, */
    static final String FILE = "file";

    /** and in the order of this number where it is the same. */
    static final String PLACE = "place";

    static final StructType SCHEMA = new StructType()
            .add("uri", DataTypes.StringType, false)
            .add(CAPTION_URI, DataTypes.StringType, true)
            .add("caption", DataTypes.StringType, true)
            .add(CONTAINER, DataTypes.StringType, true)
            .add(POSITION, DataTypes.LongType, true)
            .add(LENGTH, DataTypes.LongType, true)
            .add(GIVEN_ID, DataTypes.LongType, true)
            .add(FILE, DataTypes.StringType, false)
            .add(PLACE, DataTypes.LongType, false);

    static Column[] columns() {
        return List.of(SCHEMA.fieldNames()).stream().map(functions::col).toArray(Column[]::new);
    }

    /** The same rows with own columns in this form. */
    Dataset<Row> rowsWith(StructType wanted) {
        Column[] all = columns();
        if (wanted.isEmpty()) {
            return rows.select(all);
        }
        Column[] more = java.util.Arrays.copyOf(all, all.length + 1);
        more[all.length] = OwnColumns.aligned(own, wanted);
        return rows.select(more);
    }
}
