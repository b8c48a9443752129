package org.imagesearch.embed;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.core.dataset.DatasetLayout;

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

    /** Columns that only imports have: the sizes of pictures that nobody decodes. */
    private static final List<String> OF_IMPORTS = List.of(DatasetLayout.WIDTH, DatasetLayout.HEIGHT);

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

    /**
     * The pictures of all, with the own columns of all.
     *
     * @param all at least one
     * @param known the own columns that the dataset has
     */
    static FoundPictures union(List<FoundPictures> all, StructType known) {
        StructType own = known;
        for (FoundPictures one : all) {
            own = OwnColumns.merge(own, one.own());
        }
        Dataset<Row> rows = null;
        long ignored = 0;
        long unnameable = 0;
        List<String> remarks = new ArrayList<>();
        for (FoundPictures one : all) {
            Dataset<Row> aligned = one.rowsWith(own);
            rows = rows == null ? aligned : rows.union(aligned);
            ignored += one.ignored();
            unnameable += one.unnameable();
            remarks.addAll(one.remarks());
        }
        return new FoundPictures(rows, own, ignored, unnameable, remarks);
    }

    static Column[] columns() {
        return List.of(SCHEMA.fieldNames()).stream().map(functions::col).toArray(Column[]::new);
    }

    /** The same rows with own columns in this form. */
    Dataset<Row> rowsWith(StructType wanted) {
        List<Column> all = new ArrayList<>(List.of(columns()));
        for (String name : rows.columns()) {
            if (OF_IMPORTS.contains(name)) {
                all.add(functions.col(name));
            }
        }
        if (!wanted.isEmpty()) {
            all.add(OwnColumns.aligned(own, wanted));
        }
        return rows.select(all.toArray(Column[]::new));
    }
}
