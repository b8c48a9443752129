package org.imagesearch.embed;

import java.io.Serializable;

/**
 * A picture of the listing. A bean, because Spark's encoders take no records.
 *
 * <p>{@code id} is the picture's for good, {@code uri} names it, {@code wave} is the wave that embeds it, {@code attempts} how
 * often that was tried before. {@code caption} is its caption, or {@code captionUri} says where that is; both may be null.
 *
 * <p>Without a {@code container}, the bytes are what {@code uri} leads to. With one and a {@code length}, they are so many bytes
 * of that file from {@code position} on: a member of a tar. With one and no length, they are in row {@code position} of that
 * Parquet file, rows counted from 0.
 *
 * <p>A container in NPY holds no bytes but, in row {@code position}, an embedding that was made elsewhere. {@code width} and
 * {@code height} are the picture's as its metadata have them, in pixels; both may be null. The bytes are what {@code uri} leads to.
 */
public final class ListedPicture implements Serializable {
    private static final long serialVersionUID = 1L;

    private long id;
    private String uri;
    private String captionUri;
    private String caption;
    private String container;
    private Long position;
    private Long length;
    private Integer width;
    private Integer height;
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

    public String getCaption() {
        return caption;
    }

    public void setCaption(String caption) {
        this.caption = caption;
    }

    public String getContainer() {
        return container;
    }

    public void setContainer(String container) {
        this.container = container;
    }

    public Long getPosition() {
        return position;
    }

    public void setPosition(Long position) {
        this.position = position;
    }

    public Long getLength() {
        return length;
    }

    public void setLength(Long length) {
        this.length = length;
    }

    public Integer getWidth() {
        return width;
    }

    public void setWidth(Integer width) {
        this.width = width;
    }

    public Integer getHeight() {
        return height;
    }

    public void setHeight(Integer height) {
        this.height = height;
    }

    /** Whether the embedding was made elsewhere. */
    boolean hasEmbedding() {
        return container != null && container.endsWith(".npy");
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
