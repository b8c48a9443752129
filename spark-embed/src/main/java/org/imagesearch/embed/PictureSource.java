package org.imagesearch.embed;

import java.io.IOException;

/** Where one picture is read from. Called once, on a reading thread, which is interrupted when it takes too long. */
interface PictureSource {
    /** Asked before the bytes of a file are allocated. */
    interface Memory {
        /** Waits until there is room for so many bytes. */
        void require(long bytes) throws IOException;
    }

    /** The picture's uri, for messages. */
    String name();

    /** The bytes of the picture's file. */
    byte[] bytes(Memory memory) throws IOException;

    /** What the picture is said to show, or null. */
    String caption();
}
