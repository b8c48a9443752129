package org.imagesearch.embed;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/**
 * The body of a response with status 200, given up as soon as it announces or has more bytes than the limit; of one with another
 * status nothing is kept.
 */
final class BoundedBody implements HttpResponse.BodySubscriber<byte[]> {
    private final HttpResponse.ResponseInfo response;
    private final long limitBytes;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private Flow.Subscription subscription;

    BoundedBody(HttpResponse.ResponseInfo response, long limitBytes) {
        this.response = response;
        this.limitBytes = limitBytes;
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return whole;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription = given;
        if (response.statusCode() != 200) {
            given.cancel();
            whole.complete(new byte[0]);
            return;
        }
        // A header that is no number is not believed; the count below is what protects.
        long announced = announced();
        if (announced > limitBytes) {
            giveUp(announced);
            return;
        }
        given.request(Long.MAX_VALUE);
    }

    private long announced() {
        try {
            return response.headers().firstValueAsLong("content-length").orElse(-1);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private void giveUp(long size) {
        subscription.cancel();
        whole.completeExceptionally(new PictureFiles.TooLargeException(size, limitBytes));
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        if (whole.isDone()) {
            return;
        }
        for (ByteBuffer buffer : buffers) {
            if ((long) bytes.size() + buffer.remaining() > limitBytes) {
                giveUp((long) bytes.size() + buffer.remaining());
                return;
            }
            byte[] some = new byte[buffer.remaining()];
            buffer.get(some);
            bytes.writeBytes(some);
        }
    }

    @Override
    public void onError(Throwable reason) {
        whole.completeExceptionally(reason);
    }

    @Override
    public void onComplete() {
        whole.complete(bytes.toByteArray());
    }
}
