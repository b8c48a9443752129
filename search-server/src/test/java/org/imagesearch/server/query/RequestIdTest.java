package org.imagesearch.server.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestIdTest {
    @Test
    void everyOneThatIsMadeIsAnotherOneAndSound() {
        Set<String> made = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            String id = RequestId.make();
            assertThat(id).matches("[0-9a-f]{32}");
            assertThat(RequestId.accept(id)).hasValue(id);
            made.add(id);
        }
        assertThat(made).hasSize(10_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "7",
                "018f3c52-1b7e-7cc0-8b1a-5d2a3a4e9b10",
                "Root=1-67891233-abcdef012345678912345678",
                "a/b+c==",
                "web@host:17.3_x"
            })
    void whatClientsUseIsTaken(String id) {
        assertThat(RequestId.accept(id)).hasValue(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "a b",
                "a\tb",
                "a\nb",
                "a\rb",
                "a\"b",
                "a{b",
                "${env:HOME}",
                "%m",
                "ä",
                "a\u0000",
                "a;b",
                "<b>"
            })
    void whatCouldBreakALineIsNot(String id) {
        assertThat(RequestId.accept(id)).isEmpty();
    }

    @Test
    void aBoundedNumberOfCharactersIsTaken() {
        assertThat(RequestId.accept("x".repeat(RequestId.LONGEST))).isPresent();
        assertThat(RequestId.accept("x".repeat(RequestId.LONGEST + 1))).isEmpty();
        assertThat(RequestId.accept(null)).isEmpty();
    }

    @Test
    void aThreadHasItWhileItWorksForTheRequest() {
        assertThat(RequestId.ofThisThread()).isEmpty();
        RequestId.with("outer", () -> {
            RequestId.with("inner", () -> assertThat(RequestId.ofThisThread()).isEqualTo("inner"));
            RequestId.with("", () -> assertThat(RequestId.ofThisThread()).isEqualTo("outer"));
            assertThat(RequestId.ofThisThread()).isEqualTo("outer");
        });
        assertThat(RequestId.ofThisThread()).isEmpty();
        assertThatThrownBy(() -> RequestId.with("failing", () -> {
                    throw new IllegalStateException("expected");
                }))
                .hasMessage("expected");
        assertThat(RequestId.ofThisThread()).isEmpty();
    }

    @Test
    void anotherThreadIsGivenItWithItsWork() throws InterruptedException {
        String[] seen = new String[2];
        RequestId.with("carried", () -> seen[0] = "");
        Runnable[] work = new Runnable[1];
        RequestId.with("carried", () -> work[0] = RequestId.carriedWith(() -> seen[0] = RequestId.ofThisThread()));
        Thread other = new Thread(() -> {
            work[0].run();
            seen[1] = RequestId.ofThisThread();
        });
        other.start();
        other.join();

        assertThat(seen).containsExactly("carried", "");
    }
}
