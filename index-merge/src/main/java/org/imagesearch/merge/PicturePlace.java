package org.imagesearch.merge;

import java.io.Serializable;
import java.util.Comparator;

/** Where a picture's vector goes: its shard, and its place in the order of the shard's file. Key of the shuffle. */
record PicturePlace(int shard, int list, long id) implements Serializable {
    /** The order of vectors in a Faiss file: by inverted list. */
    static final class FileOrder implements Comparator<PicturePlace>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public int compare(PicturePlace left, PicturePlace right) {
            int byList = Integer.compare(left.list, right.list);
            return byList != 0 ? byList : Long.compare(left.id, right.id);
        }
    }
}
