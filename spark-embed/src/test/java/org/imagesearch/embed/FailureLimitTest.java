package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailureLimitTest {
    @Test
    void aShareIsOfThoseTriedOnceThereAreEnough() {
        FailureLimit limit = FailureLimit.parse("5%");
        assertThat(limit.isExceeded(10, 200, 10_000)).isFalse();
        assertThat(limit.isExceeded(11, 200, 10_000)).isTrue();
        assertThat(limit.isExceeded(199, 199, 10_000)).isFalse();
        assertThat(limit.isExceeded(501, 10_000, 10_000)).isTrue();
    }

    @Test
    void aRunOfFewPicturesIsJudgedByAllOfThem() {
        FailureLimit limit = FailureLimit.parse("5%");
        assertThat(limit.isExceeded(9, 9, 10)).isFalse();
        assertThat(limit.isExceeded(1, 10, 10)).isTrue();
        assertThat(limit.isExceeded(0, 10, 10)).isFalse();
    }

    @Test
    void aCountIsOneWhateverWasTried() {
        FailureLimit limit = FailureLimit.parse(" 3 ");
        assertThat(limit.isExceeded(3, 3, 1_000)).isFalse();
        assertThat(limit.isExceeded(4, 4, 1_000)).isTrue();
        assertThat(FailureLimit.parse("0").isExceeded(1, 1, 1_000)).isTrue();
    }

    @Test
    void offNeverEndsAnything() {
        assertThat(FailureLimit.parse("off").isExceeded(1_000, 1_000, 1_000)).isFalse();
        assertThat(FailureLimit.parse("100%").isExceeded(1_000, 1_000, 1_000)).isFalse();
        assertThat(FailureLimit.parse("0.5 %").isExceeded(6, 1_000, 1_000)).isTrue();
        assertThat(FailureLimit.parse("0.5 %").isExceeded(5, 1_000, 1_000)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "many", "-1", "5 percent", "100.1%", "1000%", "%"})
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> FailureLimit.parse(text))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void theErrorNamesTheCommonestReasonsOfThisWaveAndTheOnesBefore() {
        RunTally tally = new RunTally();
        tally.add(1_000, failures("read", "missing", 2));
        List<FailedPicture> now = failures("decode", "truncated", 30);
        now.addAll(failures("read", "missing", 1));
        assertThat(tally.excess(FailureLimit.parse("33"), 2_000, 100, now)).isEmpty();
        assertThat(tally.excess(FailureLimit.parse("2.9%"), 2_000, 100, now).orElseThrow())
                .hasMessage(
                        "33 of 1,100 pictures failed, more than max-failures allows; what was committed before stays:"
                                + " decode/truncated 30 (file:///decode-0.jpg: why 0);"
                                + " read/missing 3 (file:///read-0.jpg: why 0)");
        assertThat(tally.errors()).containsOnlyKeys("read/missing").containsValue(2L);
    }

    private static List<FailedPicture> failures(String stage, String error, int count) {
        List<FailedPicture> failures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            failures.add(new FailedPicture(i, "file:///" + stage + "-" + i + ".jpg", stage, error, "why " + i, 1));
        }
        return failures;
    }
}
