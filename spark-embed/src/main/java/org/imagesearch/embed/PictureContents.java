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

    /** One picture, for the pipeline to read. */
    PictureSource of(ListedPicture listed) {
        return new PictureSource() {
            @Override
            public String name() {
                return listed.getUri();
            }

            @Override
            public byte[] bytes(Memory memory) throws IOException {
                return PictureContents.this.bytes(listed, memory);
            }

            @Override
            public String caption() {
                return PictureContents.this.caption(listed);
            }
        };
    }

    /**
     * The bytes of a picture.
     *
     * @param memory asked for room for them: before they are there, where their number is known before
     * @throws FileNotFoundException if there are none
     * @throws ReadFailure with the reason's name, above all if there are more bytes than the settings allow
     */
    byte[] bytes(ListedPicture listed, PictureSource.Memory memory) throws IOException {
        long limit = settings.pictureBytes();
        boolean isHttp = HttpPictures.isHttp(listed.getUri());
        boolean isAtUri = listed.getContainer() == null || listed.hasEmbedding();
        if (isAtUri && !isHttp) {
            return PictureFiles.read(listed.getUri(), limit, memory, configuration);
        }
        if (!isAtUri && listed.getLength() != null) {
            return PictureFiles.readPart(
                    listed.getContainer(), listed.getPosition(), listed.getLength(), limit, memory, configuration);
        }
        byte[] bytes = isAtUri
                ? http.read(listed.getUri(), limit)
                : rows.read(listed.getContainer(), listed.getPosition(), limit);
        memory.require(bytes.length);
        return bytes;
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
