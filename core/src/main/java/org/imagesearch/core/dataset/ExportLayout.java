package org.imagesearch.core.dataset;

import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of the folders, files and columns of exported embeddings: those of clip-retrieval's inference, and our own beside
 * them. Parts are numbered from 0; what belongs together has the same number.
 */
public final class ExportLayout {
    public static final String MANIFEST = "export.json";
    public static final String EMBEDDINGS = "img_emb";
    public static final String METADATA = "metadata";
    public static final String ROWS = "rows";

    /** The column of the metadata that names the picture. */
    public static final String IMAGE_PATH = "image_path";

    private static final Pattern EMBEDDINGS_FILE = Pattern.compile("img_emb_(\\d{1,18})\\.npy");
    private static final Pattern METADATA_FILE = Pattern.compile("metadata_(\\d{1,18})\\.parquet");

    private ExportLayout() {}

    /** {@code img_emb_0000.npy}. */
    public static String embeddingsFile(long part) {
        return String.format(Locale.ROOT, "img_emb_%04d.npy", part);
    }

    /** {@code metadata_0000.parquet}. */
    public static String metadataFile(long part) {
        return String.format(Locale.ROOT, "metadata_%04d.parquet", part);
    }

    /** {@code rows_0000.jsonl}. */
    public static String rowsFile(long part) {
        return String.format(Locale.ROOT, "rows_%04d.jsonl", part);
    }

    /** The number in the name of a file of embeddings, however many digits it is written with; empty for other names. */
    public static OptionalLong partOfEmbeddings(String name) {
        return number(EMBEDDINGS_FILE, name);
    }

    /** The number in the name of a file of metadata; empty for other names. */
    public static OptionalLong partOfMetadata(String name) {
        return number(METADATA_FILE, name);
    }

    private static OptionalLong number(Pattern pattern, String name) {
        Matcher matcher = pattern.matcher(name);
        return matcher.matches() ? OptionalLong.of(Long.parseLong(matcher.group(1))) : OptionalLong.empty();
    }

    /** The name of one of the input's own columns in the metadata: another one if it is {@link #IMAGE_PATH}, which is ours there. */
    public static String nameOfOwn(String column) {
        return column.equalsIgnoreCase(IMAGE_PATH) ? "input_" + column : column;
    }
}
