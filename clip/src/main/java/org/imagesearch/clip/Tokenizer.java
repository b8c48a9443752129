package org.imagesearch.clip;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.imagesearch.clip.TextSpec.Padding;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.RootCause;

/**
 * Texts to token ids, by a {@code tokenizer.json}.
 *
 * <p>{@link #encode} is thread-safe. The native tokenizer would be read after it is freed if it were closed under a running
 * call, so each call holds a read permit and {@link #close} waits for all of them.
 */
final class Tokenizer implements AutoCloseable {
    /** More than any model reads; keeps a pasted book from being tokenized whole. */
    private static final int MAX_CHARACTERS = 8192;

    static {
        // Without these, the library looks for a CUDA build on the network where there is a GPU.
        setIfAbsent("ai.djl.offline", "true");
        setIfAbsent("RUST_FLAVOR", "cpu");
    }

    private final Path file;
    private final HuggingFaceTokenizer tokenizer;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    private Tokenizer(Path file, HuggingFaceTokenizer tokenizer) {
        this.file = file;
        this.tokenizer = tokenizer;
    }

    /**
     * @param maxLength most tokens of a text, markers included
     * @param padding how far texts are padded
     * @throws ImageSearchException (data) naming the file, if it is no tokenizer; (resource) with the reason, if the native
     *     library cannot be loaded
     */
    static Tokenizer open(Path file, int maxLength, Padding padding) {
        try {
            return new Tokenizer(
                    file,
                    HuggingFaceTokenizer.newInstance(
                            file,
                            Map.of(
                                    "addSpecialTokens",
                                    "true",
                                    "truncation",
                                    "true",
                                    "padding",
                                    padding == Padding.LONGEST ? "longest" : "max_length",
                                    "maxLength",
                                    Integer.toString(maxLength),
                                    "modelMaxLength",
                                    Integer.toString(maxLength))));
        } catch (IOException | RuntimeException e) {
            throw new ImageSearchException(
                    ErrorCode.DATA, "cannot open the tokenizer " + file + ": " + e.getMessage(), e);
        } catch (LinkageError e) {
            throw new ImageSearchException(
                    ErrorCode.RESOURCE, "the library of tokenizers cannot be loaded: " + RootCause.of(e), e);
        }
    }

    /**
     * Token ids and masks of texts, all padded to one length.
     *
     * @throws IllegalStateException after {@link #close}
     */
    Encoding[] encode(List<String> texts) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException(file + " is closed");
            }
            return tokenizer.batchEncode(
                    texts.stream().map(Tokenizer::shortened).toList());
        } finally {
            lock.readLock().unlock();
        }
    }

    private static String shortened(String text) {
        if (text.length() <= MAX_CHARACTERS) {
            return text;
        }
        boolean splitsPair = Character.isHighSurrogate(text.charAt(MAX_CHARACTERS - 1));
        return text.substring(0, splitsPair ? MAX_CHARACTERS - 1 : MAX_CHARACTERS);
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            closed = true;
            tokenizer.close();
        } finally {
            lock.writeLock().unlock();
        }
    }
}
