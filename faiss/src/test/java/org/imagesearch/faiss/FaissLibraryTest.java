package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FaissLibraryTest {
    @Test
    void theLibraryIsThereAndFits() {
        assertThat(FaissLibrary.failure()).isEmpty();
        assertThat(FaissLibrary.unfit(FaissLibrary.version())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.7.3", "1.7.4", "1.8.0", "1.14.2"})
    void versionsWithIdSelectorsFit(String version) {
        assertThat(FaissLibrary.unfit(version)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.7.2", "1.6.9", "0.9.9", "2.0.0", "", "1.7", "1.7.3-rc1", "99999999999.0.0"})
    void otherVersionsAreAFailureThatNamesThem(String version) {
        Optional<Throwable> failure = FaissLibrary.unfit(version);
        assertThat(failure).hasValueSatisfying(e -> {
            assertThat(e).isInstanceOfSatisfying(ImageSearchException.class, known -> assertThat(known.code())
                    .isEqualTo(ErrorCode.RESOURCE));
            assertThat(e).hasMessageContaining("Faiss " + version + ", expected 1.7.3 or later");
        });
    }
}
