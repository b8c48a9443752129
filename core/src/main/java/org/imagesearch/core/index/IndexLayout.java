package org.imagesearch.core.index;

import java.util.Locale;

/** Names of the files of an index, in ASCII digits whatever the locale. */
public final class IndexLayout {
    public static final String CURRENT = "CURRENT";
    public static final String MANIFEST = "index.json";
    public static final String CENTROIDS = "centroids.faiss";

    /** Beside the generations: which servers have the shards, for brokers that are told to look there. */
    public static final String NODES = "nodes";

    public static final String SAMPLE = "background.sample";

    private IndexLayout() {}

    /** The directory of a generation: {@code gen-000001}. */
    public static String generation(int number) {
        return String.format(Locale.ROOT, "gen-%06d", number);
    }

    /** The number in the name of a generation. */
    public static int number(String generation) {
        return Integer.parseInt(generation.substring("gen-".length()));
    }

    /** The Faiss file of a shard: {@code shard-00000.faiss}. */
    public static String shardIndex(int shard) {
        return String.format(Locale.ROOT, "shard-%05d.faiss", shard);
    }

    /** The refinement store of a shard: {@code shard-00000.refine}. */
    public static String shardRefinement(int shard) {
        return String.format(Locale.ROOT, "shard-%05d.refine", shard);
    }

    /** The folder of a shard's row store: {@code shard-00000.rows}. */
    public static String shardRows(int shard) {
        return String.format(Locale.ROOT, "shard-%05d.rows", shard);
    }
}
