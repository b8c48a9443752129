package org.imagesearch.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import org.imagesearch.benchmarks.RawRequest.Answer;
import org.imagesearch.benchmarks.RawRequest.End;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RawRequestTest {
    @ParameterizedTest
    @CsvSource({
        "HTTP/1.1 200 OK, 200",
        "HTTP/1.1 100 Continue|HTTP/1.1 404 Not Found, 404",
        "HTTP/1.0 400 Bad Request|HTTP/1.1 500 Internal Server Error, 500",
        "HTTP/1.1 100 Continue, 0",
        "SSH-2.0-OpenSSH, 599",
        "HTTP/1.1 999 Odd, 599"
    })
    void theStatusIsTheFirstOneUnlessOneBehindItIsAFailure(String answers, int status) {
        assertThat(RawRequest.status(answers.replace("|", "\r\n\r\n{}"))).isEqualTo(status);
    }

    @Test
    void bytesArriveAsTheyAreAndTheWholeAnswerIsRead() throws Exception {
        byte[] odd = {'G', 0, (byte) 0xFF, '\r', '\n'};
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<byte[]> received = CompletableFuture.supplyAsync(() -> readAndAnswer(server));
            Answer answer = new RawRequest(odd, End.HALF_CLOSED).send(address(server));
            assertThat(received.join()).isEqualTo(odd);
            assertThat(answer).isEqualTo(new Answer(418, "HTTP/1.1 418 Teapot\r\n\r\nshort and stout"));
        }
    }

    private static byte[] readAndAnswer(ServerSocket server) {
        try (Socket client = server.accept()) {
            byte[] all = client.getInputStream().readAllBytes();
            client.getOutputStream().write("HTTP/1.1 418 Teapot\r\n\r\nshort and stout".getBytes(US_ASCII));
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static URI address(ServerSocket server) {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }
}
