package org.imagesearch.embed;

import java.io.Serializable;

/**
 * A picture of the listing. A bean, because Spark's encoders take no records.
 *
 * <p>{@code id} is the picture's for good, {@code uri} where its bytes are, {@code captionUri} where its caption is or null,
 * {@code wave} the wave that embeds it, {@code attempts} how often that was tried before.
 */
public final class ListedPicture implements Serializable {
    private static final long serialVersionUID = 1L;

    private long id;
    private String uri;
    private String captionUri;
    private int wave;
    private int attempts;

    public ListedPicture() {}

    ListedPicture(long id, String uri, String captionUri, int wave) {
        this.id = id;
        this.uri = uri;
        this.captionUri = captionUri;
        this.wave = wave;
    }

    public long getId() {
        return id;
    }

    public void setId(long id) {
        this.id = id;
    }

    public String getUri() {
        return uri;
    }

    public void setUri(String uri) {
        this.uri = uri;
    }

    public String getCaptionUri() {
        return captionUri;
    }

    public void setCaptionUri(String captionUri) {
        this.captionUri = captionUri;
    }

    public int getWave() {
        return wave;
    }

    public void setWave(int wave) {
        this.wave = wave;
    }

    public int getAttempts() {
        return attempts;
    }

    public void setAttempts(int attempts) {
        this.attempts = attempts;
    }
}
