package org.imagesearch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdsTest {
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1L << 32, 999_999_999_999_999L})
    void idsOfUpToFifteenDigitsAreValidAndSurviveADouble(long id) {
        assertThat(Ids.isValid(id)).isTrue();
        assertThat(Ids.requireValid(id)).isEqualTo(id);
        assertThat((long) (double) id).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Ids.LIMIT, Long.MAX_VALUE})
    void othersAreInputErrorsThatNameTheId(long id) {
        assertThat(Ids.isValid(id)).isFalse();
        assertThatThrownBy(() -> Ids.requireValid(id))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessage("id " + id + " is out of range: ids are 0 to 999999999999999");
    }

    @Test
    void theLimitHasSixteenDigits() {
        assertThat(Long.toString(Ids.LIMIT)).hasSize(16);
    }
}
