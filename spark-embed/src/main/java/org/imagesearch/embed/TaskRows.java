package org.imagesearch.embed;

import java.io.Serializable;
import java.util.Iterator;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;

/** The pictures of one task that have embeddings, as rows of {@link RowSchemas#images}. Closed with the task. */
interface TaskRows extends Iterator<Row>, AutoCloseable {
    @Override
    void close();

    /** Where a task's rows come from; travels to executors. */
    interface Source extends Serializable {
        /**
         * Begins with a task.
         *
         * @param pictures those of the task
         * @param configuration how Hadoop reaches files
         * @param done counts pictures that have an outcome
         * @param failures told of pictures that are no rows
         */
        TaskRows open(
                Iterator<ListedPicture> pictures,
                Configuration configuration,
                PictureCount done,
                Consumer<FailedPicture> failures);
    }
}
