package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import org.imagesearch.embed.EmbedSettings.TaskSettings;

/**
 * Reads what belongs to a listed picture: its bytes and its caption, wherever the listing says that they are. Thread-safe. In a
 * task it closes itself with the task.
 */
final class PictureContents implements AutoCloseable {
    private final TaskSettings settings;
    private final Configuration configuration;
    private final HttpPictures http;
    private final ParquetPictures rows;

    PictureContents(TaskSettings settings, Configuration configuration) {
        this.settings = settings;
        this.configuration = configuration;
        this.http = new HttpPictures(settings.http());
        this.rows = new ParquetPictures(configuration);
        TaskContext task = TaskContext.get();
        if (task != null) {
            task.addTaskCompletionListener((TaskCompletionListener) ended -> close());
        }
    }

    /**
     * The bytes of a picture.
     *
     * @throws FileNotFoundException if there are none
     * @throws ReadFailure with the reason's name, above all if there are more bytes than the settings allow
     */
    byte[] bytes(ListedPicture listed) throws IOException {
        long limit = settings.pictureBytes();
        if (listed.getContainer() == null) {
            return HttpPictures.isHttp(listed.getUri())
                    ? http.read(listed.getUri(), limit)
                    : PictureFiles.read(listed.getUri(), limit, configuration);
        }
        if (listed.getLength() == null) {
            return rows.read(listed.getContainer(), listed.getPosition(), limit);
        }
        return PictureFiles.readPart(
                listed.getContainer(), listed.getPosition(), listed.getLength(), limit, configuration);
    }

    /** The caption, or null. One that cannot be read is no reason to lose the picture. */
    String caption(ListedPicture listed) {
        if (listed.getCaptionUri() == null) {
            return listed.getCaption();
        }
        try {
            byte[] bytes = PictureFiles.read(listed.getCaptionUri(), Captions.FILE_BYTES, configuration);
            return Captions.clean(bytes, settings.captionLength());
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    @Override
    public void close() {
        rows.close();
    }
}
