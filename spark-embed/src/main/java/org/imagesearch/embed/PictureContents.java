package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.embed.EmbedSettings.TaskSettings;

/** Reads what belongs to a listed picture: its bytes and its caption. Thread-safe. */
final class PictureContents {
    private static final int CAPTION_BYTES = 1 << 20;

    private final TaskSettings settings;
    private final Configuration configuration;

    PictureContents(TaskSettings settings, Configuration configuration) {
        this.settings = settings;
        this.configuration = configuration;
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
     * The bytes of a picture's file.
     *
     * @param memory asked before they are allocated
     * @throws FileNotFoundException if there is none
     * @throws PictureFiles.TooLargeException if there are more than the settings allow; they were not read
     */
    byte[] bytes(ListedPicture listed, PictureSource.Memory memory) throws IOException {
        return PictureFiles.read(listed.getUri(), settings.pictureBytes(), memory, configuration);
    }

    /** The caption, or null. One that cannot be read is no reason to lose the picture. */
    String caption(ListedPicture listed) {
        if (listed.getCaptionUri() == null) {
            return null;
        }
        try {
            byte[] bytes = PictureFiles.read(listed.getCaptionUri(), CAPTION_BYTES, configuration);
            String text = withoutByteOrderMark(new String(bytes, StandardCharsets.UTF_8))
                    .strip();
            if (text.codePointCount(0, text.length()) > settings.captionLength()) {
                text = text.substring(0, text.offsetByCodePoints(0, settings.captionLength()));
            }
            return text.isEmpty() ? null : text;
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    private static String withoutByteOrderMark(String text) {
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }
}
