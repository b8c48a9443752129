package org.imagesearch.core.dataset;

import java.util.Locale;

/** Names of the folders, files and columns of a dataset, in ASCII digits whatever the locale. */
public final class DatasetLayout {
    public static final String MANIFEST = "dataset.json";
    public static final String IMAGES = "images";
    public static final String FAILURES = "failures";
    public static final String QUERIES = "queries";
    public static final String LISTING = "listing";

    public static final String ID = "id";
    public static final String URI = "uri";
    public static final String WIDTH = "width";
    public static final String HEIGHT = "height";
    public static final String CAPTION = "caption";
    public static final String EMBEDDING = "embedding";
    public static final String TEXT = "text";
    public static final String STAGE = "stage";
    public static final String ERROR = "error";
    public static final String MESSAGE = "message";
    public static final String ATTEMPTS = "attempts";

    private DatasetLayout() {}

    /** The folder of a wave below {@link #IMAGES}: {@code wave=000017}. */
    public static String waveFolder(int wave) {
        return String.format(Locale.ROOT, "wave=%06d", wave);
    }
}
